"""The small profile form: its fields, a profile's values for them, and the facts a person put in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr

from advisor.channels.chips import role_words
from advisor.schema import Profile

ROLES = ("data-scientist", "ml-engineer", "mlops-engineer", "data-engineer", "software-engineer")
_CLOUDS = [("AWS", "aws"), ("Google Cloud", "gcp"), ("Azure", "azure"), ("Own hardware", "on-prem")]
_LLM = [("Prompting", "prompting"), ("RAG", "rag"), ("Fine-tuning", "fine-tuning"), ("Agents", "agents"),
        ("Self-hosted", "self-hosted")]  # fmt: skip
_TRISTATE = [("Yes", "yes"), ("No", "no"), ("Not said", "")]


def fields() -> list[Any]:
    """The components, in the order of `values` and `facts`."""
    number: dict[str, Any] = {"minimum": 0, "precision": 0, "value": None}
    return [
        gr.Textbox(label="Industry", max_length=100, elem_id="f-industry"),
        gr.Textbox(label="Country", max_length=100, elem_id="f-country"),
        gr.Number(label="People in all", elem_id="f-people", **number),
        *(gr.Number(label=_sentence(role_words(r)) + "s", elem_id=f"f-team-{r}", **number) for r in ROLES),
        gr.Number(label="Models in production", elem_id="f-models_in_production", **number),
        gr.CheckboxGroup(_CLOUDS, label="Cloud", elem_id="f-clouds"),
        gr.CheckboxGroup(_LLM, label="LLM use", elem_id="f-llm_use"),
        gr.Radio(_TRISTATE, value="", label="Kubernetes", elem_id="f-kubernetes"),
        gr.Radio(_TRISTATE, value="", label="Must self-host", elem_id="f-self_host"),
    ]


def values(profile: Profile) -> list[Any]:
    """What each field shows for this profile."""
    return [
        profile.industry or "",
        profile.country or "",
        profile.people,
        *(profile.team.get(role) for role in ROLES),
        profile.models_in_production,
        profile.clouds,
        profile.llm_use,
        _word(profile.kubernetes),
        _word(profile.self_host),
    ]


def facts(entered: Sequence[Any], profile: Profile) -> dict[str, Any]:
    """The profile fields as the form has them; roles that the form does not show stay as they are."""
    industry, country, people, *rest = entered
    counts, (models, clouds, llm_use, kubernetes, self_host) = rest[: len(ROLES)], rest[len(ROLES) :]
    return {
        "industry": (industry or "").strip(),
        "country": (country or "").strip(),
        "people": people,
        "team": {
            **{role: n for role, n in profile.team.items() if role not in ROLES},
            **{role: n for role, n in zip(ROLES, counts, strict=True) if n is not None},
        },
        "models_in_production": models,
        "clouds": clouds or [],
        "llm_use": llm_use or [],
        "kubernetes": _flag(kubernetes),
        "self_host": _flag(self_host),
    }


def _word(flag: bool | None) -> str:
    return "" if flag is None else "yes" if flag else "no"


def _flag(word: str | None) -> bool | None:
    return {"yes": True, "no": False}.get(word or "")


def _sentence(words: str) -> str:
    return words[0].upper() + words[1:]
