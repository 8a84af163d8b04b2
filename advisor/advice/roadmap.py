"""The smallest plan that reaches the target, in order, packed into quarters by capacity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from advisor.advice.facts import concerns, team_size
from advisor.advice.held import State, states
from advisor.advice.target import Target, target
from advisor.advice.words import count
from advisor.knowledge.load import Corpus
from advisor.knowledge.records import Effort, Practice, Threat
from advisor.schema import Profile

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
    """Practices on the way to the target, placed in quarters, and those that do not fit."""

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
        # What an agent or a retrieval index needs is about this organisation, and not about any.
        special = 1.4 if practices[id].applies_if != "always" else 1.0
        return (-known * special * value / (weeks + 1), id)

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
