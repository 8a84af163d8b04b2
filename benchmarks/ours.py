"""The product, measured the same way.

python -m benchmarks.ours index|cold|warm|answers|rules   (ADVISOR_HOME names the data directory)
"""

from __future__ import annotations

import sys
import time

from benchmarks.common import QUESTIONS, emit, percentiles, retrieval, rss_mb

STARTED = time.perf_counter()


def main(step: str) -> None:
    from advisor.config import load_settings
    from advisor.models.embedder import make_embedder

    settings = load_settings()
    embedder = make_embedder(settings)
    if step == "index":
        from advisor.index.build import build

        embedder.embed_query("the one-off ONNX export is not indexing")
        begun = time.perf_counter()
        manifest = build(settings, embedder)
        seconds = time.perf_counter() - begun
        emit(chunks=manifest.passages, seconds=seconds, chunks_per_second=manifest.embedded / seconds, rss_mb=rss_mb())
        return
    if step == "rules":
        from advisor.advice.held import assess
        from advisor.advice.roadmap import roadmap
        from advisor.knowledge.load import load
        from advisor.records.profile_yaml import profile_from_yaml

        corpus = load(settings.corpus)
        sample = settings.corpus.parent / "samples" / "bank-fraud-models.yaml"
        profile = profile_from_yaml(sample.read_text("utf-8"), sample)
        took: dict[str, list[float]] = {"assess": [], "roadmap": []}
        for _ in range(30):
            for name, rule in (("assess", assess), ("roadmap", roadmap)):
                begun = time.perf_counter()
                rule(profile, corpus)
                took[name].append(time.perf_counter() - begun)
        emit(**{f"{name}_ms": percentiles(times)["p50_ms"] for name, times in took.items()})
        return
    if step == "answers":
        from advisor.answer.pipeline import Advisor

        advisor = Advisor.open(settings)
        advisor.ask(QUESTIONS[0])
        spent = []
        for question in QUESTIONS * 4:
            begun = time.perf_counter()
            advisor.ask(question)
            spent.append(time.perf_counter() - begun)
        emit(rss_mb=rss_mb(), **percentiles(spent))
        return
    from advisor.answer.retrieve import HybridRetriever
    from advisor.index.open import open_index

    index = open_index(settings, embedder, "exact" if step == "cold" else "chroma")
    retriever = HybridRetriever(index, embedder)
    emit(**retrieval(retriever.retrieve, STARTED, warm=step == "warm"))


if __name__ == "__main__":
    main(sys.argv[1])
