"""Names that callers choose for their things, and the marks by which a list goes on."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any

from advisor.errors import InputError

_NAME = re.compile(r"[A-Za-z0-9_.:-]+")


def checked(name: str, what: str, longest: int = 200) -> str:
    """The name, as it is. Raises InputError for one that is empty, too long, or has other characters."""
    if not _NAME.fullmatch(name) or len(name) > longest:
        raise InputError(
            f"This {what} is not usable.", f"Use 1 to {longest} letters, digits and the characters _ . : and -."
        )
    return name


def cursor(*place: str | int) -> str:
    """Where a page of a list ended, as one opaque word."""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def place(word: str, *kinds: type[Any]) -> list[Any]:
    """What `cursor` was given, each of the kind named. Raises InputError for any other word."""
    try:
        found = json.loads(base64.b64decode(word + "=" * (-len(word) % 4), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error) as e:
        raise unknown_page() from e
    if not isinstance(found, list) or [type(part) for part in found] != list(kinds):
        raise unknown_page()
    return found


def unknown_page() -> InputError:
    """What to raise for a cursor that nobody gave out."""
    return InputError("This page of the list is not known.", "Begin at the first page: leave out `after`.")
