"""The roadmap in words: first steps, the plan, each quarter, what comes later, what a change does."""

from __future__ import annotations

from advisor.advice.facts import describe, setting
from advisor.advice.roadmap import QUICK_WIN_WEEKS, Item, Plan, roadmap
from advisor.advice.staffing import who
from advisor.advice.words import count, finding, level_name, listed, lower_first, number, span
from advisor.knowledge.load import Corpus
from advisor.schema import Finding, Profile, Table, Value


def roadmap_findings(profile: Profile, corpus: Corpus, plan: Plan | None = None) -> list[Finding]:
    """The first steps, the plan in one paragraph, each quarter, and what comes later."""
    plan = plan or roadmap(profile, corpus)
    facts = describe(profile, corpus)
    if not plan.everything:
        aim = listed(level_name(corpus, plan.aim.highest(t), t) for t in dict.fromkeys(t for t, _ in plan.aim.levels))
        return [
            finding(
                corpus,
                "roadmap.done",
                "roadmap",
                "Nothing left on the way to the target",
                [f"By your answers you hold every practice up to {aim}, so keep the evidence fresh and stop here"],
                inputs=facts,
            )
        ]
    found = [_first_steps(profile, corpus, plan), _summary(profile, corpus, plan)]
    for quarter in range(1, plan.quarters + 1):
        items = [i for i in plan.items if i.start == quarter]
        if items:
            found.append(_quarter(corpus, plan, quarter, items, facts))
    if plan.later:
        found.append(_later(corpus, plan, facts))
    return found


def _first_steps(profile: Profile, corpus: Corpus, plan: Plan) -> Finding:
    items = [i for i in plan.items if i.end][:3] or list(plan.later[:3])
    first = items[0]
    opening = setting(profile, corpus)
    start = f"start with {lower_first(first.practice.title)}"
    unsaid = "You have not said yet which of these are in place, so check that first"
    if len(items) == 1:
        unsaid = "You have not said whether it is in place, so check that first"
    unsure = any(i.state == "unknown" for i in items)
    return finding(
        corpus,
        "roadmap.first-steps",
        "roadmap",
        "First steps",
        [
            f"{opening}, {start}" if opening else start,
            first.practice.lead,
            f"After that come {listed(lower_first(i.practice.title) for i in items[1:])}" if len(items) > 1 else "",
            unsaid if unsure else "",
        ],
        inputs=describe(profile, corpus),
        values=[_effort_value(i) for i in items],
        doc_ids=[f"practice/{i.practice.id}" for i in items],
        rank=6.0,
    )


def _summary(profile: Profile, corpus: Corpus, plan: Plan) -> Finding:
    low = sum(i.effort.low for i in plan.everything)
    high = sum(i.effort.high for i in plan.everything)
    owners: dict[str, float] = {}
    for item in plan.items:
        owners[item.practice.owner] = owners.get(item.practice.owner, 0.0) + item.planned
    busiest = sorted(owners, key=lambda o: (-owners[o], o))[:3]
    return finding(
        corpus,
        "roadmap.summary",
        "roadmap",
        "The plan",
        [
            f"The way to your target holds {count(len(plan.everything), 'practice')} and takes "
            f"{span(low, high, 'person-weeks')} in all, by our planning estimate",
            f"At {number(plan.capacity)} person-weeks a quarter ({plan.capacity_reason}), {len(plan.items)} of them "
            f"fit into {count(plan.quarters, 'quarter')}",
            f"Most of the work lies with the {listed(who(o, profile, corpus) for o in busiest)}" if busiest else "",
        ],
        inputs=describe(profile, corpus),
        values=[
            Value(name="effort", low=low, high=high, unit="person-weeks"),
            Value(name="capacity", low=plan.capacity, high=plan.capacity, unit="person-weeks a quarter"),
            Value(name="practices", low=len(plan.everything), high=len(plan.everything), unit="practices"),
            Value(name="practices in the horizon", low=len(plan.items), high=len(plan.items), unit="practices"),
            Value(name="quarters", low=plan.quarters, high=plan.quarters, unit="quarters"),
        ],
        table=Table(
            columns=["Quarter", "Practice", "Owner", "Person-weeks", "Level"],
            rows=[
                [
                    "later" if not i.start else f"Q{i.start}" if i.start == i.end else f"Q{i.start}–Q{i.end}",
                    i.practice.title,
                    who(i.practice.owner, profile, corpus),
                    span(i.effort.low, i.effort.high),
                    str(i.practice.level),
                ]
                for i in plan.everything
            ],
        ),
        doc_ids=[f"practice/{i.practice.id}" for i in plan.items[:4]],
        rank=5.5,
    )


def _quarter(corpus: Corpus, plan: Plan, quarter: int, items: list[Item], facts: list[str]) -> Finding:
    titles = [lower_first(i.practice.title) for i in items]
    quick = [i for i in items if i.planned <= QUICK_WIN_WEEKS and i.needed_by]
    risk = sum(i.risk for i in items)
    shown = listed([*titles[:5], f"{len(titles) - 5} more"] if len(titles) > 5 else titles)
    return finding(
        corpus,
        "roadmap.quarter",
        "roadmap",
        f"Quarter {quarter}",
        [
            f"In quarter {quarter} work on {shown}",
            f"This books {number(round(plan.load[quarter - 1], 1))} of {number(plan.capacity)} person-weeks",
            f"Quick wins that unlock other steps: {listed(lower_first(i.practice.title) for i in quick[:3])}"
            if quick
            else "",
            "These steps answer threats that apply to you" if risk else "",
        ],
        key=str(quarter),
        inputs=facts,
        values=[
            Value(
                name=f"quarter {quarter}",
                low=plan.load[quarter - 1],
                high=plan.load[quarter - 1],
                unit="person-weeks",
            ),
            *(_effort_value(i) for i in items),
        ],
        doc_ids=[f"practice/{i.practice.id}" for i in items[:5]],
        rank=5.0 - quarter * 0.1,
    )


def _later(corpus: Corpus, plan: Plan, facts: list[str]) -> Finding:
    return finding(
        corpus,
        "roadmap.later",
        "roadmap",
        "Later",
        [
            f"{count(len(plan.later), 'practice')} of the plan do not fit into {count(plan.quarters, 'quarter')} at "
            f"this capacity, beginning with {listed(lower_first(i.practice.title) for i in plan.later[:3])}",
            "Add capacity or quarters, or accept a lower target, rather than starting everything at once",
        ],
        inputs=facts,
        values=[_effort_value(i) for i in plan.later],
        doc_ids=[f"practice/{i.practice.id}" for i in plan.later[:3]],
        rank=3.0,
    )


def _effort_value(item: Item) -> Value:
    return Value(name=item.practice.id, low=item.effort.low, high=item.effort.high, unit="person-weeks")


def diff(before: Plan, after: Plan, corpus: Corpus) -> list[Finding]:
    """What a change of facts does to the plan: practices added, dropped, sooner and later."""
    old = {i.practice.id: i for i in before.everything}
    new = {i.practice.id: i for i in after.everything}
    added = [new[id] for id in new if id not in old]
    dropped = [old[id] for id in old if id not in new]
    horizon = max(before.quarters, after.quarters) + 1
    sooner = [new[i] for i in new if i in old and (new[i].end or horizon) < (old[i].end or horizon)]
    delayed = [new[i] for i in new if i in old and (new[i].end or horizon) > (old[i].end or horizon)]
    weeks = [sum(i.planned for i in p.everything) for p in (before, after)]
    text = [
        f"With that change the plan holds {count(len(new), 'practice')} instead of {len(old)}, and "
        f"{number(round(weeks[1], 1))} person-weeks instead of {number(round(weeks[0], 1))} (middle estimates)"
        if (len(new), weeks[1]) != (len(old), weeks[0])
        else "With that change the plan holds the same practices",
        f"Capacity goes from {number(before.capacity)} to {number(after.capacity)} person-weeks a quarter"
        if before.capacity != after.capacity
        else "",
        _change("New in the plan", added),
        _change("No longer needed", dropped),
        _change("Sooner", sooner),
        _change("Later", delayed),
    ]
    return [
        finding(
            corpus,
            "roadmap.diff",
            "roadmap",
            "What would change",
            text,
            values=[
                Value(name="practices before", low=len(old), high=len(old), unit="practices"),
                Value(name="practices after", low=len(new), high=len(new), unit="practices"),
                Value(name="effort before", low=weeks[0], high=weeks[0], unit="person-weeks"),
                Value(name="effort after", low=weeks[1], high=weeks[1], unit="person-weeks"),
            ],
            doc_ids=[f"practice/{i.practice.id}" for i in (*added, *sooner, *delayed)][:4],
            rank=9.0,
        )
    ]


def _change(what: str, items: list[Item]) -> str:
    if not items:
        return ""
    titles = [lower_first(i.practice.title) for i in items[:3]]
    return f"{what}: {listed([*titles, f'{len(items) - 3} more'] if len(items) > 3 else titles)}"
