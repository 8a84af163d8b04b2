"""Which practices are held, and the level intervals that follow.

A practice is held only where somebody answered yes. What nobody answered makes an
interval: its low end reads every unknown as no, its high end reads every unknown as yes.
An unknown practice whose prerequisite is not held is read as not held at both ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from advisor.advice.facts import TrackName, concerns, tracks
from advisor.knowledge.load import Corpus
from advisor.knowledge.records import Dimension, Practice
from advisor.schema import Profile

State: TypeAlias = Literal["held", "partly", "not-held", "implied", "unknown", "excluded"]
"""implied: not answered, but a practice it requires is not held. excluded: not about this organisation."""

OPEN_OR_HELD = ("held", "unknown")


@dataclass(frozen=True)
class Interval:
    """Levels from `low` (every unknown read as no) to `high` (every unknown read as yes)."""

    low: float
    high: float

    @property
    def width(self) -> float:
        return self.high - self.low


@dataclass(frozen=True)
class Cell:
    """One dimension on one track."""

    track: TrackName
    dimension: str
    interval: Interval
    practices: tuple[Practice, ...]
    blocking: tuple[Practice, ...]
    """Practices not known to be held at the level after `low`: what decides the next level."""


@dataclass(frozen=True)
class Assessment:
    """Everything the rules read out of the practice answers."""

    states: Mapping[str, State]
    cells: tuple[Cell, ...]
    evidenced: int
    answered: int
    applicable: int
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Excluded practice id → why."""

    def cell(self, track: TrackName, dimension: str) -> Cell:
        return next(c for c in self.cells if c.track == track and c.dimension == dimension)

    def track(self, track: TrackName) -> tuple[Cell, ...]:
        return tuple(c for c in self.cells if c.track == track)

    def overall(self, track: TrackName) -> Interval:
        """The weakest dimension's interval."""
        cells = self.track(track)
        return Interval(min(c.interval.low for c in cells), min(c.interval.high for c in cells))

    @property
    def coverage(self) -> float:
        """Share of applicable practices that somebody answered, 0 to 1."""
        return self.answered / self.applicable if self.applicable else 0.0


def states(profile: Profile, corpus: Corpus) -> dict[str, State]:
    """The state of every practice of the corpus."""
    practices = {p.id: p for p in corpus.all(Practice)}
    found: dict[str, State] = {}
    for id, practice in practices.items():
        said = profile.practices.get(id)
        answer = said.answer if said else "unknown"
        if answer == "yes":
            found[id] = "held"
        elif concerns(practice, profile) is False or answer == "n/a":
            found[id] = "excluded"
        elif answer == "unknown":
            found[id] = "unknown"
        else:
            found[id] = "partly" if answer == "partly" else "not-held"
    return imply(found, practices)


def imply(found: dict[str, State], practices: Mapping[str, Practice]) -> dict[str, State]:
    """The states with every unknown practice marked that requires one which is not held."""
    done: set[str] = set()

    def settle(id: str, path: tuple[str, ...] = ()) -> State:
        if id not in found or id in path:
            return "unknown"
        if id not in done:
            required = [settle(r, (*path, id)) for r in practices[id].requires]
            done.add(id)
            if found[id] == "unknown" and any(s in ("partly", "not-held", "implied") for s in required):
                found[id] = "implied"
        return found[id]

    for id in practices:
        settle(id)
    return found


def level_interval(practices: Iterable[Practice], state: Mapping[str, State]) -> Interval:
    """The highest level with every practice held there and below, at both readings of the unknowns."""
    low = high = 4
    for p in practices:
        s = state[p.id]
        if s in ("held", "excluded"):
            continue
        low = min(low, p.level - 1)
        if s != "unknown":
            high = min(high, p.level - 1)
    return Interval(low, high)


def assess(profile: Profile, corpus: Corpus) -> Assessment:
    """The level intervals of each dimension on each track in use."""
    practices = corpus.all(Practice)
    state = states(profile, corpus)
    cells = []
    for track in tracks(profile):
        for dimension in dimension_ids(corpus):
            own = tuple(p for p in practices if p.dimension == dimension and p.track in (track, "both"))
            if not own:
                continue
            interval = level_interval(own, state)
            blocking = tuple(p for p in own if p.level == interval.low + 1 and state[p.id] not in ("held", "excluded"))
            cells.append(Cell(track, dimension, interval, own, blocking))
    counted = [p for p in practices if state[p.id] != "excluded"]
    answered = [p for p in counted if state[p.id] not in ("unknown", "implied")]
    return Assessment(
        states=state,
        cells=tuple(cells),
        evidenced=sum(bool(profile.practices[p.id].evidence.strip()) for p in answered),
        answered=len(answered),
        applicable=len(counted),
        reasons={p.id: exclusion(profile, p) for p in practices if state[p.id] == "excluded"},
    )


def dimension_ids(corpus: Corpus) -> list[str]:
    """The dimensions in file order, or those that practices name where the corpus lists none."""
    return [d.id for d in corpus.all(Dimension)] or sorted({p.dimension for p in corpus.all(Practice)})


def exclusion(profile: Profile, practice: Practice) -> str:
    """Why a practice is not about this organisation."""
    said = profile.practices.get(practice.id)
    if said and said.answer == "n/a":
        return said.evidence or "you said that it does not apply"
    if practice.track != "both" and practice.track not in tracks(profile):
        return "you train no predictive models" if practice.track == "ml" else "you use no LLM"
    return f"it is about {CONDITION_WORDS.get(practice.applies_if, practice.applies_if)}, which you do not do"


CONDITION_WORDS = {
    "online-serving": "online serving",
    "supervised-labels": "labelled data",
    "rag": "retrieval-augmented generation",
    "agents": "agents",
    "fine-tuning": "fine-tuning",
    "self-hosted-llm": "self-hosted LLMs",
    "regulated": "regulated use",
}
