"""What the client hands back. Fields that a newer server adds are ignored."""

from __future__ import annotations

import datetime as dt
from typing import Generic, NamedTuple, TypeVar

from pydantic import BaseModel

from advisor.schema import Answer, Chart, Finding, Profile, Versions

T = TypeVar("T")


class Reply(NamedTuple):
    """An answer; `replayed` where another call had asked for it before, under the same idempotency key."""

    answer: Answer
    replayed: bool
    request_id: str


class Page(BaseModel, Generic[T]):
    """Some items of a list; `next` is the cursor of the ones after them."""

    items: list[T]
    next: str | None = None


class ConversationSummary(BaseModel):
    """A conversation as the list shows it."""

    id: str
    title: str
    updated: dt.datetime


class Conversation(BaseModel):
    """A conversation with its answers, oldest first; `feedback` maps answer ids to +1 or -1."""

    id: str
    title: str
    profile: Profile
    answers: list[Answer]
    feedback: dict[str, int] = {}


class Assessment(BaseModel):
    """What the rules say about a profile; `id` where it was kept."""

    id: str | None = None
    findings: list[Finding]
    charts: list[Chart] = []
    versions: Versions


class Found(BaseModel):
    """A passage that fits a search, best first."""

    doc_id: str
    title: str
    heading: str = ""
    text: str
    url: str | None = None
    score: float
