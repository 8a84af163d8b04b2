"""Events to a bot, as Slack sends them: signed over HTTP, or in envelopes over its socket."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol
from urllib.parse import urlencode, urlsplit

from tests.slack_kit.server import SlackServer

Kind = Literal["events_api", "interactive", "slash_commands"]
SLACK_WAITS = 3.0
RETRIES = ("", "http_timeout", "http_timeout", "http_timeout")
"""The reasons of the four deliveries: at once, at once again, after a minute, after five."""


@dataclass(frozen=True)
class Ack:
    """How a delivery was taken. Status 0: the bot closed the connection, or was silent for three seconds."""

    status: int
    seconds: float
    body: dict[str, Any] = field(default_factory=dict)


class Wire(Protocol):
    """A way to one process of the bot."""

    signed: bool

    def deliver(self, kind: Kind, payload: dict[str, Any], attempt: int = 0) -> Ack: ...


def sign(secret: str, body: bytes, at: float | None = None) -> dict[str, str]:
    """The two headers that Slack puts on a request."""
    timestamp = str(int(time.time() if at is None else at))
    digest = hmac.new(secret.encode(), b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": f"v0={digest}"}


def encode(kind: Kind, payload: dict[str, Any]) -> tuple[bytes, str]:
    """The body and its content type."""
    if kind == "events_api":
        return json.dumps(payload).encode(), "application/json"
    form = {"payload": json.dumps(payload)} if kind == "interactive" else payload
    return urlencode(form).encode(), "application/x-www-form-urlencoded"


class HttpWire:
    """To a bot that listens for requests."""

    signed = True

    def __init__(self, url: str, secret: str) -> None:
        self.url, self.secret = urlsplit(url), secret

    def deliver(self, kind: Kind, payload: dict[str, Any], attempt: int = 0) -> Ack:
        body, content_type = encode(kind, payload)
        headers = {"Content-Type": content_type, **sign(self.secret, body)}
        if attempt:
            headers |= {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": RETRIES[attempt]}
        return self.send(body, headers)

    def send(self, body: bytes, headers: dict[str, str] | list[tuple[bytes, bytes]]) -> Ack:
        """Any request at all; headers as pairs of bytes go out as they are."""
        connection = http.client.HTTPConnection(self.url.hostname or "", self.url.port, timeout=SLACK_WAITS)
        begun = time.monotonic()
        try:
            connection.putrequest("POST", self.url.path)
            pairs = list(headers.items()) if isinstance(headers, dict) else headers
            for name, value in [*pairs, ("Content-Length", str(len(body)))]:
                connection.putheader(name, value)
            connection.endheaders(body)
            response = connection.getresponse()
            said = response.read()
        except (OSError, http.client.HTTPException):
            return Ack(0, time.monotonic() - begun)
        finally:
            connection.close()
        try:
            content = json.loads(said) if said.startswith(b"{") else {}
        except ValueError:
            content = {}
        return Ack(response.status, time.monotonic() - begun, content)


class SocketWire:
    """To a bot that holds a Socket Mode connection, the `nth` that there is."""

    signed = False

    def __init__(self, server: SlackServer, nth: int = 0) -> None:
        self._server, self._nth = server, nth

    def deliver(self, kind: Kind, payload: dict[str, Any], attempt: int = 0) -> Ack:
        self._server.slack.wait(lambda: len(self._server.sockets) > self._nth)
        socket, id = self._server.sockets[self._nth], str(uuid.uuid4())
        envelope = {
            "envelope_id": id,
            "type": kind,
            "payload": payload,
            "accepts_response_payload": kind != "events_api",
        }
        if attempt:
            envelope |= {"retry_attempt": attempt, "retry_reason": RETRIES[attempt]}
        begun = time.monotonic()
        socket.send(envelope)
        said = socket.acked(id, SLACK_WAITS)
        seconds = time.monotonic() - begun
        return Ack(0, seconds) if said is None else Ack(200, seconds, said.get("payload") or {})
