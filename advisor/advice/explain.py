"""What a named thing means for this profile: a practice, a maturity model, a dimension."""

from __future__ import annotations

from advisor.advice.facts import describe
from advisor.advice.held import Assessment, assess
from advisor.advice.roadmap import in_target
from advisor.advice.target import target
from advisor.advice.vendor import missing_titles
from advisor.advice.words import finding, listed, role_name, span
from advisor.knowledge.load import Corpus
from advisor.knowledge.records import MaturityModel, Mismatch, Practice
from advisor.schema import Finding, Profile, Table, Value

_STATE = {
    "held": "You say that you hold this practice",
    "partly": "You say that this is partly in place",
    "not-held": "You say that this is not in place",
    "implied": "This is not in place, because a practice that it requires is not",
}


def practice_finding(profile: Profile, corpus: Corpus, id: str, assessment: Assessment | None = None) -> Finding:
    """Whether a practice is held, due or for later here, with its effort and owner."""
    assessment = assessment or assess(profile, corpus)
    practice, state = corpus.get(Practice, id), assessment.states[id]
    due = in_target(practice, profile, target(profile, corpus))
    lacking = [r for r in practice.requires if assessment.states.get(r) not in ("held", "excluded")]
    verdict = (
        f"It does not concern you, because {assessment.reasons[id]}"
        if state == "excluded"
        else "It belongs to your target level, so it is due"
        if due and state != "held"
        else ""
        if state == "held"
        else "It lies beyond your target level, so it can wait"
    )
    return finding(
        corpus,
        "explain.practice",
        "gap" if due and state != "held" else "status",
        practice.title,
        [
            _STATE.get(state, ""),
            verdict,
            f"Plan {span(practice.effort.low, practice.effort.high, 'person-weeks')} for it, our planning estimate, "
            f"with the {role_name(corpus, practice.owner)} as owner"
            if state != "excluded"
            else "",
            f"Before it comes {listed(missing_titles(corpus, lacking))}" if lacking and state != "excluded" else "",
        ],
        key=id,
        inputs=describe(profile, corpus),
        values=[Value(name=id, low=practice.effort.low, high=practice.effort.high, unit="person-weeks")],
        doc_ids=[f"practice/{id}", *(f"practice/{r}" for r in lacking[:2])],
        rank=5.0,
    )


def compare_models(ids: list[str], corpus: Corpus) -> list[Finding]:
    """Two or more maturity models side by side, and where they order the same bricks differently."""
    models = [corpus.get(MaturityModel, i) for i in dict.fromkeys(ids) if i in corpus.records["maturity-model"]]
    if len(models) < 2:
        return []
    names = [m.name for m in models]
    clashes = [m for m in corpus.all(Mismatch) if sum(x.id in m.models for x in models) >= 2]
    sizes = listed(f"{m.name} has {len(m.levels)} levels" for m in models if m.levels)
    found = [
        finding(
            corpus,
            "explain.compare-models",
            "comparison",
            " and ".join(names),
            [
                f"{sizes}, and the numbers do not mean the same" if sizes else f"{listed(names)} do not share a scale",
                *(m.lead for m in models[:2]),
            ],
            key="-".join(m.id for m in models),
            inputs=names,
            table=Table(
                columns=["", *names],
                rows=[
                    ["Publisher", *(m.publisher for m in models)],
                    ["Scope", *(m.scope for m in models)],
                    [
                        "Levels",
                        *("; ".join(f"{lv.number} {lv.name}" for lv in m.levels) or "not known" for m in models),
                    ],
                    ["Limits", *(m.limits[0] for m in models)],
                ],
            ),
            doc_ids=[f"maturity-model/{m.id}" for m in models],
            rank=8.0,
        )
    ]
    return found + [
        finding(
            corpus,
            "explain.mismatch",
            "comparison",
            m.title,
            [m.lead, m.detail],
            key=m.id,
            inputs=names,
            doc_ids=[f"mismatch/{m.id}"],
            rank=7.0 - i * 0.1,
        )
        for i, m in enumerate(clashes[:3])
    ]
