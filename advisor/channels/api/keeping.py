"""What is kept for a caller: conversations, profiles, and everything about one user."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from advisor.channels.api.auth import Caller, Door
from advisor.channels.api.bodies import Body, reads, taking
from advisor.channels.api.common import After, Id, IdPath, Key, KeyPath, Limit, Page, UserPath, json_of
from advisor.channels.api.problems import responses
from advisor.records.store import Records
from advisor.schema import Answer, Profile

Title = Annotated[str, Field(min_length=1, max_length=200)]
READING, WRITING = responses(401, 403, 404, 422, 429, 503), responses(401, 403, 404, 408, 413, 422, 429, 503)
PROFILE = {"people": 25, "team": {"data-scientist": 2}, "clouds": ["aws"], "models_in_production": 1}


class ConversationSummary(BaseModel):
    """A conversation as the list shows it."""

    id: str
    title: str
    updated: dt.datetime


class ConversationOut(BaseModel):
    """A conversation with every answer, oldest first; `feedback` maps answer ids to 1 or -1."""

    id: str
    title: str
    profile: Profile
    answers: list[Answer]
    feedback: dict[str, int]


class NewConversation(Body):
    """A conversation without questions yet."""

    title: Title = "New conversation"
    key: Key | None = None
    """The caller's own name for it; where there is one of that name already, that is the one."""
    profile: Profile | None = None


class ConversationChange(Body):
    """What may be changed of a conversation; what is left out stays."""

    title: Title | None = None


class Created(BaseModel):
    """The id of something new."""

    id: Id


class KeptProfile(BaseModel):
    """A kept profile as the list shows it."""

    key: str
    updated: dt.datetime


def conversation_routes(door: Door, records: Records) -> APIRouter:
    """Everything under /v1/conversations."""
    router = APIRouter(prefix="/v1/conversations", tags=["conversations"])

    @router.get("", response_model=Page[ConversationSummary], responses=READING)
    def listed(limit: Limit = 20, after: After = None, caller: Caller = door.needs("read")) -> Any:
        """Conversations, the one used last first."""
        found, onward = records.of(caller.owner).conversations.page(limit, after)
        items = [ConversationSummary(id=c.id, title=c.title, updated=utc(c.updated)) for c in found]
        return json_of(Page(items=items, next=onward))

    extra = taking(NewConversation, {"title": "Platform choice", "key": "slack:T1:C2:1763900000.000100"})

    @router.post("", status_code=201, response_model=Created, openapi_extra=extra, responses=WRITING)
    async def create(
        body: NewConversation = Depends(reads(NewConversation)), caller: Caller = door.needs("ask")
    ) -> Any:
        """Begin a conversation, or find the one that goes by `key`."""
        conversations = records.of(caller.owner).conversations

        def made() -> str:
            if body.key is None:
                return conversations.create(body.profile, body.title)
            id = conversations.by_key(body.key)
            if body.profile is not None:
                conversations.set_profile(id, body.profile)
            return id

        return Created(id=await run_in_threadpool(made))

    @router.get("/{id}", response_model=ConversationOut, responses=READING)
    def one(id: IdPath, caller: Caller = door.needs("read")) -> Any:
        """A conversation with all its answers."""
        c = records.of(caller.owner).conversations.get(id)
        return json_of(
            ConversationOut(id=c.id, title=c.title, profile=c.profile, answers=c.answers, feedback=c.feedback)
        )

    @router.patch(
        "/{id}",
        status_code=204,
        response_class=Response,
        openapi_extra=taking(ConversationChange, {"title": "Platform choice"}),
        responses=WRITING,
    )
    async def change(
        id: IdPath,
        body: ConversationChange = Depends(reads(ConversationChange)),
        caller: Caller = door.needs("ask"),
    ) -> Response:
        """Rename a conversation."""
        conversations = records.of(caller.owner).conversations
        if body.title is None:
            await run_in_threadpool(conversations.get, id)
        else:
            await run_in_threadpool(conversations.rename, id, body.title)
        return Response(status_code=204)

    @router.delete("/{id}", status_code=204, response_class=Response, responses=READING)
    def delete(id: IdPath, caller: Caller = door.needs("ask")) -> Response:
        """Remove a conversation with its answers and feedback; gone already is fine."""
        records.of(caller.owner).conversations.delete(id)
        return Response(status_code=204)

    @router.put(
        "/{id}/profile",
        status_code=204,
        response_class=Response,
        openapi_extra=taking(Profile, PROFILE),
        responses=WRITING,
    )
    async def profile(
        id: IdPath, body: Profile = Depends(reads(Profile)), caller: Caller = door.needs("ask")
    ) -> Response:
        """Replace what the conversation knows about the organisation."""
        await run_in_threadpool(records.of(caller.owner).conversations.set_profile, id, body)
        return Response(status_code=204)

    return router


def profile_routes(door: Door, records: Records) -> APIRouter:
    """Everything under /v1/profiles."""
    router = APIRouter(prefix="/v1/profiles", tags=["profiles"])

    @router.get("", response_model=Page[KeptProfile], responses=READING)
    def listed(limit: Limit = 20, after: After = None, caller: Caller = door.needs("read")) -> Any:
        """Kept profiles by key."""
        found, onward = records.of(caller.owner).profiles.page(limit, after)
        return json_of(Page(items=[KeptProfile(key=p.key, updated=utc(p.updated)) for p in found], next=onward))

    @router.get("/{key}", response_model=Profile, responses=READING)
    def one(key: KeyPath, caller: Caller = door.needs("read")) -> Any:
        """A kept profile."""
        return json_of(records.of(caller.owner).profiles.get(key))

    @router.put(
        "/{key}",
        status_code=204,
        response_class=Response,
        openapi_extra=taking(Profile, PROFILE),
        responses=WRITING,
    )
    async def put(
        key: KeyPath, body: Profile = Depends(reads(Profile)), caller: Caller = door.needs("ask")
    ) -> Response:
        """Keep a profile under a name of your own, such as `slack:T1:C2`; what was there is replaced."""
        await run_in_threadpool(records.of(caller.owner).profiles.put, key, body)
        return Response(status_code=204)

    @router.delete("/{key}", status_code=204, response_class=Response, responses=READING)
    def delete(key: KeyPath, caller: Caller = door.needs("ask")) -> Response:
        """Remove a kept profile; gone already is fine."""
        records.of(caller.owner).profiles.delete(key)
        return Response(status_code=204)

    return router


def user_routes(door: Door, records: Records) -> APIRouter:
    """Everything about one user of the caller's tenant, for whoever has the right `admin`."""
    router = APIRouter(prefix="/v1/users", tags=["users"])

    @router.get("/{user}", responses=READING)
    def export(user: UserPath, caller: Caller = door.needs("admin")) -> dict[str, Any]:
        """Everything kept about a user."""
        return records.upkeep.export(caller.owner.tenant, user)

    @router.delete("/{user}", responses=READING)
    def erase(user: UserPath, caller: Caller = door.needs("admin")) -> dict[str, int]:
        """Remove everything about a user; says how many rows of what."""
        return records.upkeep.erase(caller.owner.tenant, user)

    return router


def utc(at: dt.datetime) -> dt.datetime:
    """The time with its zone, which the record leaves out."""
    return at.replace(tzinfo=dt.UTC)
