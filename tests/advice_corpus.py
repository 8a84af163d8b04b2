"""A small corpus built in code, so that rules are tested on known ground, and strategies for profiles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from advisor.knowledge.load import Corpus
from advisor.knowledge.records import KINDS
from advisor.schema import PracticeAnswer, Profile

BASE = {"sources": ["ours"], "as_of": "2026-11", "confidence": "ours"}


def practice(
    id: str, dimension: str, level: int, track: str = "both", requires: tuple[str, ...] = (), **more: Any
) -> dict[str, Any]:
    return {
        "id": id, "title": f"Practice {id}", "dimension": dimension, "level": level, "track": track, "stages": [1],
        "question": f"Do you do {id}?", "lead": f"Do {id} before anything else.", "why": "Because it helps.",
        "how": ["First step.", "Second step."], "evidence": [f"See {id} done."], "requires": list(requires),
        "effort": {"low": 1, "high": 3}, "owner": "data-scientist", "anti_patterns": ["Not doing it."], **BASE, **more,
    }  # fmt: skip


PRACTICES = [
    practice("feed", "data", 1),
    practice("versions", "data", 2, "ml", ("feed",)),
    practice("chunks", "data", 2, "genai", ("feed",), applies_if="rag"),
    practice("lineage", "data", 3, requires=("feed",), effort={"low": 4, "high": 30}),
    practice("contracts", "data", 4, requires=("lineage",)),
    practice("git", "release", 1),
    practice("script", "release", 1, requires=("git",), threats=["tampering"]),
    practice("registry", "release", 2, "ml", ("script", "versions")),
    practice("gate", "release", 2, "genai", ("script",)),
    practice("delivery", "release", 3, "ml", ("registry",)),
    practice("canary", "release", 3, "ml", ("delivery",), applies_if="online-serving"),
    practice("abort", "release", 4, requires=("script",)),
]


def tool(id: str, **more: Any) -> dict[str, Any]:
    return {
        "id": id, "name": id.title(), "category": "serving", "lead": f"{id.title()} serves models.", "stages": [8],
        "licence": "Apache-2.0", "openness": "open-source", "self_host": "yes", "track": "both", "status": "active",
        "status_note": f"{id.title()} is active.", "recommend": True, "level_from": 1, "level_to": 4,
        "best_for": f"{id.title()} suits everyone.", "strengths": "It is fast.", "limits": "It is small.",
        "pricing": "It is free.", **BASE, **more,
    }  # fmt: skip


TOOLS = [
    tool("plain", integrates=["used"]),
    tool("used", category="infra"),
    tool("cluster", needs_kubernetes=True),
    tool("rented", self_host="no", openness="managed", clouds=["aws"]),
    tool("dead", status="retired", recommend=False, alternatives=["plain"], status_date="2026-01"),
]

MODELS = [
    {
        "id": "vendor", "name": "Vendor", "publisher": "Vendor", "lead": "Vendor has three levels.", "track": "ml",
        "scope": "Predictive ML.", "limits": ["It is coarse."], "computable": True, **BASE,
        "levels": [
            {"number": 0, "name": "Manual", "lead": "By hand."},
            {"number": 1, "name": "Scripted", "lead": "By script.",
             "criteria": [{"text": "Deployment is scripted.", "practices": ["git", "script"]}]},
            {"number": 2, "name": "Canaried", "lead": "With care.",
             "criteria": [{"text": "Releases are gradual.", "practices": ["canary"]},
                          {"text": "Boards are happy.", "practices": [], "note": "Not something a practice shows."}]},
        ],
    },
    {
        "id": "score", "name": "Score", "publisher": "Ours", "lead": "Score counts tests.", "track": "ml",
        "scope": "Predictive ML.", "limits": ["It is strict."], "computable": True, **BASE,
        "tests": [{"section": s, "text": f"Test of {s}.", "practices": [p]}
                  for s, p in [("data", "feed"), ("data", "versions"), ("model", "git"),
                               ("infrastructure", "script"), ("monitoring", "registry")]],
    },
]  # fmt: skip

ROLE = {
    "id": "data-scientist", "name": "Data scientist", "lead": "A data scientist models.", "duties": ["Model."],
    "skills": ["Statistics."], "stages": [1], "raci": {1: "R"}, "needed_from": "Level 0", "needed_level": 0,
    "needed_when": "From the first model.", "ways_in": ["An analyst learns."],
    "ways_out": ["Becomes an engineer."], **BASE,
}  # fmt: skip

THREAT = {
    "id": "tampering", "code": "T01", "name": "Tampering", "lead": "Tampering changes a model.", "stages": [8],
    "track": "both", "severity": 4, "example": "It happened in 2024.", "example_kind": "pattern",
    "safeguards": [{"text": "Deploy by script.", "level": 1, "owner": "data-scientist", "practices": ["script"]}],
    "owner": "data-scientist", **BASE,
}  # fmt: skip


def small_corpus() -> Corpus:
    raw: dict[str, list[dict[str, Any]]] = {
        "practice": PRACTICES,
        "tool": TOOLS,
        "maturity-model": MODELS,
        "role": [ROLE],
        "threat": [THREAT],
        "source": [{
            "id": "ours", "title": "Our judgement", "publisher": "Ours", "published": None, "accessed": "2026-11",
            "kind": "ours", "read": "full",
        }],
    }  # fmt: skip
    records = {kind: {r["id"]: model.model_validate(r) for r in raw.get(kind, [])} for kind, model in KINDS.items()}
    return Corpus(Path("."), "test", records, {})


def answers(
    ids: list[str], values: tuple[str, ...] = ("yes", "partly", "no", "unknown", "n/a")
) -> st.SearchStrategy[Any]:
    one = st.builds(PracticeAnswer, answer=st.sampled_from(values), evidence=st.sampled_from(["", "seen in Git"]))
    return st.dictionaries(st.sampled_from(ids), one, max_size=len(ids))


def profiles(corpus: Corpus) -> st.SearchStrategy[Profile]:
    """Profiles of every kind of organisation over the practices and tools of a corpus."""
    maybe = st.sampled_from([None, True, False])
    return st.builds(
        Profile,
        people=st.none() | st.integers(0, 100_000),
        industry=st.sampled_from([None, "healthtech", "retail"]),
        country=st.sampled_from([None, "Germany", "United States", "Peru"]),
        team=st.dictionaries(
            st.sampled_from(["data-scientist", "ml-engineer", "mlops-engineer", "data-engineer", "ai-engineer"]),
            st.integers(0, 40),
        ),
        risk=st.sampled_from([None, "minimal", "limited", "high"]),
        clouds=st.lists(st.sampled_from(["aws", "gcp", "azure", "on-prem"]), unique=True),
        self_host=maybe,
        kubernetes=maybe,
        models_in_production=st.none() | st.integers(0, 200),
        serving=st.lists(st.sampled_from(["batch", "online", "edge"]), unique=True),
        uses_ml=maybe,
        uses_llm=maybe,
        llm_use=st.lists(st.sampled_from(["prompting", "rag", "fine-tuning", "agents", "self-hosted"]), unique=True),
        user_facing=maybe,
        tools=st.lists(st.sampled_from([*corpus.records["tool"], "Some Unknown Tool"]), unique=True, max_size=4),
        budget=st.none() | st.floats(0, 1e8),
        capacity=st.none() | st.floats(0.5, 500),
        quarters=st.none() | st.integers(1, 12),
        requests_per_month=st.none() | st.integers(0, 10**9),
        practices=answers(list(corpus.records["practice"])),
    )
