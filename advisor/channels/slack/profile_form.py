"""The modal in which somebody describes the organisation, for the workspace or for one channel."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, get_args

from slack_sdk.models.blocks import (
    Block,
    InputInteractiveElement,
    NumberInputElement,
    PlainTextInputElement,
    StaticMultiSelectElement,
    StaticSelectElement,
)
from slack_sdk.models.views import View

from advisor.channels.chips import confirmed, role_words
from advisor.channels.slack.modals import INPUT, field, modal, option
from advisor.schema import Cloud, LlmUse, Profile

CALLBACK = "advisor_profile"
OPEN = "advisor_open_profile"
_TEXTS = {"name": "Organisation", "industry": "Industry", "country": "Country"}
_NUMBERS = {"people": "People employed", "models_in_production": "Models in production"}
_ROLES = ("data-scientist", "ml-engineer", "mlops-engineer", "data-engineer")
_FLAGS = {
    "uses_ml": "Do you train models of your own?",
    "uses_llm": "Do you use large language models?",
    "kubernetes": "Do you run Kubernetes?",
    "self_host": "Must everything run on your own machines?",
}
_LISTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "clouds": ("Clouds", get_args(Cloud)),
    "llm_use": ("How you use language models", get_args(LlmUse)),
}
_CHOICES = {"yes": True, "no": False}


def view(profile: Profile, team_key: str, channel_key: str | None, for_channel: bool) -> View:
    """The form, filled with what is known. Without `channel_key` only the workspace can be described."""
    blocks: list[Block] = []
    if channel_key:
        scopes = [option("team", "The whole workspace"), option("channel", "This channel only")]
        element = StaticSelectElement(action_id=INPUT, options=scopes, initial_option=scopes[for_channel])
        blocks.append(field("scope", "These facts hold for", element))
    blocks += [field(id, label, _text(getattr(profile, id))) for id, label in _TEXTS.items()]
    blocks += [field(id, label, _number(getattr(profile, id))) for id, label in _NUMBERS.items()]
    blocks += [field(f"team.{role}", f"{role_words(role)}s", _number(profile.team.get(role))) for role in _ROLES]
    blocks += [field(id, label, _choice(getattr(profile, id))) for id, label in _FLAGS.items()]
    blocks += [field(id, label, _choices(getattr(profile, id), all)) for id, (label, all) in _LISTS.items()]
    blocks.append(field("regulations", "Regulations", _text(", ".join(profile.regulations)), "With commas between."))
    data = json.dumps({"team": team_key, "channel": channel_key})
    return modal(blocks, CALLBACK, data, "Save", "Your organisation")


def target(view: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    """The key under which the profile goes."""
    keys = json.loads(view.get("private_metadata") or "{}")
    return str(keys["channel"] if given.get("scope") == "channel" and keys.get("channel") else keys["team"])


def described(profile: Profile, given: Mapping[str, Any]) -> Profile:
    """The profile with what the form says; an empty field clears its fact. Raises InputError."""
    said: dict[str, Any] = {id: given.get(id) for id in (*_TEXTS, *_LISTS)}
    said |= {id: _int(given.get(id)) for id in _NUMBERS}
    said |= {id: _CHOICES.get(str(given.get(id))) for id in _FLAGS}
    said["regulations"] = [part for p in str(given.get("regulations") or "").split(",") if (part := p.strip())]
    team = {role: n for role, n in profile.team.items() if role not in _ROLES}
    said["team"] = team | {role: n for role in _ROLES if (n := _int(given.get(f"team.{role}"))) is not None}
    return confirmed(profile, said)


def _int(text: Any) -> int | None:
    return int(text) if text is not None and str(text).isdigit() else None


def _text(value: str | None) -> InputInteractiveElement:
    return PlainTextInputElement(action_id=INPUT, initial_value=value or None, max_length=200)


def _number(value: int | None) -> InputInteractiveElement:
    return NumberInputElement(
        action_id=INPUT, is_decimal_allowed=False, min_value="0", initial_value=None if value is None else str(value)
    )


def _choice(value: bool | None) -> InputInteractiveElement:
    options = [option("unknown", "Not known"), option("yes", "Yes"), option("no", "No")]
    at = 0 if value is None else 1 if value else 2
    return StaticSelectElement(action_id=INPUT, options=options, initial_option=options[at])


def _choices(chosen: list[str], all: tuple[str, ...]) -> InputInteractiveElement:
    options = [option(value, value) for value in all]
    initial = [o for o in options if o.value in chosen]
    return StaticMultiSelectElement(action_id=INPUT, options=options, initial_options=initial or None)
