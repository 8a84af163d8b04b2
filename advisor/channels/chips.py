"""A profile as chips: one short label a fact, each of which a person can remove or correct."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from advisor.errors import InputError
from advisor.schema import Profile, Provenance

_LISTS = ("clouds", "serving", "llm_use", "regulations", "tools")
_WORDS = {"aws": "AWS", "gcp": "Google Cloud", "azure": "Azure", "on-prem": "own hardware", "rag": "RAG"}
_ROLE_WORDS = {"ml": "ML", "mlops": "MLOps", "ai": "AI", "llmops": "LLMOps"}
_FLAGS = {
    "uses_ml": ("trains own models", "no own models"),
    "uses_llm": ("uses LLMs", "no LLM use"),
    "kubernetes": ("Kubernetes", "no Kubernetes"),
    "self_host": ("self-hosted only", "managed services allowed"),
    "user_facing": ("customer-facing", "internal only"),
}


@dataclass(frozen=True)
class Chip:
    """One fact. `item` is the part of a list or mapping that the fact is, else empty."""

    field: str
    item: str
    label: str
    provenance: Provenance


def chips(profile: Profile) -> list[Chip]:
    """Every stated fact, in a fixed order; practices are counted, not listed."""
    return [Chip(f, item, label, profile.provenance.get(f, "said")) for f, item, label in _facts(profile)]


def _facts(p: Profile) -> Iterator[tuple[str, str, str]]:
    for field in ("name", "industry", "country"):
        if value := getattr(p, field):
            yield field, "", str(value)
    if p.people is not None:
        yield "people", "", f"{p.people:,} {'person' if p.people == 1 else 'people'}"
    for role, n in p.team.items():
        yield "team", role, f"{n} {role_words(role)}{'' if n == 1 else 's'}"
    if p.models_in_production is not None:
        n = p.models_in_production
        yield "models_in_production", "", f"{n:,} model{'' if n == 1 else 's'} in production"
    for field in _LISTS:
        for item in getattr(p, field):
            yield field, item, _list_words(field, item)
    for field, (yes, no) in _FLAGS.items():
        value = getattr(p, field)
        if value is not None:
            yield field, "", yes if value else no
    if p.risk:
        yield "risk", "", f"{p.risk} risk"
    if p.data_residency:
        yield "data_residency", "", f"data stays in {p.data_residency}"
    if p.budget is not None:
        yield "budget", "", f"USD {p.budget:,.0f} a year"
    if p.capacity is not None:
        yield "capacity", "", f"{p.capacity:g} person-weeks a quarter"
    if p.quarters is not None:
        yield "quarters", "", f"{p.quarters} quarters"
    if p.requests_per_month is not None:
        yield "requests_per_month", "", f"{p.requests_per_month:,} requests a month"
    if p.practices:
        n = len(p.practices)
        yield "practices", "", f"{n} practice{'' if n == 1 else 's'} answered"


def role_words(role: str) -> str:
    """`MLOps engineer` for `mlops-engineer`."""
    return " ".join(_ROLE_WORDS.get(part, part) for part in role.split("-"))


def _list_words(field: str, item: str) -> str:
    words = _WORDS.get(item, item)
    if field == "serving":
        return f"{words} serving"
    if field == "llm_use":
        return f"LLM: {words}"
    return words


def removed(profile: Profile, field: str, item: str = "") -> Profile:
    """The profile without that fact; a fact that is not there changes nothing."""
    if field not in Profile.model_fields or field == "provenance":
        return profile
    value = getattr(profile, field)
    if item and isinstance(value, dict):
        left: Any = {k: v for k, v in value.items() if k != item}
    elif item and isinstance(value, list):
        left = [v for v in value if v != item]
    else:
        left = Profile.model_fields[field].get_default(call_default_factory=True)
    provenance = dict(profile.provenance) if left else {k: v for k, v in profile.provenance.items() if k != field}
    return profile.model_copy(update={field: left, "provenance": provenance})


def confirmed(profile: Profile, values: Mapping[str, Any]) -> Profile:
    """The profile with fields as a person set them; None and empty clear a field. Raises InputError."""
    data = profile.model_dump()
    provenance = dict(profile.provenance)
    for field, value in values.items():
        empty = value is None or value in ("", [], {})
        if empty:
            data.pop(field, None)
            provenance.pop(field, None)
        elif data.get(field) != value:
            data[field] = value
            provenance[field] = "confirmed"
    return _valid({**data, "provenance": provenance})


def _valid(data: Mapping[str, Any]) -> Profile:
    try:
        return Profile.model_validate(data)
    except ValidationError as e:
        first = e.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InputError(f"The profile field {field} cannot be that: {first['msg']}.", "Correct the field.") from e
