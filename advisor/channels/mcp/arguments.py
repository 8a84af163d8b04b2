"""What each tool takes: the same limits as the API's."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from advisor.channels.text import QUESTION_CHARS
from advisor.schema import Profile


def _parsed(value: Any) -> Any:
    """Some clients send objects and lists as JSON text."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


_PROFILE = (
    "The organisation, as far as it is known. Leave out what nobody said; the profile_changes of an answer say "
    "which facts it took from the question."
)
KnownProfile = Annotated[Profile, BeforeValidator(_parsed), Field(description=_PROFILE)]


class Arguments(BaseModel):
    """Unknown arguments are refused, and nothing is converted."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Ask(Arguments):
    """Arguments of `ask`."""

    question: Annotated[
        str,
        Field(
            min_length=1,
            max_length=QUESTION_CHARS,
            description="One question that can be understood by itself: nothing is remembered between calls.",
        ),
    ]
    profile: KnownProfile = Field(default_factory=Profile)


class Assess(Arguments):
    """Arguments of `assess`."""

    profile: KnownProfile


class CompareTools(Arguments):
    """Arguments of `compare_tools`."""

    tools: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=100)]],
        BeforeValidator(_parsed),
        Field(min_length=2, max_length=6, description="Names or ids of tools, for example MLflow and W&B."),
    ]
    profile: KnownProfile = Field(default_factory=Profile)


class EstimateCost(Arguments):
    """Arguments of `estimate_cost`."""

    profile: KnownProfile


class Search(Arguments):
    """Arguments of `search`."""

    query: Annotated[str, Field(min_length=1, max_length=QUESTION_CHARS, description="Words or a question.")]
    k: Annotated[int, Field(ge=1, le=20, description="How many passages at most.")] = 8
    kind: Annotated[
        str, Field(max_length=40, description="Only this kind of document: guide, practice, role, tool, cost, threat…")
    ] = ""
    stage: Annotated[int, Field(ge=1, le=9, description="Only what belongs to this lifecycle stage.")] | None = None
    level: Annotated[int, Field(ge=0, le=4, description="Only what belongs to this working level.")] | None = None
