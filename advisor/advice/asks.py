"""Which missing facts this advice hangs on most, as questions to the user."""

from __future__ import annotations

from advisor.advice.facts import tracks
from advisor.schema import Intent, Profile

_QUESTIONS = {
    "team": "Who works on ML or LLM systems today, for example two data scientists and one data engineer?",
    "people": "How many people does your organisation have?",
    "models_in_production": "How many models or LLM applications run in production today?",
    "use": "Do you train your own predictive models, build on LLMs, or both?",
    "llm_use": "How do you use LLMs: prompts alone, retrieval (RAG), agents, fine-tuning, or models you host yourself?",
    "practices": "How does a model or prompt reach production today: by hand, by script, or by CI/CD?",
    "serving": "Do your models answer online, run in batches, or run at the edge?",
    "user_facing": "Do the outputs reach customers or the public?",
    "risk": "Does a regulation bind you, or can a wrong output harm somebody?",
    "clouds": "Which cloud do you run on, or is everything on your own hardware?",
    "self_host": "May you use managed services, or must everything be self-hosted?",
    "kubernetes": "Do you run Kubernetes already, with somebody who looks after it?",
    "tools": "Which tools do you use already?",
    "budget": "What can you spend a year on tools, platform and compute?",
    "capacity": "How many person-weeks a quarter can improvement work take?",
    "requests_per_month": "How many LLM requests a month do you expect?",
    "country": "In which country would you hire or operate?",
}

_WANTED: dict[Intent, tuple[str, ...]] = {
    "assess": ("use", "practices", "models_in_production", "team"),
    "next": ("use", "models_in_production", "practices", "team", "risk", "capacity"),
    "hire": ("team", "models_in_production", "use", "country", "people"),
    "tool": ("use", "tools", "clouds", "self_host", "kubernetes", "team"),
    "compare": ("clouds", "self_host", "kubernetes", "tools", "team"),
    "cost": ("team", "use", "requests_per_month", "models_in_production", "country", "budget"),
    "threat": ("use", "llm_use", "user_facing", "risk", "country"),
    "what-if": ("team", "models_in_production", "capacity"),
}


def asks(intent: Intent, profile: Profile) -> list[str]:
    """Up to three questions about facts that nobody has stated and that would sharpen this advice."""
    missing = [field for field in _WANTED.get(intent, ()) if _missing(field, profile)]
    return [_QUESTIONS[field] for field in missing[:3]]


def _missing(field: str, profile: Profile) -> bool:
    llm = bool(profile.uses_llm or profile.llm_use)
    match field:
        case "use":
            return not llm and profile.uses_ml is None and len(tracks(profile)) == 2
        case "llm_use":
            return profile.uses_llm is not False and not profile.llm_use
        case "requests_per_month":
            return llm and profile.requests_per_month is None
        case "risk":
            return profile.risk is None and not profile.regulations
        case _:
            return getattr(profile, field) in (None, [], {})
