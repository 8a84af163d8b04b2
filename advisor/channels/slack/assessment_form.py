"""A short assessment in a modal: ten practices, each with what would show it."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, get_args

from slack_sdk.models.blocks import StaticSelectElement
from slack_sdk.models.views import View

from advisor.channels.slack.modals import INPUT, field, modal, notice, option
from advisor.client import AdvisorClient
from advisor.schema import AnswerValue, PracticeAnswer, Profile

CALLBACK = "advisor_assessment"
OPEN = "advisor_open_assessment"
QUESTIONS = 10
MOST_OF_ONE_DIMENSION = 2
_WORDS = {"yes": "Yes", "partly": "Partly", "no": "No", "unknown": "Don't know"}
_TRACKS = {"uses_ml": "ml", "uses_llm": "genai"}


def questions(advisor: AdvisorClient, profile: Profile) -> list[dict[str, Any]]:
    """The ten practices to ask about: unanswered ones, lowest level first, spread over the dimensions."""
    practices: list[dict[str, Any]] = []
    after = None
    while True:
        page = advisor.browse("practices", limit=100, after=after)
        practices += page.items
        after = page.next
        if after is None:
            return _chosen(practices, profile)


def _chosen(practices: Iterable[Mapping[str, Any]], profile: Profile) -> list[dict[str, Any]]:
    unused = {track for field, track in _TRACKS.items() if getattr(profile, field) is False}
    open = [p for p in practices if p["id"] not in profile.practices and p.get("track") not in unused]
    taken: Counter[str] = Counter()
    chosen: list[dict[str, Any]] = []
    for practice in sorted(open, key=lambda p: (p["level"], p["id"])):
        if len(chosen) < QUESTIONS and taken[practice["dimension"]] < MOST_OF_ONE_DIMENSION:
            taken[practice["dimension"]] += 1
            chosen.append(dict(practice))
    rest = (dict(p) for p in sorted(open, key=lambda p: (p["level"], p["id"])) if dict(p) not in chosen)
    return [*chosen, *rest][:QUESTIONS]


def view(asked: list[dict[str, Any]], key: str) -> View:
    """The form for these practices; `key` is the profile that the answers go to."""
    if not asked:
        return notice("Every practice has an answer already. Your Home tab has the scorecard.")
    options = [option(value, _WORDS[value]) for value in _WORDS]
    blocks = [
        field(p["id"], p["question"], StaticSelectElement(action_id=INPUT, options=options), _hint(p)) for p in asked
    ]
    return modal(blocks, CALLBACK, json.dumps({"key": key}), "Assess", "Short assessment")


def target(view: Mapping[str, Any]) -> str:
    """The key of the profile that the answers go to."""
    return str(json.loads(view["private_metadata"])["key"])


def answered(profile: Profile, given: Mapping[str, Any], by: str) -> Profile:
    """The profile with the answers; a question left empty stays open."""
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    said = {
        id: PracticeAnswer(answer=value, by=by, at=now)
        for id, value in given.items()
        if value in get_args(AnswerValue)
    }  # fmt: skip
    return profile.model_copy(update={"practices": {**profile.practices, **said}})


def _hint(practice: Mapping[str, Any]) -> str:
    evidence = practice.get("evidence") or []
    return f"What would show it: {str(evidence[0]).rstrip('.')}." if evidence else ""
