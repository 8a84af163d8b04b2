"""What both sides of the comparison share: the questions, and how a figure is taken."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

QUESTIONS = [
    "How do we roll back a model?",
    "Who should we hire first?",
    "Which experiment tracker fits a small team?",
    "What does it cost to self-host an LLM?",
    "When is fine-tuning worth it?",
    "How do I notice drift without labels?",
    "What does Google's MLOps level 2 ask for?",
    "How do I protect a RAG system against prompt injection?",
    "What does an MLOps engineer earn in Germany?",
    "Do we need a feature store?",
    "Does the EU AI Act apply to a chatbot?",
    "How do we evaluate prompts before a release?",
]


def rss_mb() -> float:
    """The most memory this process has held, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20) if sys.platform == "darwin" else peak / 1024


def percentiles(seconds: list[float]) -> dict[str, float]:
    """p50 and p95 in milliseconds; empty where nothing was timed."""
    if not seconds:
        return {}
    ordered = sorted(seconds)
    return {
        "p50_ms": ordered[len(ordered) // 2] * 1e3,
        "p95_ms": ordered[int(len(ordered) * 0.95)] * 1e3,
        "n": float(len(ordered)),
    }


def retrieval(retrieve: Callable[[str], object], started: float, *, warm: bool) -> dict[str, float]:
    """Seconds from `started` to the first passages and, where `warm`, of each search after; memory at the end."""
    retrieve(QUESTIONS[0])
    first = time.perf_counter() - started
    times = []
    for question in QUESTIONS * 8 if warm else []:
        begun = time.perf_counter()
        retrieve(question)
        times.append(time.perf_counter() - begun)
    return {"first_passages_s": first, "rss_mb": rss_mb(), **percentiles(times)}


def emit(**figures: Any) -> None:
    """One measurement as a line of JSON, marked so that a library's own printing cannot be taken for it."""
    print("FIGURES " + json.dumps(figures), flush=True)
