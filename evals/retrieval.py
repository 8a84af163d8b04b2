"""Does retrieval find the right document? `python -m evals.retrieval`

Pairs of a question and the documents that answer it (grade 2: answers it; grade 1: helps)
are run through three arms over the same passages: dense alone, BM25 alone, and fused as the
product does it. A document's rank is that of its best passage.

The questions were written by the corpus's own authors. Where any arm missed, the first three
documents of all three arms were judged too, so that no arm gains from what the author forgot.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from evals.stats import Estimate, bootstrap, paired_bootstrap

if TYPE_CHECKING:
    from advisor.config import Settings

CASES = Path(__file__).parent / "cases" / "retrieval"
TOP = 10
PASSAGES = 60
"""How many passages each arm may look at before it names its ten documents."""
METRICS = ("recall@5", "nDCG@10", "MRR@10")


class Pair(BaseModel):
    """A question and the documents that answer it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    question: Annotated[str, Field(min_length=2)]
    docs: Annotated[dict[str, Literal[1, 2]], Field(min_length=1)]
    """Document id → 2 where it answers the question, 1 where it helps."""
    paraphrase: bool = False
    """The question shares no content word with the title of any document that answers it."""

    @property
    def answering(self) -> list[str]:
        return [id for id, grade in self.docs.items() if grade == 2]


Search = Callable[[str], list[str]]
"""A question → document ids, best first."""


@dataclass(frozen=True)
class Run:
    """What one arm returned for each pair, and each metric's value for each pair, in the pairs' order."""

    ranked: list[list[str]]
    scores: dict[str, list[float]]


def load_pairs(folder: Path = CASES) -> list[Pair]:
    """Every committed pair, in file order."""
    adapter = TypeAdapter(list[Pair])
    return [p for f in sorted(folder.glob("*.yaml")) for p in adapter.validate_python(yaml.safe_load(f.read_bytes()))]


def documents_of(passages: Iterable[str], n: int = TOP) -> list[str]:
    """The first n different documents of a ranked list of passages' document ids."""
    return list(dict.fromkeys(passages))[:n]


def arms(settings: Settings) -> dict[str, Search]:
    """The three arms over the built index. Raises AdvisorError where there is none."""
    from advisor.answer.retrieve import HybridRetriever
    from advisor.index.open import open_index
    from advisor.models.embedder import make_embedder

    embedder = make_embedder(settings)
    index = open_index(settings, embedder=embedder, store="exact")
    retriever = HybridRetriever(index, embedder)

    def dense(question: str) -> list[str]:
        expansion = index.glossary.expand(question)
        vector = embedder.embed_query(" ".join([expansion.query, *expansion.added[:2]]))
        return documents_of(index.passage(row).doc_id for row, _ in index.exact.search(vector, PASSAGES))

    def bm25(question: str) -> list[str]:
        scores = index.bm25.scores(index.glossary.expand(question).text)
        rows = [int(r) for r in np.argsort(-scores, kind="stable")[:PASSAGES] if scores[r] > 0]
        return documents_of(index.passage(row).doc_id for row in rows)

    def fused(question: str) -> list[str]:
        return documents_of(hit.passage.doc_id for hit in retriever.retrieve(question, k=PASSAGES))

    return {"dense": dense, "BM25": bm25, "fused": fused}


def run(pairs: Sequence[Pair], search: Search) -> Run:
    """One arm over every pair; a question that finds nothing scores zero, it is not left out."""
    ranked = [search(p.question) for p in pairs]
    return Run(ranked, score(pairs, ranked))


def score(pairs: Sequence[Pair], ranked: Sequence[Sequence[str]]) -> dict[str, list[float]]:
    """Metric → its value for each pair. Recall and MRR count documents of grade 2; nDCG counts both grades."""
    import ir_measures
    from ir_measures import RR, Qrel, R, ScoredDoc, nDCG

    qrels = [Qrel(str(i), id, grade) for i, p in enumerate(pairs) for id, grade in p.docs.items()]
    found = [ScoredDoc(str(i), id, float(-at)) for i, ids in enumerate(ranked) for at, id in enumerate(ids)]
    measures = dict(zip(METRICS, (R(rel=2) @ 5, nDCG @ 10, RR(rel=2) @ 10), strict=True))
    names = {str(m): name for name, m in measures.items()}
    values = {name: [0.0] * len(pairs) for name in METRICS}
    for metric in ir_measures.iter_calc(list(measures.values()), qrels, found):
        values[names[str(metric.measure)]][int(metric.query_id)] = float(metric.value)
    return values


def unreached(pairs: Sequence[Pair], ranked: Sequence[Sequence[str]], documents: Iterable[str]) -> list[str]:
    """Documents that no pair naming them found among the first ten."""
    reached = {id for p, ids in zip(pairs, ranked, strict=True) for id in p.docs if id in ids}
    return [id for id in documents if id not in reached]


def summary(pairs: Sequence[Pair], runs: Mapping[str, Run]) -> dict[str, dict[str, dict[str, Estimate]]]:
    """Slice → arm or difference → metric → estimate."""
    slices = {"all": list(range(len(pairs))), "paraphrased": [i for i, p in enumerate(pairs) if p.paraphrase]}
    table: dict[str, dict[str, dict[str, Estimate]]] = {}
    for name, at in slices.items():
        values = {arm: {m: [r.scores[m][i] for i in at] for m in METRICS} for arm, r in runs.items()}
        table[name] = {arm: {m: bootstrap(v[m]) for m in METRICS} for arm, v in values.items()}
        for other in [arm for arm in values if arm != "fused" and "fused" in values]:
            table[name][f"fused − {other}"] = {
                m: paired_bootstrap(values["fused"][m], values[other][m]) for m in METRICS
            }
    return table


def report(pairs: Sequence[Pair], runs: Mapping[str, Run], documents: Iterable[str]) -> str:
    """The figures as text."""
    lines: list[str] = []
    for name, rows in summary(pairs, runs).items():
        n = next(iter(rows.values()))[METRICS[0]].n
        lines += [f"{name} (n = {n}; 95 % bootstrap intervals)", f"  {'':14}" + "".join(f"{m:24}" for m in METRICS)]
        lines += [f"  {arm:14}" + "".join(f"{e[m]!s:24}" for m in METRICS) for arm, e in rows.items()]
        lines.append("")
    missed = unreached(pairs, runs["fused"].ranked, documents)
    lines.append(f"{len(missed)} documents that no pair reaches in the first ten" + (":" if missed else "."))
    return "\n".join([*lines, *(f"  {id}" for id in missed)])


def main(argv: Sequence[str] | None = None) -> int:
    """Print the figures; 1 where fused retrieval falls under the floor."""
    parser = argparse.ArgumentParser(prog="python -m evals.retrieval", description=__doc__)
    parser.add_argument("--floor", type=float, default=0.0, help="least recall@5 of the fused arm")
    parser.add_argument("--misses", action="store_true", help="list the questions whose documents were not found")
    parser.add_argument("--json", type=Path, help="write every pair's ranks and scores to this file")
    args = parser.parse_args(argv)

    from advisor.config import load_settings
    from advisor.errors import AdvisorError
    from advisor.knowledge.load import load
    from advisor.knowledge.render import render

    settings = load_settings()
    pairs = load_pairs()
    try:
        documents = render(load(settings.corpus))
        runs = {name: run(pairs, search) for name, search in arms(settings).items()}
    except AdvisorError as e:
        print(e, file=sys.stderr)
        return 2
    print(report(pairs, runs, documents))
    if args.misses:
        for p, ids in zip(pairs, runs["fused"].ranked, strict=True):
            if not set(p.answering) & set(ids[:5]):
                print(f"  missed: {p.question} → wanted {p.answering}, got {ids[:5]}")
    if args.json:
        args.json.write_text(json.dumps(_dump(pairs, runs), ensure_ascii=False, indent=1), "utf-8")
    return int(bootstrap(runs["fused"].scores["recall@5"]).value < args.floor)


def _dump(pairs: Sequence[Pair], runs: Mapping[str, Run]) -> list[dict[str, Any]]:
    return [
        {
            **p.model_dump(),
            **{arm: {"ranked": r.ranked[i], **{m: r.scores[m][i] for m in METRICS}} for arm, r in runs.items()},
        }
        for i, p in enumerate(pairs)
    ]


if __name__ == "__main__":
    sys.exit(main())
