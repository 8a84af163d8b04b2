"""What can go wrong here, which safeguards are due now, and which rules may bind."""

from __future__ import annotations

from dataclasses import dataclass

from advisor.advice.facts import concerns, describe, regulated, setting, tracks
from advisor.advice.held import State, states
from advisor.advice.target import Target, target
from advisor.advice.vendor import missing_titles
from advisor.advice.words import count, finding, listed, lower_first, role_name
from advisor.knowledge.load import Corpus
from advisor.knowledge.records import Regulation, Safeguard, Threat
from advisor.schema import Finding, Profile, Table, Value

_EU = (
    "eu", "european union", "austria", "belgium", "bulgaria", "croatia", "cyprus", "czech", "denmark", "estonia",
    "finland", "france", "germany", "greece", "hungary", "ireland", "italy", "latvia", "lithuania", "luxembourg",
    "malta", "netherlands", "poland", "portugal", "romania", "slovakia", "slovenia", "spain", "sweden",
)  # fmt: skip
_US = ("us", "usa", "united states")


@dataclass(frozen=True)
class Exposure:
    """One threat that applies, with the safeguards that are due at the target level."""

    threat: Threat
    score: float
    due: tuple[Safeguard, ...]
    open: tuple[Safeguard, ...]
    """Due safeguards whose practices are not all known to be held."""


def exposures(profile: Profile, corpus: Corpus, aim: Target | None = None) -> list[Exposure]:
    """The threats that apply, worst first: severity, exposure and how much is still open."""
    aim = aim or target(profile, corpus)
    state = states(profile, corpus)
    level = max((aim.highest(t) for t in tracks(profile)), default=2)
    found = []
    for threat in corpus.all(Threat):
        if not concerns(threat, profile):
            continue
        due = tuple(s for s in threat.safeguards if s.level <= level)
        undone = tuple(s for s in due if not _done(s, state))
        share = len(undone) / len(due) if due else 1.0
        # A specific condition that holds (agents, RAG) says more about this organisation than "always".
        specific = 0.0 if threat.applies_if == "always" else 1.0
        exposed = 0.5 if profile.user_facing and 8 in threat.stages else 0.0
        found.append(Exposure(threat, threat.severity + specific + exposed + share, due, undone))
    return sorted(found, key=lambda e: (-e.score, e.threat.code))


def _done(safeguard: Safeguard, state: dict[str, State]) -> bool:
    return bool(safeguard.practices) and all(state.get(p) in ("held", "excluded") for p in safeguard.practices)


def threat_findings(profile: Profile, corpus: Corpus, ids: list[str] | None = None, n: int = 5) -> list[Finding]:
    """The threats asked about, or the n worst that apply, with their due safeguards; then the whole list."""
    facts = describe(profile, corpus)
    everything = exposures(profile, corpus)
    known = {e.threat.id: e for e in everything}
    if ids:
        asked = [known.get(i) or _bare(corpus, i) for i in ids if i in corpus.records["threat"]]
        return [
            _threat(corpus, e, facts, i, applies=concerns(e.threat, profile) is not False) for i, e in enumerate(asked)
        ]
    found = [_overview(profile, corpus, everything)] if everything else []
    return found + [_threat(corpus, e, facts, i) for i, e in enumerate(everything[:n])]


def _bare(corpus: Corpus, id: str) -> Exposure:
    threat = corpus.get(Threat, id)
    return Exposure(threat, threat.severity, tuple(threat.safeguards), tuple(threat.safeguards))


def _overview(profile: Profile, corpus: Corpus, found: list[Exposure]) -> Finding:
    opening = setting(profile, corpus)
    worst = [_short(e.threat) for e in found[:3]]
    undone = sum(len(e.open) for e in found)
    known = bool(profile.practices)
    return finding(
        corpus,
        "threats.overview",
        "threat",
        "What can go wrong",
        [
            f"{opening + ', ' if opening else ''}{count(len(found), 'threat')} of our list concern "
            f"{'you' if opening else 'work like yours'}, and the worst are {listed(worst)}",
            f"{undone} safeguards that are due at your target level are not known to be in place"
            if known
            else "You have not said which safeguards you hold, so each is counted as open",
            "Severity is our judgement of the harm where a threat applies, from 1 (nuisance) to 5 (existential)",
        ],
        inputs=describe(profile, corpus),
        values=[
            Value(name="threats that apply", low=len(found), high=len(found), unit="threats"),
            Value(name="open safeguards", low=undone if known else 0, high=undone, unit="safeguards"),
        ],
        table=Table(
            columns=["Threat", "Severity", "Open safeguards", "Owner"],
            rows=[
                [
                    e.threat.name,
                    str(e.threat.severity),
                    f"{len(e.open)} of {len(e.due)}",
                    role_name(corpus, e.threat.owner),
                ]
                for e in found
            ],
        ),
        doc_ids=[f"threat/{e.threat.id}" for e in found[:3]],
        rank=9.0,
    )


def _threat(corpus: Corpus, e: Exposure, facts: list[str], place: int, *, applies: bool = True) -> Finding:
    first = e.open[0] if e.open else None
    practices = [p for s in e.open for p in s.practices]
    return finding(
        corpus,
        "threats.threat",
        "threat",
        e.threat.name,
        [
            e.threat.lead,
            "By what you have told us it does not concern your work, so treat it as background" if not applies else "",
            f"Due now, with the {role_name(corpus, first.owner)} as owner: {lower_first(first.text)}"
            if first
            else "The safeguards due at your level are in place by your answers, so test them once a quarter",
            e.open[1].text if len(e.open) > 1 else "",
        ],
        key=e.threat.id,
        inputs=facts,
        values=[Value(name=f"severity {e.threat.id}", low=e.threat.severity, high=e.threat.severity, unit="of 5")],
        doc_ids=[f"threat/{e.threat.id}", *(f"practice/{p}" for p in dict.fromkeys(practices))][:3],
        rank=8.0 - place * 0.1,
    )


def _short(threat: Threat) -> str:
    return lower_first(threat.name)


def regulations(profile: Profile, corpus: Corpus) -> list[Regulation]:
    """Laws and standards that may matter, the stated ones first."""
    stated = {r.lower() for r in profile.regulations}
    country = (profile.country or "").lower()
    industry = (profile.industry or "").lower()
    scored = []
    for order, rule in enumerate(corpus.all(Regulation)):
        where = rule.jurisdiction.lower()
        points = 0
        if rule.id in stated or rule.name.lower() in stated:
            points += 8
        if any(country == c or (len(c) > 3 and c in country) for c in _EU) and "europ" in where:
            points += 4
        if country in _US and ("united states" in where or where == "us"):
            points += 2
        if industry and any(i.lower() in industry or industry in i.lower() for i in rule.industries):
            points += 2
        if regulated(profile) and "certif" in rule.applies_to.lower():
            points += 1
        if points:
            scored.append((-points, order, rule))
    return [rule for *_, rule in sorted(scored, key=lambda s: s[:2])]


def regulation_findings(profile: Profile, corpus: Corpus, n: int = 2) -> list[Finding]:
    """Hints on law and standards, never legal advice."""
    facts = describe(profile, corpus)
    return [
        finding(
            corpus,
            "threats.regulation",
            "regulation",
            rule.name,
            [
                rule.lead,
                f"Practices that prepare you for it: {listed(prepares)}"
                if (prepares := missing_titles(corpus, rule.practices[:3]))
                else "",
                "This is a pointer for your own review and not legal advice",
            ],
            key=rule.id,
            inputs=facts,
            doc_ids=[f"regulation/{rule.id}", *(f"practice/{p}" for p in rule.practices[:2])],
            rank=2.0 - i * 0.1,
        )
        for i, rule in enumerate(regulations(profile, corpus)[:n])
    ]
