"""Is a request really from Slack? Decided on its raw bytes, before anything reads them.

The SDK's own check raises on odd headers and takes a few that Slack never sends; this one only ever says no.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable

MOST_SECONDS = 300
"""How old a request may be, and how far ahead its clock."""
_TIMESTAMP = re.compile(rb"[0-9]{1,12}")
_SIGNATURE = re.compile(rb"v0=[0-9a-f]{64}")


def is_from_slack(secret: str, headers: Iterable[tuple[bytes, bytes]], body: bytes, now: float) -> bool:
    """Whether `headers` (names in lower case) carry one fresh timestamp and one signature that fits the body."""
    pairs = list(headers)
    timestamps = [v for k, v in pairs if k == b"x-slack-request-timestamp"]
    signatures = [v for k, v in pairs if k == b"x-slack-signature"]
    if not secret or len(timestamps) != 1 or len(signatures) != 1:
        return False
    timestamp, signature = timestamps[0], signatures[0]
    if not _TIMESTAMP.fullmatch(timestamp) or not _SIGNATURE.fullmatch(signature):
        return False
    if abs(now - int(timestamp)) > MOST_SECONDS:
        return False
    expected = hmac.new(secret.encode(), b"v0:" + timestamp + b":" + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(b"v0=" + expected.encode(), signature)
