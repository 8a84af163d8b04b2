"""How far is far enough: a target level for each dimension, with reasons, and what not to do yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from advisor.advice.facts import (
    TRACK_WORDS,
    TrackName,
    describe,
    models_phrase,
    regulated,
    setting,
    team_size,
    tracks,
)
from advisor.advice.held import dimension_ids
from advisor.advice.words import count, finding, level_doc, listed
from advisor.knowledge.load import Corpus
from advisor.knowledge.records import Level
from advisor.schema import Finding, Profile, Table, Value


@dataclass(frozen=True)
class Target:
    """The level worth reaching, by (track, dimension), and the sentences that say why."""

    levels: Mapping[tuple[TrackName, str], int]
    reasons: Mapping[tuple[TrackName, str], tuple[str, ...]]

    def highest(self, track: TrackName) -> int:
        return max((n for (t, _), n in self.levels.items() if t == track), default=0)

    def base(self, track: TrackName) -> int:
        """The level most dimensions of the track should reach."""
        found = sorted(n for (t, _), n in self.levels.items() if t == track)
        return found[len(found) // 2] if found else 0


def target(profile: Profile, corpus: Corpus) -> Target:
    """Target levels from models in production, team, exposure, risk and LLM use."""
    levels: dict[tuple[TrackName, str], int] = {}
    reasons: dict[tuple[TrackName, str], tuple[str, ...]] = {}
    for track in tracks(profile):
        base, why = _base(profile, track)
        for dimension in dimension_ids(corpus):
            level, more = _adjusted(profile, track, dimension, base)
            levels[track, dimension] = level
            reasons[track, dimension] = (*why, *more)
    return Target(levels, reasons)


def _base(profile: Profile, track: TrackName) -> tuple[int, list[str]]:
    """The level that the number of systems and people asks for, with its reasons."""
    n, team = profile.models_in_production, team_size(profile)
    if track == "genai":
        if profile.user_facing is False and profile.llm_use in ([], ["prompting"]) and not regulated(profile):
            return 1, ["LLM prompts that only colleagues use need versioned prompts, a test set and spending limits"]
        return 2, ["an LLM application that matters needs traced calls, an evaluation gate and guardrails"]
    if n is None:
        return 2, ["level 2 is the usual aim for the first models in production"]
    if n == 0:
        return 1, ["nothing runs in production yet, so repeatable basics come first"]
    if n < 3:
        return 2, [f"{models_phrase(n)} can be retrained by a repeatable job and released by hand with a script"]
    if n >= 10 and team is not None and team >= 15:
        return 4, [f"{models_phrase(n)} and {count(team, 'person', 'people')} repay a shared platform"]
    if team is not None and team < 3:
        few = count(team, "person", "people")
        return 2, [f"{models_phrase(n)} would repay level 3, but {few} cannot run its automation yet"]
    return 3, [f"with {models_phrase(n)}, release by hand becomes the bottleneck"]


def _adjusted(profile: Profile, track: TrackName, dimension: str, base: int) -> tuple[int, list[str]]:
    """The base level moved by what this dimension feels first: exposure, regulation, size."""
    level, why = base, []
    team = team_size(profile)
    exposed = profile.user_facing or "online" in profile.serving
    if dimension == "governance" and regulated(profile) and level < 3 and profile.models_in_production != 0:
        level = 3
        why.append("regulated or high-risk use needs an inventory, approvals and an audit trail")
    if dimension == "monitoring" and level == 2 and (regulated(profile) or (exposed and track == "ml")):
        level = 3
        why.append(
            "regulated or high-risk use needs alerts on drift and slices"
            if regulated(profile)
            else "wrong output is felt at once, so drift and slices need alerts"
        )
    if track == "genai" and "agents" in profile.llm_use and dimension in ("monitoring", "governance", "release"):
        level = max(level, 3)
        why.append("agents act, so their limits, traces and releases need level 3")
    if track == "genai" and profile.user_facing and profile.llm_use and dimension in ("monitoring", "governance"):
        level = max(level, 3)
        why.append("LLM answers that reach customers need live evaluation and red teaming")
    if dimension == "people":
        ceiling = 4 if team is not None and team >= 15 else 3 if team is not None and team >= 5 else 2
        if level > ceiling:
            level = ceiling
            why.append("a dedicated MLOps or platform role does not pay off at this team size")
    if level == 4 and dimension in ("data", "governance") and not regulated(profile):
        level = 3
        why.append("level 4 here repays only regulated or very large estates")
    return level, why


def target_findings(profile: Profile, corpus: Corpus) -> list[Finding]:
    """The target of each track, where to stop, and what not to do yet."""
    aim = target(profile, corpus)
    found = [_target_finding(profile, corpus, aim, t) for t in tracks(profile) if aim.highest(t)]
    return [*found, *_stop_here(profile, corpus, aim), *not_yet(profile, corpus, aim)]


def _target_finding(profile: Profile, corpus: Corpus, aim: Target, track: TrackName) -> Finding:
    mark = "" if track == "ml" else "G"
    by_level: dict[int, list[str]] = {}
    for (t, dimension), level in aim.levels.items():
        if t == track:
            by_level.setdefault(level, []).append(dimension)
    opening = setting(profile, corpus)
    parts = [f"working level {mark}{n} in {listed(dims)}" for n, dims in sorted(by_level.items(), reverse=True)]
    base = aim.base(track)
    common = aim.reasons[track, next(d for (t, d) in aim.levels if t == track)]
    special = dict.fromkeys(r for (t, _), why in aim.reasons.items() if t == track for r in why[1:])
    text = [
        f"{opening}, aim for {listed(parts)}"
        if opening
        else f"For a first production system in {TRACK_WORDS[track]}, aim for {listed(parts)}",
        f"The reason is that {common[0]}",
        f"Beyond that, {'; '.join(special)}" if special else "",
        "Targets are our judgement and follow your facts; they move when the facts do",
    ]
    return finding(
        corpus,
        "target.level",
        "target",
        f"Target, {TRACK_WORDS[track]}",
        text,
        key=track,
        inputs=describe(profile, corpus),
        values=[
            Value(name=f"target {d} {track}", low=n, high=n, unit="working level")
            for (t, d), n in aim.levels.items()
            if t == track
        ],
        table=Table(
            columns=["Dimension", "Target", "Why"],
            rows=[
                [d.capitalize(), f"{mark}{n}", "; ".join(aim.reasons[t, d])]
                for (t, d), n in aim.levels.items()
                if t == track
            ],
        ),
        doc_ids=[level_doc(corpus, base), level_doc(corpus, aim.highest(track)), "guide/small-team-mlops"],
        rank=5.0,
    )


_GENAI_STOP = {
    1: "Stay there while only colleagues use the output and a wrong answer costs minutes",
    2: "Stay there while one or two LLM applications run, changes are weekly at most and no agent acts on its own",
    3: "Stay there until several teams share prompts, gateways and test sets; only then does G4 repay its upkeep",
}


def _stop_here(profile: Profile, corpus: Corpus, aim: Target) -> list[Finding]:
    found = []
    by_level: dict[int, list[TrackName]] = {}
    for track in tracks(profile):
        by_level.setdefault(aim.base(track), []).append(track)
    for top, on in by_level.items():
        level = next((lv for lv in corpus.all(Level) if lv.number == top), None)
        if level is None or not 0 < top < 4:
            continue
        higher = any(n > top for (t, _), n in aim.levels.items() if t in on)
        found.append(
            finding(
                corpus,
                "target.stop-here",
                "stop",
                f"Where to stop, {listed(TRACK_WORDS[t] for t in on)}",
                [
                    f"{'In most dimensions stop' if higher else 'Stop'} at working level "
                    f"{listed(f'{top}' if t == 'ml' else f'G{top}' for t in on)} for now; a higher level is not a "
                    "better one unless your facts ask for it",
                    level.stop_here_when if "ml" in on else _GENAI_STOP[top],
                ],
                key="-".join(on),
                inputs=describe(profile, corpus),
                values=[Value(name="stop", low=top, high=top, unit="working level")],
                doc_ids=[f"level/{level.id}"],
                rank=4.0,
            )
        )
    return found


@dataclass(frozen=True)
class _NotYet:
    key: str
    title: str
    text: tuple[str, ...]
    docs: tuple[str, ...]
    rank: float


def not_yet(profile: Profile, corpus: Corpus, aim: Target | None = None) -> list[Finding]:
    """What this organisation should leave alone for now, each with what would change that."""
    aim = aim or target(profile, corpus)
    return [
        finding(
            corpus,
            "target.not-yet",
            "stop",
            item.title,
            item.text,
            key=item.key,
            inputs=describe(profile, corpus),
            doc_ids=item.docs,
            rank=item.rank,
        )
        for item in _not_yet(profile, aim)
    ]


def _not_yet(profile: Profile, aim: Target) -> list[_NotYet]:
    items: list[_NotYet] = []
    n, on = profile.models_in_production, tracks(profile)
    team, opening = team_size(profile), setting(profile)
    here = f"{opening}, leave" if opening else "Leave"
    if "ml" in on and (n is None or n < 3 or (profile.serving and "online" not in profile.serving)):
        items.append(
            _NotYet(
                "feature-store",
                "No feature store yet",
                (
                    f"{here} a feature store for later",
                    "It pays off once at least three of these hold: real-time features, several models that share "
                    "them, incidents of training-serving skew, and a team to run the store",
                ),
                ("practice/shared-feature-definitions", "guide/training-serving-skew", "tool/feast"),
                3.0,
            )
        )
    platform = profile.team.get("platform-engineer", 0) + profile.team.get("mlops-engineer", 0)
    if profile.kubernetes is not True and not platform:
        items.append(
            _NotYet(
                "kubernetes",
                "No Kubernetes for ML yet",
                (
                    f"{here} Kubernetes alone until a platform or MLOps engineer is there to run it",
                    "A container service of your cloud or a plain virtual machine serves the first models at a "
                    "fraction of the upkeep",
                ),
                (
                    "guide/kubernetes-or-not",
                    "tool/kubernetes",
                    "practice/infrastructure-as-code",
                    "practice/packaged-scoring-code",
                ),
                2.5,
            )
        )
    if "genai" in on and not profile.self_host and "self-hosted" not in profile.llm_use:
        volume = profile.requests_per_month
        traffic = f"With {volume:,} requests a month" if volume is not None else "Until load is high and steady"
        if volume is None or volume < 1_000_000:
            items.append(
                _NotYet(
                    "own-gpus",
                    "No GPUs of your own yet",
                    (
                        f"{traffic}, use a hosted model API rather than serving an open model on your own GPUs",
                        "Data residency, offline use, latency or custom weights are the reasons that would change this",
                    ),
                    ("practice/self-hosted-llm-serving", "tool/vllm"),
                    2.4,
                )
            )
        if "fine-tuning" not in profile.llm_use:
            items.append(
                _NotYet(
                    "fine-tuning",
                    "No fine-tuning yet",
                    (
                        "Leave fine-tuning until prompts and retrieval have stopped improving on your own test set",
                        "A tuned model must be redone each time its base model retires",
                    ),
                    ("guide/rag-or-fine-tune", "adaptation/fine-tuning", "practice/fine-tuning-discipline"),
                    2.0,
                )
            )
    if "ml" in on and aim.levels.get(("ml", "monitoring"), 0) < 4:
        items.append(
            _NotYet(
                "automatic-retraining",
                "No automatic retraining yet",
                (
                    "Leave retraining on drift alerts for later, because automation multiplies whatever quality "
                    "is there",
                    "It is safe once you can rebuild the current model from scratch, data is versioned, metrics "
                    "track the business outcome and approval is defined",
                ),
                (
                    "practice/trigger-driven-retraining",
                    "practice/reproducible-training",
                    "practice/continuous-training",
                ),
                1.5,
            )
        )
    if (
        n is not None
        and n < 3
        and not regulated(profile)
        and not profile.team.get("mlops-engineer")
        and (team or 0) < 7
    ):
        items.append(
            _NotYet(
                "mlops-engineer",
                "No dedicated MLOps engineer yet",
                (
                    f"With {models_phrase(n)}, let an ML engineer wear the MLOps hat instead of hiring for it",
                    "A dedicated MLOps engineer pays off from about three production models or one critical one",
                ),
                ("role/mlops-engineer", "guide/small-team-mlops", "practice/mlops-specialist"),
                1.0,
            )
        )
    return items
