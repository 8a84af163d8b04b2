"""What can go wrong between a program and the API, in the API's own words where it said something."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from advisor.errors import AdvisorError


class ApiError(AdvisorError):
    """The API answered with an error: its HTTP status, and when to come back where it said so."""

    def __init__(
        self, message: str, hint: str = "", *, status: int, request_id: str = "", retry_after: float | None = None
    ) -> None:
        super().__init__(message, hint)
        self.status = status
        self.request_id = request_id
        self.retry_after = retry_after
        """Seconds."""


class Unreachable(ApiError):
    """Nothing answered, the connection broke, or the time was up; `sent` is False where nothing left this machine."""

    def __init__(self, message: str, hint: str = "", *, sent: bool = True) -> None:
        super().__init__(message, hint, status=0)
        self.sent = sent


def error_of(status: int, headers: Mapping[str, str], body: bytes) -> ApiError:
    """The error that a response of 400 and above stands for."""
    try:
        said = json.loads(body)
    except ValueError:
        said = None
    return problem_error(status, said if isinstance(said, dict) else {}, headers)


def problem_error(status: int, problem: Mapping[str, Any], headers: Mapping[str, str]) -> ApiError:
    """The error in a problem document, which a proxy's own page is not."""
    title = str(problem.get("title") or f"The server answered with status {status}.")
    fields = "; ".join(
        f"{e.get('field')}: {e.get('problem')}" for e in problem.get("errors") or [] if isinstance(e, dict)
    )
    return ApiError(
        f"{title} {fields}".strip(),
        str(problem.get("hint") or ""),
        status=status,
        request_id=headers.get("x-request-id", ""),
        retry_after=_seconds(headers.get("retry-after", "")),
    )


def _seconds(text: str) -> float | None:
    """Retry-After: seconds, or the date that a proxy may write."""
    if text.isdigit():
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (at - dt.datetime.now(at.tzinfo)).total_seconds())
