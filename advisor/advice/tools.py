"""Which tools fit: hard limits exclude with a reason, soft ones rank with a score broken down."""

from __future__ import annotations

import re
from dataclasses import dataclass

from advisor.advice.facts import describe, team_size, tool_name, tracks
from advisor.advice.target import target
from advisor.advice.words import listed
from advisor.knowledge.load import Corpus
from advisor.knowledge.records import Tool
from advisor.schema import Profile

GONE = ("retired", "closed", "frozen")
STATUS_WORDS = {
    "active": "active",
    "slow": "slow in development",
    "maintenance": "in maintenance mode",
    "dormant": "dormant",
    "frozen": "frozen",
    "acquired": "under a new owner",
    "relicensed": "under a new licence",
    "retired": "retired",
    "closed": "closed",
}
_STATUS_POINTS = {"active": 1.0, "acquired": 0.5, "slow": 0.0, "relicensed": 0.0, "maintenance": -1.0}
FREE = ("open-source", "open-core", "open-weights")


@dataclass(frozen=True)
class Score:
    """Points of one tool, part by part; the sum ranks it."""

    tool: Tool
    parts: tuple[tuple[str, float], ...]

    @property
    def total(self) -> float:
        return sum(points for _, points in self.parts)


@dataclass(frozen=True)
class Shortlist:
    """Candidates ranked, and those ruled out with the reason."""

    kept: tuple[Score, ...]
    excluded: tuple[tuple[Tool, str], ...]
    """Tool and the reason it cannot be picked."""


def category_name(what: str | int) -> str:
    """A category or stage as it stands inside a sentence."""
    if isinstance(what, int):
        return f"stage {what}"
    return {"ci-cd": "CI/CD", "training-hpo": "training and tuning", "infra": "infrastructure"}.get(
        what, what.replace("-", " ").replace("llm", "LLM")
    )


def candidates(corpus: Corpus, what: str | int) -> list[Tool]:
    """Tools of a category id, or of a lifecycle stage number."""
    if isinstance(what, int):
        return [t for t in corpus.all(Tool) if what in t.stages]
    return [t for t in corpus.all(Tool) if t.category == what]


def exclusion(tool: Tool, profile: Profile) -> str:
    """Why the tool cannot be picked here; empty where it can."""
    if not tool.recommend or tool.status in GONE:
        return f"{tool.name} is {STATUS_WORDS[tool.status]}" if tool.status != "active" else tool.best_for.rstrip(".")
    if profile.self_host and tool.self_host == "no":
        return f"{tool.name} cannot be self-hosted and you rule out other people's services"
    if profile.self_host and tool.openness == "managed" and tool.self_host != "yes":
        return f"{tool.name} is a managed service with only parts to host yourself"
    if tool.needs_kubernetes and profile.kubernetes is False:
        return f"{tool.name} needs Kubernetes and you have none"
    if "any" not in tool.clouds and profile.clouds and not set(tool.clouds) & set(profile.clouds):
        return f"{tool.name} runs on {listed(_CLOUDS[c] for c in tool.clouds)} only"
    if (tool.track == "genai" and profile.uses_llm is False) or (tool.track == "ml" and profile.uses_ml is False):
        return f"{tool.name} is for {'LLM work' if tool.track == 'genai' else 'predictive models'}, which you do not do"
    return ""


_CLOUDS = {"aws": "AWS", "gcp": "Google Cloud", "azure": "Azure", "any": "any cloud"}


def aimed_level(profile: Profile, corpus: Corpus) -> int:
    """The working level that tools should suit."""
    return max((target(profile, corpus).base(t) for t in tracks(profile)), default=2)


def shortlist(profile: Profile, corpus: Corpus, what: str | int) -> Shortlist:
    """The tools of a category or stage that can be picked, best first, and those that cannot."""
    level = aimed_level(profile, corpus)
    kept, excluded = [], []
    for tool in candidates(corpus, what):
        reason = exclusion(tool, profile)
        if reason:
            excluded.append((tool, reason))
        else:
            kept.append(score(tool, profile, corpus, level))
    return Shortlist(tuple(sorted(kept, key=lambda s: (-s.total, s.tool.id))), tuple(excluded))


def score(tool: Tool, profile: Profile, corpus: Corpus, level: int) -> Score:
    """Points for level, fit with what is there, upkeep for the team, cloud, licence and status."""
    parts: list[tuple[str, float]] = []
    away = max(tool.level_from - level, level - tool.level_to, 0)
    known = bool(describe(profile))
    parts.append(
        (
            ("it suits your target level" if known else f"it suits working level {level}")
            if not away
            else "it is made for another level",
            3.0 - 1.5 * away,
        )
    )
    if tool.id in profile.tools:
        parts.append(("you already use it", 3.0))
    fits = _fits(tool, profile, corpus)
    if fits:
        parts.append((f"it works with {listed(tool_name(corpus, t) for t in fits[:3])}", min(len(fits), 3) * 0.75))
    team = team_size(profile)
    if tool.needs_kubernetes and profile.kubernetes is not True:
        parts.append(("it needs Kubernetes, which nobody confirmed", -1.5))
    if team is not None and team < 5:
        parts.append(
            ("a managed offering spares a small team", 0.75)
            if tool.managed and not profile.self_host
            else ("a small team must run it", -0.25 if tool.self_host_note else 0.0)
        )
    if profile.clouds and "any" not in tool.clouds:
        parts.append(("it runs on your cloud", 0.75))
        if len(tool.clouds) == 1:
            parts.append(("it is native to your cloud", 0.5))
    if tool.openness in FREE:
        parts.append(("its licence is open", 0.5))
    if tool.openness in ("open-source", "open-core") and re.search(
        r"\bdefault\b|first pick", f"{tool.lead} {tool.best_for}"
    ):
        parts.append(("it is our default for the task", 1.0))
    parts.append((f"it is {STATUS_WORDS[tool.status]}", _STATUS_POINTS.get(tool.status, -1.0)))
    return Score(tool, tuple((why, points) for why, points in parts if points))


def _fits(tool: Tool, profile: Profile, corpus: Corpus) -> list[str]:
    """Tools in use that this one integrates with, read from either side's record."""
    found = []
    for used in profile.tools:
        other = corpus.records["tool"].get(used)
        backwards = isinstance(other, Tool) and tool.id in other.integrates
        if used != tool.id and (used in tool.integrates or backwards):
            found.append(used)
    return found
