"""Tools in words: a shortlist, a status, a comparison, a small stack that fits."""

from __future__ import annotations

from collections.abc import Sequence

from advisor.advice.facts import describe, setting, tool_name, tracks
from advisor.advice.tools import STATUS_WORDS, Shortlist, aimed_level, category_name, exclusion, score, shortlist
from advisor.advice.words import count, finding, listed, sentence
from advisor.knowledge.load import Corpus
from advisor.knowledge.records import Tool
from advisor.schema import Finding, Profile, Table, Value


def shortlist_findings(profile: Profile, corpus: Corpus, what: str | int) -> list[Finding]:
    """The pick with its runner-up, and what was left out and why."""
    result = shortlist(profile, corpus, what)
    facts, name = describe(profile, corpus), category_name(what)
    if not result.kept and not result.excluded:
        return []
    found = []
    if result.kept:
        first, rest = result.kept[0], result.kept[1:3]
        tool, opening = first.tool, setting(profile, corpus)
        good = [why for why, points in first.parts if points > 0]
        pick = (
            f"keep {tool.name} for {name}, because it is already in use"
            if tool.id in profile.tools
            else f"for {name} take {tool.name} first"
        )
        found.append(
            finding(
                corpus,
                "tools.shortlist",
                "tool",
                f"{sentence(name)[:-1]}: {tool.name}",
                [
                    f"{opening}, {pick}" if opening else pick,
                    tool.lead,
                    f"What speaks for it here: {listed(good)}" if facts and good else "",
                    f"Next on the list {'is' if len(rest) == 1 else 'are'} {listed(s.tool.name for s in rest)}"
                    if rest
                    else "",
                ],
                key=str(what),
                inputs=facts,
                values=[Value(name=s.tool.id, low=s.total, high=s.total, unit="points") for s in result.kept[:5]],
                table=Table(
                    columns=["Tool", "Points", "Why", "Licence", "Status"],
                    rows=[
                        [
                            s.tool.name,
                            f"{s.total:g}",
                            "; ".join(f"{why} {points:+g}" for why, points in s.parts),
                            s.tool.licence,
                            status_line(s.tool),
                        ]
                        for s in result.kept[:8]
                    ],
                ),
                doc_ids=[f"tool/{s.tool.id}" for s in result.kept[:3]],
                rank=6.0,
            )
        )
        if rest:
            found.append(_runner_up(corpus, tool, rest[0].tool, facts))
    if result.excluded:
        found.append(_excluded(corpus, name, result, facts))
    return found


def _runner_up(corpus: Corpus, first: Tool, second: Tool, facts: list[str]) -> Finding:
    return finding(
        corpus,
        "tools.runner-up",
        "tool",
        f"When {second.name} instead",
        [
            second.best_for,
            second.strengths,
            f"Know the limits of {first.name} before you decide",
            first.limits,
        ],
        key=second.id,
        inputs=facts,
        doc_ids=[f"tool/{second.id}", f"tool/{first.id}"],
        rank=5.0,
    )


def _excluded(corpus: Corpus, name: str, result: Shortlist, facts: list[str]) -> Finding:
    return finding(
        corpus,
        "tools.excluded",
        "tool",
        f"{sentence(name)[:-1]}: left out",
        [
            f"Left out for {name}: {'; '.join(reason for _, reason in result.excluded[:4])}"
            + (f"; and {len(result.excluded) - 4} more" if len(result.excluded) > 4 else ""),
            "" if result.kept else "Nothing is left under your limits, so loosen one of them or build the small part",
        ],
        key=name,
        inputs=facts,
        table=Table(columns=["Tool", "Why not"], rows=[[t.name, reason] for t, reason in result.excluded]),
        doc_ids=[f"tool/{t.id}" for t, _ in result.excluded[:3]],
        rank=3.0,
    )


def status_line(tool: Tool) -> str:
    """`active (2026-11)`: the status with the date of the fact."""
    return f"{STATUS_WORDS[tool.status]} ({tool.status_date or tool.version_date or tool.as_of})"


def status(corpus: Corpus, id: str) -> Finding:
    """Whether the tool is still a good choice, with the date of the fact and what to take instead."""
    tool = corpus.get(Tool, id)
    others = [a for a in tool.alternatives if a in corpus.records["tool"] and corpus.get(Tool, a).recommend]
    instead = listed([tool_name(corpus, a) for a in others[:3]], "or")
    date = tool.status_date or tool.version_date or tool.as_of
    if not tool.recommend:
        verdict = f"Do not choose {tool.name} for new work; it is {STATUS_WORDS[tool.status]} (as of {date})"
    elif tool.status in ("acquired", "relicensed"):
        verdict = (
            f"{tool.name} is still a sound choice, but it is {STATUS_WORDS[tool.status]} (since {date}), "
            "so read the terms first"
        )
    elif tool.status in ("slow", "maintenance", "dormant"):
        verdict = (
            f"{tool.name} still works, but it is {STATUS_WORDS[tool.status]} (as of {date}), so plan for a successor"
        )
    else:
        verdict = f"{tool.name} is a good choice within its limits (as of {date})"
    return finding(
        corpus,
        "tools.status",
        "status",
        f"{tool.name}: is it still a good choice?",
        [
            verdict,
            tool.status_note,
            f"Look at {instead} instead" if others and not tool.recommend else tool.limits if tool.recommend else "",
            "This rests on general knowledge that we did not re-check" if tool.general_knowledge else "",
        ],
        key=id,
        inputs=[tool.name],
        doc_ids=[f"tool/{id}", *(f"tool/{a}" for a in others[:2])],
        rank=7.0 if not tool.recommend else 4.0,
    )


def compare_tools(ids: Sequence[str], profile: Profile, corpus: Corpus) -> list[Finding]:
    """A table of the named tools and the one to take here, with each exclusion said."""
    tools = [corpus.get(Tool, i) for i in dict.fromkeys(ids) if i in corpus.records["tool"]]
    if len(tools) < 2:
        return []
    level = aimed_level(profile, corpus)
    kept = sorted(
        (score(t, profile, corpus, level) for t in tools if not exclusion(t, profile)),
        key=lambda s: (-s.total, s.tool.id),
    )
    out = [f"{reason}" for t in tools if (reason := exclusion(t, profile))]
    opening = setting(profile, corpus)
    same = len({t.category for t in tools}) == 1
    if kept:
        best = kept[0]
        shared = set.intersection(*({why for why, _ in s.parts} for s in kept)) if len(kept) > 1 else set()
        good = [why for why, points in best.parts if points > 0 and why not in shared]
        close = len(kept) > 1 and best.total - kept[1].total < 0.5
        say = (
            f"{best.tool.name} and {kept[1].tool.name} fit about equally well"
            if close
            else f"take {best.tool.name} of the {count(len(tools), 'tool')}"
        )
        lead = f"{opening}, {say}" if opening else say
        why = f"What sets {best.tool.name} apart: {listed(good)}" if good and not close else ""
        suits = "" if close else best.tool.best_for
    else:
        lead, why, suits = f"None of {listed(t.name for t in tools)} fits your limits", "", ""
    return [
        finding(
            corpus,
            "tools.compare",
            "comparison",
            " or ".join(t.name for t in tools),
            [
                lead,
                suits,
                why,
                f"Ruled out: {'; '.join(out)}" if out and kept else "; ".join(out),
                "" if same else "They do different jobs, so check first whether you need both",
            ],
            key="-".join(t.id for t in tools),
            inputs=describe(profile, corpus),
            values=[Value(name=s.tool.id, low=s.total, high=s.total, unit="points") for s in kept],
            table=Table(
                columns=["", *(t.name for t in tools)],
                rows=[
                    ["Best for", *(t.best_for for t in tools)],
                    ["Strengths", *(t.strengths for t in tools)],
                    ["Limits", *(t.limits for t in tools)],
                    ["Licence", *(t.licence for t in tools)],
                    ["Self-host", *(t.self_host for t in tools)],
                    ["Working levels", *(f"{t.level_from}–{t.level_to}" for t in tools)],
                    ["Status", *(status_line(t) for t in tools)],
                    ["Price", *(t.pricing for t in tools)],
                ],
            ),
            doc_ids=[f"tool/{t.id}" for t in tools],
            rank=8.0,
        ),
        *(
            finding(
                corpus,
                "tools.compare-one",
                "tool",
                t.name,
                [t.best_for, t.limits],
                key=t.id,
                inputs=[t.name],
                doc_ids=[f"tool/{t.id}"],
                rank=7.0 - i * 0.1,
            )
            for i, t in enumerate(tools[:4])
        ),
    ]


STACKS = {
    "ml": ("ci-cd", "experiment-tracking", "data-validation", "orchestration", "monitoring"),
    "genai": ("ci-cd", "llm-observability", "llm-evaluation", "vector-store", "guardrails"),
}
"""Categories that a first stack needs, in the order to add them."""


def combination(profile: Profile, corpus: Corpus) -> list[Finding]:
    """A small stack for each track that keeps what is there and adds the best fit for each gap."""
    found = []
    for track in tracks(profile):
        working = profile
        lines, picks = [], []
        for category in STACKS[track]:
            if category == "vector-store" and profile.llm_use and "rag" not in profile.llm_use:
                continue
            best = next(iter(shortlist(working, corpus, category).kept), None)
            if best is None:
                continue
            kept = best.tool.id in profile.tools
            picks.append(best.tool)
            # The host of the code decides its CI, which no score can know.
            name = best.tool.name if kept or category != "ci-cd" else "the CI of your Git host"
            lines.append([category_name(category), name, "keep" if kept else "add"])
            # The next pick should fit this one too.
            working = working.model_copy(update={"tools": [*working.tools, best.tool.id]})
        if not picks:
            continue
        kept_names = [row[1] for row in lines if row[2] == "keep"]
        new = [f"{row[1]} for {row[0]}" for row in lines if row[2] == "add"]
        opening = setting(profile, corpus)
        work = "classical ML" if track == "ml" else "LLM work"
        say = f"a small stack of {count(len(picks), 'tool')} is enough for {work}"
        found.append(
            finding(
                corpus,
                "tools.combination",
                "tool",
                f"A stack for {work}",
                [
                    f"{opening}, {say}" if opening else say,
                    f"Keep {listed(kept_names)}" if kept_names else "",
                    f"Add, in this order, {listed(new)}" if new else "",
                    "Add one only when the practice behind it is on your plan, because a tool does not make a practice",
                ],
                key=track,
                inputs=describe(profile, corpus),
                table=Table(columns=["Job", "Tool", "Step"], rows=lines),
                doc_ids=[f"tool/{t.id}" for t in picks],
                rank=5.0,
            )
        )
    return found
