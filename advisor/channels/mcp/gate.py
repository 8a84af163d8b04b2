"""Who may call over HTTP: the API's own door, before anything of the protocol is read."""

from __future__ import annotations

import json

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from advisor.channels.api.auth import Caller, Door
from advisor.channels.api.problems import NotAllowed
from advisor.errors import AdvisorError
from advisor.records.keys import BadKey
from advisor.records.limits import OverBudget, TooMany

CALLER = "advisor.caller"
"""Where a request's scope holds its Caller."""


def allow(caller: Caller, right: str) -> None:
    """Raises NotAllowed where the caller lacks the right."""
    if not {right, "admin"} & caller.rights:
        raise NotAllowed(f"This needs the right “{right}”.", "Ask whoever gave you the key.")


class Gate:
    """Lets a request pass that the door lets in, counted towards its key's limits; refuses others as the API does."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self.app, self.door = app, door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            scope[CALLER] = await self.door.caller(Request(scope), _token(scope))
        except BadKey as e:
            await _refuse(send, 401, e, (b"www-authenticate", b"Bearer"))
        except (TooMany, OverBudget) as e:
            await _refuse(send, 429, e, (b"retry-after", str(e.retry_after).encode()))
        except AdvisorError as e:
            await _refuse(send, 503, e, (b"retry-after", b"2"))
        else:
            await self.app(scope, receive, send)


def _token(scope: Scope) -> str | None:
    """What stands after Bearer; None where there is no such header."""
    for name, value in scope["headers"]:
        if name == b"authorization":
            scheme, _, token = value.decode("latin-1").partition(" ")
            return token.strip() if scheme.lower() == "bearer" else None
    return None


async def _refuse(send: Send, status: int, error: AdvisorError, header: tuple[bytes, bytes]) -> None:
    body = {"type": "about:blank", "title": error.message, "status": status, "hint": error.hint}
    headers = [(b"content-type", b"application/problem+json"), header]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})
