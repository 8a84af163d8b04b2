"""Who is asking: by key, by a trusted proxy's word, or the local user; and what they may do."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.concurrency import run_in_threadpool

from advisor.channels.api.problems import NotAllowed
from advisor.config import Settings
from advisor.records.keys import RIGHTS, BadKey, KeyInfo
from advisor.records.owner import LOCAL, Owner
from advisor.records.store import Records

Right = Literal["ask", "read", "feedback", "admin"]
USER_CHARS = 200

_bearer = HTTPBearer(auto_error=False, description="A key made by `advisor keys create`: `adv_…`")


@dataclass(frozen=True)
class Access:
    """Who may come in. Without a required key, whoever reaches this machine's own address is the local user."""

    required: bool = False
    sso_header: str | None = None
    proxies: tuple[Any, ...] = ()
    """Networks whose word about `sso_header` is taken."""
    hosts: tuple[str, ...] = ()
    """Names besides this machine's own that a request may be addressed to."""

    @classmethod
    def of(cls, settings: Settings) -> Access:
        """As the settings say: a key is asked for unless the address is this machine's own and no proxy signs in."""
        sso = settings.sso_header if settings.trusted_proxies else None
        required = settings.require_keys or sso is not None or not loopback(settings.host)
        return cls(required, sso, settings.trusted_proxies, settings.allowed_hosts)


@dataclass(frozen=True)
class Caller:
    """Who sent a request. `key` and its text are None for the local user and for one a proxy has signed in."""

    owner: Owner
    rights: frozenset[str]
    key: KeyInfo | None = None
    token: str | None = None

    def user(self, named: str | None) -> str:
        """The user that something is kept for: the one a request names, if it may. Raises NotAllowed."""
        if named and self.owner.user and named != self.owner.user:
            raise NotAllowed("You are signed in as somebody else.", "Leave out `user`.")
        return named or self.owner.user


class Door:
    """Lets callers in, each with what they may do."""

    def __init__(self, access: Access, records: Records) -> None:
        self.access, self.records = access, records

    def needs(self, right: Right, *, filler: bool = False) -> Any:
        """A dependency that gives the Caller. Raises BadKey, NotAllowed, TooMany, OverBudget and StorageError.

        `filler`: its clients cannot leave the key out, so where none is required, what is no key of ours is none.
        """

        async def enter(
            request: Request, sent: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]
        ) -> Caller:
            token = sent.credentials if sent else None
            if filler and token is not None and not (self.access.required or token.startswith("adv_")):
                token = None
            caller = await self.caller(request, token)
            if not (right in caller.rights or "admin" in caller.rights):
                raise NotAllowed(f"This needs the right “{right}”.", "Ask whoever gave you the key.")
            return caller

        guarded: Callable[..., Awaitable[Caller]] = enter
        guarded.right = right  # type: ignore[attr-defined]  # tests see by it that a route is guarded
        return Depends(guarded)

    async def caller(self, request: Request, token: str | None) -> Caller:
        """Raises BadKey, TooMany, OverBudget and StorageError."""
        if token is not None:
            key = await run_in_threadpool(self._checked, token)
            return Caller(key.owner, key.rights, key, token)
        if user := self.signed_in(request):
            return Caller(Owner("sso", user), RIGHTS - {"admin"})
        if self.access.required:
            raise BadKey
        return Caller(LOCAL, RIGHTS)

    def signed_in(self, request: Request) -> str:
        """The user that a trusted proxy names; empty where none does, or where somebody else claims it."""
        access = self.access
        if access.sso_header is None or request.client is None:
            return ""
        try:
            peer = ipaddress.ip_address(request.client.host)
        except ValueError:
            return ""
        if not any(peer in network for network in access.proxies):
            return ""
        named = request.headers.getlist(access.sso_header)
        if len(named) != 1:
            return ""  # twice: one of them is not the proxy's
        user = named[0].strip()
        return user if user.isprintable() and len(user) <= USER_CHARS else ""

    async def still(self, caller: Caller) -> bool:
        """Whether the caller's key is still good."""
        if caller.token is None:
            return True
        try:
            await run_in_threadpool(self.records.keys.check, caller.token)
        except BadKey:
            return False
        return True

    def _checked(self, token: str) -> KeyInfo:
        key = self.records.keys.check(token)
        self.records.limits.take(key)
        return key


def loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
