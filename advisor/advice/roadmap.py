"""The smallest plan that reaches the target, in order, packed into quarters by capacity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from advisor.advice.facts import concerns, describe, setting, team_size
from advisor.advice.held import State, states
from advisor.advice.target import Target, target
from advisor.advice.words import count, finding, level_name, listed, lower_first, number, role_name, span
from advisor.knowledge.load import Corpus
from advisor.knowledge.records import Effort, Practice, Threat
from advisor.schema import Finding, Profile, Table, Value

WEEKS_A_QUARTER = 13
SHARE_FOR_IMPROVEMENT = 0.2
"""Share of a team's time that improvement work usually gets; our planning estimate."""
DEFAULT_TEAM = 2
DEFAULT_QUARTERS = 4
QUICK_WIN_WEEKS = 2.0


@dataclass(frozen=True)
class Item:
    """One practice of the plan. Quarters count from 1; both are 0 where it does not fit the horizon."""

    practice: Practice
    state: State
    effort: Effort
    start: int
    end: int
    risk: int
    """Summed severity (1 to 5 each) of the applicable threats that it answers."""
    needed_by: tuple[str, ...]

    @property
    def planned(self) -> float:
        """Person-weeks that the plan books: the middle of the range."""
        return (self.effort.low + self.effort.high) / 2


@dataclass(frozen=True)
class Plan:
    items: tuple[Item, ...]
    later: tuple[Item, ...]
    capacity: float
    """Person-weeks a quarter."""
    capacity_reason: str
    quarters: int
    load: tuple[float, ...]
    """Booked person-weeks in each quarter."""
    aim: Target

    @property
    def everything(self) -> tuple[Item, ...]:
        return self.items + self.later


def capacity(profile: Profile) -> tuple[float, str]:
    """Person-weeks a quarter for improvement work, and where the figure comes from."""
    if profile.capacity is not None:
        return profile.capacity, "the capacity you stated"
    team = team_size(profile)
    people = team or DEFAULT_TEAM
    weeks = round(people * WEEKS_A_QUARTER * SHARE_FOR_IMPROVEMENT, 1)
    who = f"{count(people, 'person', 'people')} on ML or LLM work" if team else "an assumed team of two"
    return weeks, f"a fifth of the time of {who}, our planning estimate"


def wanted(profile: Profile, corpus: Corpus, aim: Target, state: Mapping[str, State]) -> set[str]:
    """Ids of the smallest set of practices, closed under `requires`, whose holding reaches the target."""
    practices = {p.id: p for p in corpus.all(Practice)}
    goal = [p.id for p in practices.values() if in_target(p, profile, aim) and state[p.id] != "held"]
    chosen: set[str] = set()
    while goal:
        id = goal.pop()
        if id in chosen or id not in practices or state[id] in ("held", "excluded"):
            continue
        chosen.add(id)
        goal += practices[id].requires
    return chosen


def in_target(practice: Practice, profile: Profile, aim: Target) -> bool:
    """Whether the target asks for the practice; one whose condition nobody has confirmed is left out."""
    if not concerns(practice, profile):
        return False
    return any(
        d == practice.dimension and practice.track in (t, "both") and practice.level <= n
        for (t, d), n in aim.levels.items()
    )


def roadmap(profile: Profile, corpus: Corpus, aim: Target | None = None) -> Plan:
    """The plan from here to the target, dependencies first and value per effort within them."""
    aim = aim or target(profile, corpus)
    state = states(profile, corpus)
    practices = {p.id: p for p in corpus.all(Practice)}
    chosen = wanted(profile, corpus, aim, state)
    risks = risk_reduced(profile, corpus)
    efforts = {id: _effort(practices[id], state[id]) for id in chosen}
    dependants = {id: _reach(id, chosen, practices) for id in chosen}
    order = _ordered(chosen, practices, efforts, dependants, risks, state)
    weeks, reason = capacity(profile)
    quarters = profile.quarters or DEFAULT_QUARTERS
    slots, load = _pack(order, practices, efforts, weeks, quarters)
    items = [
        Item(
            practices[id],
            state[id],
            efforts[id],
            *slots[id],
            risks.get(id, 0),
            tuple(d for d in order if d in dependants[id]),
        )
        for id in order
    ]
    return Plan(
        tuple(sorted((i for i in items if i.start), key=lambda i: (i.start, order.index(i.practice.id)))),
        tuple(i for i in items if not i.start),
        weeks,
        reason,
        quarters,
        tuple(load),
        aim,
    )


def risk_reduced(profile: Profile, corpus: Corpus) -> dict[str, int]:
    """Practice id → summed severity of the threats that apply and that it answers."""
    answers: dict[str, set[str]] = {}
    severity: dict[str, int] = {}
    for threat in corpus.all(Threat):
        if concerns(threat, profile):
            severity[threat.id] = threat.severity
            for safeguard in threat.safeguards:
                for id in safeguard.practices:
                    answers.setdefault(id, set()).add(threat.id)
    for practice in corpus.all(Practice):
        answers.setdefault(practice.id, set()).update(t for t in practice.threats if t in severity)
    return {id: sum(severity[t] for t in threats) for id, threats in answers.items()}


def _effort(practice: Practice, state: State) -> Effort:
    """Half the effort where the practice is partly there; the low end may be nothing where nobody has looked."""
    if state == "partly":
        return Effort(low=practice.effort.low / 2, high=practice.effort.high / 2)
    return practice.effort


def _reach(id: str, chosen: set[str], practices: Mapping[str, Practice]) -> set[str]:
    """Everything in the plan that waits for `id`, directly or not."""
    found: set[str] = set()
    frontier = [id]
    while frontier:
        current = frontier.pop()
        for other in chosen:
            if other not in found and current in practices[other].requires:
                found.add(other)
                frontier.append(other)
    return found


def _ordered(
    chosen: set[str],
    practices: Mapping[str, Practice],
    efforts: Mapping[str, Effort],
    dependants: Mapping[str, set[str]],
    risks: Mapping[str, int],
    state: Mapping[str, State],
) -> list[str]:
    """Dependencies first; among what is ready, low levels and much risk for little work lead."""

    def priority(id: str) -> tuple[float, str]:
        weeks = (efforts[id].low + efforts[id].high) / 2
        # Capped, so that one practice named by many threats or steps does not crowd out the level's own basics.
        value = 4 * (5 - practices[id].level) + min(risks.get(id, 0), 10) + 2 * min(len(dependants[id]), 8)
        # A gap that somebody stated hurts now; an unanswered practice may be there already.
        known = 1.6 if state[id] in ("not-held", "partly", "implied") else 1.0
        return (-known * value / (weeks + 1), id)

    left, done = set(chosen), []
    while left:
        ready = [id for id in left if not any(r in left for r in practices[id].requires)]
        # A cycle cannot load, but advice must end even on a corpus that was not checked.
        best = min(ready or left, key=priority)
        done.append(best)
        left.remove(best)
    return done


def _pack(
    order: Iterable[str],
    practices: Mapping[str, Practice],
    efforts: Mapping[str, Effort],
    weeks: float,
    quarters: int,
) -> tuple[dict[str, tuple[int, int]], list[float]]:
    """(first, last) quarter of each item, (0, 0) where it does not fit, and the load of each quarter."""
    room = [weeks] * quarters
    slots: dict[str, tuple[int, int]] = {}
    for id in order:
        needs = [slots[r] for r in practices[id].requires if r in slots]
        if any(end == 0 for _, end in needs):
            slots[id] = (0, 0)
            continue
        earliest = max((end for _, end in needs), default=1)
        slots[id] = _place((efforts[id].low + efforts[id].high) / 2, earliest, room, weeks)
    return slots, [round(weeks - r, 6) for r in room]


def _place(work: float, earliest: int, room: list[float], weeks: float) -> tuple[int, int]:
    """Book `work` in one quarter, or across several where it is larger than a quarter's capacity."""
    if work <= weeks:
        for q in range(earliest - 1, len(room)):
            if room[q] >= work - 1e-9:
                room[q] = max(0.0, room[q] - work)
                return q + 1, q + 1
        return 0, 0
    free = [q for q in range(earliest - 1, len(room)) if room[q] > 1e-9]
    if sum(room[q] for q in free) < work:
        return 0, 0
    first = last = free[0]
    for q in free:
        taken = min(room[q], work)
        room[q] -= taken
        work -= taken
        last = q
        if work <= 1e-9:
            break
    return first + 1, last + 1


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
    unsure = [i for i in items if i.state == "unknown"]
    return finding(
        corpus,
        "roadmap.first-steps",
        "roadmap",
        "First steps",
        [
            f"{opening}, {start}" if opening else start,
            first.practice.lead,
            f"After that come {listed(lower_first(i.practice.title) for i in items[1:])}" if len(items) > 1 else "",
            "You have not said whether "
            + (
                "any of these is"
                if len(unsure) == len(items)
                else listed(lower_first(i.practice.title) for i in unsure)
            )
            + (" in place, so check that first" if len(unsure) == len(items) else " is in place, so check that first")
            if unsure
            else "",
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
            f"Most of the work lies with the {listed(role_name(corpus, o) for o in busiest)}" if busiest else "",
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
                    role_name(corpus, i.practice.owner),
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
