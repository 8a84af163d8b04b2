"""What a profile says, in words, and which parts of the corpus are about it at all."""

from __future__ import annotations

from typing import Literal, TypeAlias

from advisor.advice.words import count, listed
from advisor.knowledge.load import Corpus
from advisor.knowledge.records import Condition, Practice, Role, Threat, Tool
from advisor.schema import PracticeAnswer, Profile

TrackName: TypeAlias = Literal["ml", "genai"]
TRACK_WORDS: dict[TrackName, str] = {"ml": "classical ML", "genai": "generative AI"}
ML_ROLES = {"data-scientist", "ml-engineer", "mlops-engineer", "data-engineer"}
_REGULATED = (
    "health", "med", "pharma", "bank", "financ", "fintech", "insur", "credit", "aviation", "energy", "public",
    "government", "defence", "defense", "hospital", "clinic",
)  # fmt: skip


def describe(profile: Profile, corpus: Corpus | None = None) -> list[str]:
    """The stated facts as short phrases, in a fixed order: `25 people`, `two data scientists`."""
    facts: list[str] = []
    if profile.industry:
        facts.append(f"the {profile.industry} sector")
    if profile.country:
        facts.append(f"based in {profile.country}")
    if profile.people is not None:
        facts.append(f"{profile.people:,} {'person' if profile.people == 1 else 'people'}")
    facts += [team_phrase(role, n, corpus) for role, n in sorted(profile.team.items())]
    if profile.models_in_production is not None:
        facts.append(models_phrase(profile.models_in_production))
    if profile.serving:
        facts.append(f"{listed(sorted(profile.serving))} serving")
    if profile.uses_ml is not None:
        facts.append("own predictive models" if profile.uses_ml else "no predictive models of your own")
    if profile.uses_llm is not None and not profile.llm_use:
        facts.append("LLM use" if profile.uses_llm else "no LLM use")
    if profile.llm_use:
        facts.append(f"LLM use: {listed(profile.llm_use)}")
    if profile.user_facing is not None:
        facts.append("output that reaches customers" if profile.user_facing else "output that stays inside")
    if profile.risk:
        facts.append(f"{profile.risk} risk")
    if profile.regulations:
        facts.append(f"regulation: {listed(regulation_name(corpus, r) for r in profile.regulations)}")
    if profile.clouds:
        facts.append(f"running on {listed(CLOUD_WORDS[c] for c in profile.clouds)}")
    if profile.self_host is not None:
        facts.append("everything self-hosted" if profile.self_host else "managed services allowed")
    if profile.data_residency:
        facts.append(f"data must stay in {profile.data_residency}")
    if profile.kubernetes is not None:
        facts.append("Kubernetes in use" if profile.kubernetes else "no Kubernetes")
    if profile.tools:
        facts.append(f"{listed(tool_name(corpus, t) for t in profile.tools)} in use")
    if profile.budget is not None:
        facts.append(f"a budget of USD {profile.budget:,.0f} a year")
    if profile.capacity is not None:
        facts.append(f"{profile.capacity:g} person-weeks a quarter")
    if profile.requests_per_month is not None:
        facts.append(f"{profile.requests_per_month:,} requests a month")
    return facts


CLOUD_WORDS = {"aws": "AWS", "gcp": "Google Cloud", "azure": "Azure", "on-prem": "your own hardware"}


def team_phrase(role: str, n: int, corpus: Corpus | None) -> str:
    """`two data scientists`."""
    record = corpus.records["role"].get(role) if corpus else None
    name = record.name.split(" (")[0].split(" / ")[0] if isinstance(record, Role) else role.replace("-", " ")
    name = name if any(c.isupper() for c in name.split()[0][1:]) else name[0].lower() + name[1:]
    return count(n, _ABBREVIATIONS.get(role, name))


_ABBREVIATIONS = {
    "ml-engineer": "ML engineer",
    "mlops-engineer": "MLOps engineer",
    "ai-engineer": "AI engineer",
    "ml-security": "ML security engineer",
    "ai-governance": "AI governance lead",
    "ai-product-manager": "AI product manager",
}


def models_phrase(n: int) -> str:
    """`one model in production`."""
    return f"{count(n, 'model')} in production"


def tool_name(corpus: Corpus | None, id: str) -> str:
    """What a reader calls a tool; the id itself where the corpus does not know it."""
    record = corpus.records["tool"].get(id) if corpus else None
    return record.name if isinstance(record, Tool) else id


def regulation_name(corpus: Corpus | None, id: str) -> str:
    """What a reader calls a regulation; the id itself where the corpus does not know it."""
    record = corpus.records["regulation"].get(id) if corpus else None
    return str(record.name) if record is not None and hasattr(record, "name") else id


def setting(profile: Profile, corpus: Corpus | None = None) -> str:
    """The two or three facts that size advice most, to open a sentence with; empty where none is known.

    `With 25 people, two data scientists and one model in production`
    """
    parts: list[str] = []
    if profile.people is not None:
        parts.append(f"{profile.people:,} {'person' if profile.people == 1 else 'people'}")
    team = sorted(((n, r) for r, n in profile.team.items() if n), key=lambda x: (-x[0], x[1]))
    parts += [team_phrase(r, n, corpus) for n, r in team[:2]]
    if profile.models_in_production is not None:
        parts.append(models_phrase(profile.models_in_production))
    return f"With {listed(parts)}" if parts else ""


def team_size(profile: Profile) -> int | None:
    """People working on ML or LLM systems; None where nobody said."""
    return sum(profile.team.values()) if profile.team else None


def regulated(profile: Profile) -> bool | None:
    """Whether a regulator or a high-risk use binds the organisation; None where nothing tells."""
    industry = (profile.industry or "").lower()
    if profile.regulations or profile.risk == "high" or any(word in industry for word in _REGULATED):
        return True
    return False if profile.risk else None


def tracks(profile: Profile) -> list[TrackName]:
    """The tracks to advise on: those known to be in use, or those not ruled out where none is known."""
    llm = profile.uses_llm if profile.uses_llm is not None else (True if profile.llm_use else None)
    ml = profile.uses_ml
    if ml is None and (profile.models_in_production or ML_ROLES & {r for r, n in profile.team.items() if n}):
        # An AI engineer with an LLM product has "models in production" too.
        ml = True if not llm or "data-scientist" in profile.team else None
    answers: list[tuple[TrackName, bool | None]] = [("ml", ml), ("genai", llm)]
    return [t for t, on in answers if on] or [t for t, on in answers if on is None]


def applies(condition: Condition, profile: Profile) -> bool | None:
    """Whether the organisation does what the condition names; None where nobody said."""
    match condition:
        case "always":
            return True
        case "regulated":
            return regulated(profile)
        case "online-serving":
            return "online" in profile.serving if profile.serving else None
        case "supervised-labels":
            return True if profile.uses_ml or profile.uses_llm or profile.llm_use else None
        case _:
            if profile.uses_llm is False:
                return False
            use = {"self-hosted-llm": "self-hosted"}.get(condition, condition)
            return use in profile.llm_use if profile.llm_use else None


def concerns(record: Practice | Threat, profile: Profile, track: TrackName | None = None) -> bool | None:
    """Whether a practice or threat is about this organisation (on this track); None where a fact is missing."""
    on = [track] if track else tracks(profile)
    if record.track != "both" and record.track not in on:
        return False
    return applies(record.applies_if, profile)


def infer(profile: Profile, corpus: Corpus) -> dict[str, PracticeAnswer]:
    """Answers that stated facts suggest, for people to confirm; they move no level until then."""
    proposals: dict[str, tuple[Literal["yes", "partly", "no"], str]] = {}
    practices = corpus.records["practice"]
    by_category = {
        "experiment-tracking": "experiment-tracking",
        "ci-cd": "application-ci",
        "data-validation": "data-validation-gates",
        "data-versioning": "dataset-versioning",
        "orchestration": "training-pipeline",
        "llm-observability": "llm-tracing",
        "llm-evaluation": "starter-golden-set",
        "guardrails": "layered-guardrails",
        "gateway": "model-gateway",
        "prompt-management": "prompt-registry",
    }
    for id in profile.tools:
        tool = corpus.records["tool"].get(id)
        if isinstance(tool, Tool) and (practice := by_category.get(tool.category)):
            proposals[practice] = ("partly", f"{tool.name} is in use")
    if "terraform" in profile.tools:
        proposals["infrastructure-as-code"] = ("partly", "Terraform is in use")
    if "mlops-engineer" in profile.team:
        n = profile.team["mlops-engineer"]
        proposals["mlops-specialist"] = ("yes" if n else "no", team_phrase("mlops-engineer", n, corpus))
    if profile.team.get("data-scientist") and profile.team.get("data-engineer"):
        proposals["cross-functional-pairing"] = ("partly", "data scientists and data engineers are both there")
    return {
        id: PracticeAnswer(answer=answer, evidence=why, provenance="inferred")
        for id, (answer, why) in sorted(proposals.items())
        if id in practices and _unanswered(profile, id)
    }


def _unanswered(profile: Profile, id: str) -> bool:
    said = profile.practices.get(id)
    return said is None or said.answer == "unknown"
