"""Text at the door: what a question may be, and what a terminal may be shown."""

from __future__ import annotations

import re

from advisor.errors import InputError

QUESTION_CHARS = 4_000

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_UNSEEN = re.compile(r"[\u200b\u2060-\u2064\u202a-\u202e\u2066-\u2069\ufeff\U000e0000-\U000e007f]")
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


def check_question(text: str) -> str:
    """The question without surrounding space. Raises InputError where nobody could have typed it."""
    if _SURROGATE.search(text):
        raise InputError("The question is not valid Unicode text.", "Remove the broken characters and ask again.")
    text = text.replace("\r\n", "\n").strip()
    if _CONTROL.search(text):
        raise InputError("The question holds control characters.", "Type it again, or paste it as plain text.")
    if not _UNSEEN.sub("", text).strip():
        raise InputError("The question is empty.", "Ask something, for example: What should we do next?")
    if len(text) > QUESTION_CHARS:
        raise InputError(
            f"The question has {len(text):,} characters; {QUESTION_CHARS:,} is the most.",
            "Shorten it, and say what you want to know in a sentence or two.",
        )
    return text


def plain(text: str) -> str:
    """The text without anything a terminal would obey: escapes, controls, direction overrides, invisible tags."""
    text = _ANSI.sub("", text)
    return _UNSEEN.sub("", _CONTROL.sub("", _SURROGATE.sub("�", text)))
