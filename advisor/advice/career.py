"""How to get from one role to another."""

from __future__ import annotations

import re

from advisor.advice.words import article, finding, listed, lower_first, role_name
from advisor.knowledge.load import Corpus
from advisor.knowledge.records import Role, Stage
from advisor.schema import Finding


def career(from_role: str | None, to_role: str, corpus: Corpus) -> list[Finding]:
    """How to get from one role to another: what carries over, what to learn, which first step."""
    aim = corpus.get(Role, to_role)
    target = role_name(corpus, to_role)
    if from_role is None or from_role == to_role or from_role not in corpus.records["role"]:
        return [
            finding(
                corpus,
                "career.into",
                "career",
                f"Becoming {article(target)}",
                [f"{article(target)} needs {listed(_skill(s) for s in aim.skills[:4])}", *aim.ways_in[:2]],
                key=to_role,
                doc_ids=[f"role/{to_role}"],
                rank=5.0,
            )
        ]
    origin = corpus.get(Role, from_role)
    source = role_name(corpus, from_role)
    shared = sorted(set(origin.stages) & set(aim.stages))
    new = sorted(set(aim.stages) - set(origin.stages))
    way = _way(origin, aim, corpus)
    stage_names = {s.number: lower_first(s.name) for s in corpus.all(Stage)}
    neighbours = from_role in aim.merges_with or to_role in origin.merges_with
    return [
        finding(
            corpus,
            "career.path",
            "career",
            f"From {source} to {target}",
            [
                f"From {source} to {target} you bring experience of {listed(stage_names[n] for n in shared)}"
                if shared and set(shared) <= set(stage_names)
                else f"The two roles of {source} and {target} share little daily work",
                f"New to you {'is' if len(new) == 1 else 'are'} {listed(stage_names[n] for n in new)}"
                if new and set(new) <= set(stage_names)
                else "",
                way,
                f"Small teams let one person wear both hats, so ask for that first as {article(source)}"
                if neighbours
                else "",
            ],
            key=f"{from_role}:{to_role}",
            inputs=[source, target],
            doc_ids=[f"role/{to_role}", f"role/{from_role}"],
            rank=6.0,
        ),
        finding(
            corpus,
            "career.skills",
            "career",
            f"What {article(target)} must know",
            [
                f"Learn what {article(target)} is asked for: {listed(_skill(s) for s in aim.skills)}",
                f"Show it by doing one of its duties in your present job: {lower_first(aim.duties[0])}",
            ],
            key=f"{from_role}:{to_role}",
            inputs=[source, target],
            doc_ids=[f"role/{to_role}"],
            rank=5.0,
        ),
    ]


def _skill(text: str) -> str:
    return lower_first(text.rstrip("."))


def _way(origin: Role, aim: Role, corpus: Corpus) -> str:
    """The corpus's own sentence on this step, or the two sentences of the shortest detour."""
    if direct := _step(origin, aim):
        return direct
    for between in corpus.all(Role):
        first, second = _step(origin, between), _step(between, aim)
        if first and second:
            return (
                f"The usual way leads through the {role_name(corpus, between.id)} role: {lower_first(first)} {second}"
            )
    return ""


def _step(origin: Role, aim: Role) -> str:
    names = [n.lower() for n in (origin.name, *origin.also_called)]
    for sentence in aim.ways_in:
        # "An ML or data engineer" names two roles.
        plain = re.sub(r"(\w+) or (\w+) (engineer|scientist)", r"\1 \3 or \2 \3", sentence.lower())
        if any(n in plain for n in names):
            return sentence
    targets = [n.lower() for n in (aim.name, *aim.also_called)]
    return next((s for s in origin.ways_out if any(n in s.lower() for n in targets)), "")
