"""What changed between two saved assessments, and whether you, the corpus or the rules changed it.

Findings follow from profile, corpus and rules alone. So the present rules over the old profile
show what an unchanged organisation would read today: the step from the old finding to that one is
the work of corpus or rules, and the step from there to the new finding is yours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from advisor.advice import engine
from advisor.advice.assess import assessment_findings
from advisor.advice.cost_findings import cost_findings
from advisor.advice.roadmap_findings import roadmap_findings
from advisor.advice.staffing import staffing_findings
from advisor.advice.target import target_findings
from advisor.advice.threats import regulation_findings, threat_findings
from advisor.advice.words import number, record_title, span
from advisor.knowledge.load import Corpus
from advisor.schema import Finding, Profile, Value, Versions

Cause: TypeAlias = Literal["you", "corpus", "rules", "rules or corpus", "you, rules or corpus"]
CAUSE_WORDS: dict[Cause, str] = {
    "you": "your answers or facts changed",
    "corpus": "our corpus changed",
    "rules": "our rules changed",
    "rules or corpus": "our rules or our corpus changed; which of them cannot be told apart",
    "you, rules or corpus": "your facts, our rules or our corpus changed; the old rules are gone, so it cannot be told",
}


class Saved(Protocol):
    """What a saved assessment must have to be compared."""

    @property
    def profile(self) -> Profile: ...
    @property
    def findings(self) -> list[Finding]: ...
    @property
    def versions(self) -> Versions: ...


@dataclass(frozen=True)
class Change:
    """One step of one finding. `before` or `after` is empty where it came or went."""

    finding: str
    title: str
    kind: Literal["level", "finding"]
    """level: the numbers of a level moved; finding: any other advice."""
    before: str
    after: str
    cause: Cause
    reason: str


def recorded(profile: Profile, corpus: Corpus) -> list[Finding]:
    """The findings that an assessment keeps: everything computed from the profile alone, each once."""
    found = [
        *assessment_findings(profile, corpus),
        *target_findings(profile, corpus),
        *roadmap_findings(profile, corpus),
        *staffing_findings(profile, corpus),
        *cost_findings(profile, corpus),
        *threat_findings(profile, corpus),
        *regulation_findings(profile, corpus),
    ]
    return list({f.id: f for f in reversed(found)}.values())[::-1]


def diff(before: Saved, after: Saved, corpus: Corpus) -> list[Change]:
    """Every level and finding that differs, levels first, each step with its one cause.

    Both must have been saved with `recorded`'s findings. `corpus` is the present one.
    """
    old, new = _by_id(before.findings), _by_id(after.findings)
    outer = _outer_cause(before.versions, after.versions)
    facts = profile_changes(before.profile, after.profile, corpus)
    mine = f"{len(facts)} of your facts and answers differ" if facts else ""
    found: list[Change] = []
    ids = [id for id in (*new, *(i for i in old if i not in new)) if _shape(old.get(id)) != _shape(new.get(id))]
    if outer is None or before.profile == after.profile:
        cause: Cause = outer or "you"
        found = [_change(id, old.get(id), new.get(id), cause, mine) for id in ids]
    elif _present(after.versions, corpus):
        rerun = _by_id(recorded(before.profile, corpus))
        for id in ids:
            steps = ((old.get(id), rerun.get(id), outer), (rerun.get(id), new.get(id), "you"))
            found += [_change(id, a, b, c, mine) for a, b, c in steps if _shape(a) != _shape(b)]  # type: ignore[arg-type]
    else:
        # Neither side's rules are here any more: what the present ones tell apart is at least partly yours.
        then, now = (_by_id(recorded(s.profile, corpus)) for s in (before, after))
        for id in ids:
            yours = _shape(then.get(id)) != _shape(now.get(id))
            found.append(_change(id, old.get(id), new.get(id), "you, rules or corpus" if yours else outer, mine))
    return sorted(found, key=lambda c: c.kind != "level")


def profile_changes(before: Profile, after: Profile, corpus: Corpus) -> list[str]:
    """What differs between two profiles, in words: `People: 25 → 40`, `Model registry: no → yes`."""
    lines = []
    for field in type(before).model_fields:
        a, b = getattr(before, field), getattr(after, field)
        if field in ("practices", "provenance") or a == b:
            continue
        lines.append(f"{field.replace('_', ' ').capitalize()}: {_said(a)} → {_said(b)}")
    for id in sorted({*before.practices, *after.practices}):
        was, is_now = before.practices.get(id), after.practices.get(id)
        a, b = (x.answer if x else "not answered" for x in (was, is_now))
        proof = [bool(x and x.evidence.strip()) for x in (was, is_now)]
        if a != b:
            lines.append(f"{record_title(corpus, 'practice', id)}: {a} → {b}")
        elif proof[0] != proof[1]:
            lines.append(f"{record_title(corpus, 'practice', id)}: evidence {'added' if proof[1] else 'removed'}")
    return lines


def _said(value: object) -> str:
    if value is None or value in ([], {}):
        return "not said"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return number(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{n} {k.replace('-', ' ')}" for k, n in sorted(value.items()))
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _outer_cause(before: Versions, after: Versions) -> Cause | None:
    """Which of our versions differ; None where only the profile can have changed anything."""
    rules, corpus = before.rules != after.rules, before.corpus != after.corpus
    if rules and corpus:
        return "rules or corpus"
    return "rules" if rules else "corpus" if corpus else None


def _present(versions: Versions, corpus: Corpus) -> bool:
    return versions.rules == engine.RULES_VERSION and versions.corpus == corpus.version


def _by_id(findings: Sequence[Finding]) -> dict[str, Finding]:
    return {f.id: f for f in findings}


def _shape(finding: Finding | None) -> object:
    """What counts as the finding's content; its words repeat profile facts and would differ with each of them."""
    if finding is None:
        return None
    return finding.title, finding.values, finding.table, finding.docs


def _change(id: str, before: Finding | None, after: Finding | None, cause: Cause, mine: str) -> Change:
    known = after or before
    assert known is not None
    level = known.kind in ("level", "vendor-level", "gap", "target") and _values(before) != _values(after)
    a, b = _values(before), _values(after)
    if a == b:
        a, b = (f.text if f else "" for f in (before, after))
    reason = CAUSE_WORDS[cause] + (f" ({mine})" if mine and "you" in cause else "")
    return Change(id, known.title, "level" if level else "finding", a, b, cause, reason)


def _values(finding: Finding | None) -> str:
    """The finding's numbers in words, those of a single-level finding without its name."""
    if finding is None:
        return ""
    shown: list[Value] = finding.values
    if len(shown) == 1:
        return span(shown[0].low, shown[0].high, shown[0].unit)
    return "; ".join(f"{v.name} {span(v.low, v.high)}" for v in shown)
