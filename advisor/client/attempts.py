"""When to try again, and when to stop: shared by both clients, and free of input and output."""

from __future__ import annotations

import os
import random
import time
from ipaddress import ip_address
from typing import Any

import httpx

import advisor
from advisor.client.calls import Call
from advisor.client.errors import ApiError, Unreachable
from advisor.errors import ConfigError

DEFAULT_URL = "http://127.0.0.1:7860"
CONNECT_SECONDS = 5.0
SILENCE_SECONDS = 30.0
"""The server says something every 10 seconds while it streams; this long without a word, and it is gone."""
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 4.0
COME_BACK = {429, 503}
"""Refused before anything was done."""
PERHAPS_DONE = {502, 504}
"""A proxy lost the server, which may have done what was asked."""


class Attempts:
    """The attempts of one call: so many, and so many seconds in all."""

    def __init__(self, seconds: float, retries: int, repeatable: bool) -> None:
        self._deadline = time.monotonic() + seconds
        self._seconds = seconds
        self._retries = retries
        self._repeatable = repeatable
        self._made = 0
        self.lost = False
        """An attempt left this machine and nothing came back: the server may know of it."""

    def left(self) -> float:
        """Seconds until the call has to end. Raises Unreachable at that point."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise Unreachable(
                f"There was no whole answer within {self._seconds:g} seconds.", "Try again, or allow more seconds."
            )
        return left

    def timeout(self, silence: float | None = None) -> httpx.Timeout:
        """For one attempt. Raises Unreachable when there is no time for another."""
        left = self.left()
        return httpx.Timeout(left if silence is None else min(left, silence), connect=min(left, CONNECT_SECONDS))

    def pause(self, error: ApiError) -> float:
        """Seconds to wait before the next attempt. Raises `error` where there is to be none."""
        self._made += 1
        perhaps_done = error.sent if isinstance(error, Unreachable) else error.status in PERHAPS_DONE
        self.lost = self.lost or perhaps_done
        passing = isinstance(error, Unreachable) or error.status in COME_BACK | PERHAPS_DONE
        again = passing and (self._repeatable or not perhaps_done)
        backoff = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (self._made - 1))
        pause = error.retry_after if error.retry_after is not None else backoff * random.uniform(0.5, 1)
        if not again or self._made > self._retries or time.monotonic() + pause >= self._deadline:
            raise error
        return pause


def unreachable(url: httpx.URL, error: httpx.HTTPError) -> Unreachable:
    """What broke, in words; the address without any name or password in it."""
    where = f"{url.scheme}://{url.netloc.decode()}"
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        return Unreachable(
            f"Nothing answers at {where}.",
            "Start the advisor (advisor serve), or set ADVISOR_URL to where it runs.",
            sent=False,
        )
    if isinstance(error, httpx.TimeoutException):
        return Unreachable(f"The advisor at {where} did not answer in time.", "Try again, or allow more seconds.")
    return Unreachable(f"The connection to {where} broke.", "Try again; a repeated question is answered once.")


def lost(url: httpx.URL) -> Unreachable:
    """A stream that ended before its answer."""
    return unreachable(url, httpx.RemoteProtocolError("ended early"))


def http_options(url: str | None, key: str | None) -> dict[str, Any]:
    """What both httpx clients are made with; from ADVISOR_URL and ADVISOR_KEY where not given. Raises ConfigError."""
    url = url or os.environ.get("ADVISOR_URL") or DEFAULT_URL
    key = key or os.environ.get("ADVISOR_KEY")
    try:
        base = httpx.URL(url)
    except httpx.InvalidURL as e:
        raise ConfigError("The advisor's address cannot be read.", f"Write it as {DEFAULT_URL}.") from e
    if base.scheme not in ("http", "https") or not base.host:
        raise ConfigError("The advisor's address is not a web address.", f"Write it as {DEFAULT_URL}.")
    headers = {"User-Agent": f"mlops-advisor/{advisor.__version__}"}
    if key:
        if not (key.isascii() and key.isprintable()):
            raise ConfigError("The advisor's key holds characters that no key has.", "Copy it again: adv_…")
        headers["Authorization"] = f"Bearer {key}"
    # A proxy is for what is elsewhere.
    return {"base_url": base, "headers": headers, "trust_env": not _loopback(base.host)}


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def request_options(call: Call[Any], timeout: httpx.Timeout) -> dict[str, Any]:
    """The arguments of httpx's build_request."""
    headers = dict(call.headers)
    if call.body is not None:
        headers["Content-Type"] = "application/json"
    return {
        "method": call.method,
        "url": call.path,
        "params": call.params or None,
        "content": call.content,
        "headers": headers,
        "timeout": timeout,
    }
