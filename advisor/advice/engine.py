"""The rules behind an answer: intent and profile in, findings in the order to say them out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from advisor.advice.asks import asks
from advisor.advice.assess import assessment_findings
from advisor.advice.career import career
from advisor.advice.cost_findings import Load, break_even_finding, cost_findings, plan_cost
from advisor.advice.costs import Range, assume, estimate
from advisor.advice.explain import compare_models, practice_finding
from advisor.advice.facts import describe, setting
from advisor.advice.held import assess
from advisor.advice.pay import pay_finding
from advisor.advice.questions import question_finding
from advisor.advice.roadmap import Plan, roadmap
from advisor.advice.roadmap_findings import diff, roadmap_findings
from advisor.advice.staffing import hire_order, needs, staffing_findings
from advisor.advice.target import target_findings
from advisor.advice.threats import regulation_findings, threat_findings
from advisor.advice.tool_findings import combination, compare_tools, shortlist_findings, status
from advisor.advice.vendor import vendor_findings
from advisor.advice.words import article, finding, listed, money, role_name, sentence
from advisor.knowledge.load import Corpus
from advisor.knowledge.records import Tool
from advisor.schema import Finding, Intent, Profile, Value

__all__ = ["RULES_VERSION", "advise", "asks"]

MOST = 12
"""Findings an answer can carry before nobody reads them."""

RULES_VERSION: str
"""sha256 over this package's own source, first 16 hex digits."""

Entities = Mapping[str, list[str]]


def __getattr__(name: str) -> Any:
    if name == "RULES_VERSION":
        return _rules_version()
    raise AttributeError(name)


@cache
def _rules_version() -> str:
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def advise(
    intent: Intent,
    profile: Profile,
    corpus: Corpus,
    entities: Entities | None = None,
    *,
    before: Profile | None = None,
) -> list[Finding]:
    """Findings for the intent, in the order to say them, at most twelve.

    `entities` holds the ids named in the question by kind. For what-if, `profile` is the
    changed profile and `before` the one that stands.
    """
    named = _known(entities or {}, corpus)
    match intent:
        case "assess":
            found = _assess(profile, corpus, named)
        case "next":
            found = _next(profile, corpus, named)
        case "hire":
            found = _hire(profile, corpus, named)
        case "tool":
            found = _tool(profile, corpus, named)
        case "compare":
            found = _compare(profile, corpus, named)
        case "cost":
            found = _cost(profile, corpus, named)
        case "threat":
            found = threat_findings(profile, corpus, named["threat"]) + regulation_findings(profile, corpus)
        case "career":
            found = _career(corpus, named)
        case "what-if":
            found = _what_if(before, profile, corpus)
        case "explain":
            found = _explain(profile, corpus, named)
        case _:
            found = []
    unique = {f.id: f for f in reversed(found)}
    kept = [f for f in found if unique.pop(f.id, None) is not None][:MOST]
    return _said_once(kept, setting(profile, corpus))


def _said_once(found: list[Finding], opening: str) -> list[Finding]:
    """The findings with the opening that names the profile's facts only in the first that has it."""
    done = not opening
    result = []
    for f in found:
        if not done and f.text.startswith(opening):
            done = True
        elif done and opening and f.text.startswith(opening + ", "):
            f = f.model_copy(update={"text": sentence(f.text.removeprefix(opening + ", "))})
        result.append(f)
    return result


_KINDS = ("tool", "role", "practice", "threat", "maturity-model", "category", "stage", "country", "dimension", "level")


def _known(entities: Entities, corpus: Corpus) -> dict[str, list[str]]:
    """Every kind present; ids that the corpus does not have are dropped."""
    named = {kind: list(dict.fromkeys(entities.get(kind, []))) for kind in _KINDS}
    for kind in ("tool", "role", "practice", "threat", "maturity-model"):
        named[kind] = [id for id in named[kind] if id in corpus.records[kind]]
    for kind in ("tokens", "parameters"):  # numbers, not ids
        named[kind] = list(entities.get(kind, []))
    categories = {t.category for t in corpus.all(Tool)}
    named["category"] = [c for c in named["category"] if c in categories]
    return named


def _assess(profile: Profile, corpus: Corpus, named: dict[str, list[str]]) -> list[Finding]:
    own = assessment_findings(profile, corpus, vendors=False)
    vendors = vendor_findings(profile, corpus, assess(profile, corpus)) if profile.practices else []
    asked = [f for f in vendors if f.id.split(":")[-1] in named["maturity-model"]]
    if named["dimension"]:
        wanted = [f for f in own if any(f.id.endswith(f":{d}") for d in named["dimension"])]
        own = wanted + [f for f in own if f not in wanted]
    overall = [f for f in own if f.rule == "assess.overall"]
    rest = [f for f in own if f.rule == "assess.dimension"][: 3 if asked else 4]
    others = [f for f in own if f not in overall and f.rule != "assess.dimension"]
    nxt, aim = question_finding(profile, corpus), target_findings(profile, corpus)[:1]
    return [*asked, *overall, *rest, *others, *nxt, *vendors[:3], *aim]


def _next(profile: Profile, corpus: Corpus, named: dict[str, list[str]]) -> list[Finding]:
    steps = roadmap_findings(profile, corpus)
    aims = target_findings(profile, corpus)
    asked = [practice_finding(profile, corpus, id) for id in named["practice"][:2]]
    goal = [f for f in aims if f.kind == "target"]
    stops = [f for f in aims if f.kind == "stop"]
    return [*asked, *steps[:4], *goal, *stops[:3], *steps[4:]]


def _hire(profile: Profile, corpus: Corpus, named: dict[str, list[str]]) -> list[Finding]:
    country = named["country"][0] if named["country"] else profile.country
    facts = describe(profile, corpus)
    found: list[Finding] = []
    order = [n.role for n in hire_order(profile, corpus)]
    roles = sorted(named["role"][:2], key=lambda r: order.index(r) if r in order else len(order))
    for role in roles:
        found += [*_role_verdict(profile, corpus, role, one_of=len(roles)), pay_finding(corpus, role, country, facts)]
    where = profile.model_copy(update={"country": country})
    return found + staffing_findings(where, corpus)


def _role_verdict(profile: Profile, corpus: Corpus, role: str, one_of: int = 1) -> list[Finding]:
    """Whether the role that the question names should be hired now, alone or as `one_of` several."""
    record = corpus.records["role"][role]
    order = [n.role for n in hire_order(profile, corpus)]
    need = next((n for n in needs(profile, corpus) if n.role == role), None)
    name = role_name(corpus, role)
    facts = describe(profile, corpus)
    if not facts:
        verdict = ""
    elif role in order:
        place = order.index(role) + 1
        verdict = (
            f"{article(name)} is number {place} in your hire order"
            if place > 1
            else f"Hire {article(name)} first"
            if one_of > 1
            else f"Yes, {article(name)} is your next hire"
        )
    elif need is not None and need.have >= need.wanted:
        verdict = f"You have {article(name)} already, and the work you describe does not ask for a second one yet"
    elif need is not None and need.worn_by:
        verdict = f"Not as a hire yet; at your size the {role_name(corpus, need.worn_by)} can wear the hat of {name}"
    elif need is not None and need.part_time:
        verdict = f"Not as a hire yet; name somebody for part of the week as {name}"
    else:
        verdict = f"Not yet; nothing you have told us asks for {article(name)} of your own"
    return [
        finding(
            corpus,
            "staffing.role",
            "role",
            f"{article(name).capitalize() if name.islower() else article(name)}?",
            [verdict, getattr(record, "needed_when", "")],
            key=role,
            inputs=facts,
            doc_ids=[f"role/{role}"],
            rank=7.0,
        )
    ]


def _tool(profile: Profile, corpus: Corpus, named: dict[str, list[str]]) -> list[Finding]:
    if len(named["tool"]) >= 2:
        return [*compare_tools(named["tool"], profile, corpus), *(status(corpus, t) for t in named["tool"][:3])]
    found = [status(corpus, t) for t in named["tool"]]
    categories = named["category"] or [corpus.get(Tool, t).category for t in named["tool"]]
    for category in categories[:2]:
        found += shortlist_findings(profile, corpus, category)
    if not found:
        for stage in named["stage"][:1]:
            found += shortlist_findings(profile, corpus, int(stage)) if stage.isdigit() else []
    warnings = [
        status(corpus, t)
        for t in profile.tools
        if t in corpus.records["tool"] and not corpus.get(Tool, t).recommend and t not in named["tool"]
    ]
    return found + warnings if found else [*warnings, *combination(profile, corpus)]


def _compare(profile: Profile, corpus: Corpus, named: dict[str, list[str]]) -> list[Finding]:
    if len(named["tool"]) >= 2:
        return compare_tools(named["tool"], profile, corpus)
    if len(named["maturity-model"]) >= 2:
        return compare_models(named["maturity-model"], corpus)
    if named["tool"]:
        return _tool(profile, corpus, named)
    if len(named["role"]) >= 2:
        return career(named["role"][0], named["role"][1], corpus)
    if "self-hosted-llm-serving" in named["practice"] or named["tokens"]:
        return [break_even_finding(profile, corpus, load=_load(named))]
    return []


def _load(named: dict[str, list[str]]) -> Load | None:
    """The token volume that the question names, and the size of the model."""
    if not named["tokens"]:
        return None
    return Load(float(named["tokens"][0]), float(named["parameters"][0]) if named["parameters"] else None)


def _cost(profile: Profile, corpus: Corpus, named: dict[str, list[str]]) -> list[Finding]:
    if load := _load(named):
        return [break_even_finding(profile, corpus, load=load)]
    found = cost_findings(profile, corpus)
    plan = roadmap(profile, corpus)
    return [*found, plan_cost(profile, corpus, _weeks(plan))] if plan.items and describe(profile) else found


def _weeks(plan: Plan) -> Range:
    return Range(sum(i.effort.low for i in plan.items), sum(i.effort.high for i in plan.items))


def _career(corpus: Corpus, named: dict[str, list[str]]) -> list[Finding]:
    roles = named["role"]
    if not roles:
        return []
    found = career(roles[0], roles[1], corpus) if len(roles) > 1 else career(None, roles[0], corpus)
    country = named["country"][0] if named["country"] else None
    return [*found, pay_finding(corpus, roles[min(1, len(roles) - 1)], country)]


def _what_if(before: Profile | None, after: Profile, corpus: Corpus) -> list[Finding]:
    if before is None:
        return roadmap_findings(after, corpus)[:4]
    found = diff(roadmap(before, corpus), roadmap(after, corpus), corpus)
    old, new = estimate(before, corpus).total, estimate(after, corpus).total
    if old != new:
        found.append(
            finding(
                corpus,
                "costs.diff",
                "cost",
                "What it would change in cost",
                [
                    f"Cost a year goes from {money(old.low, old.high)} to {money(new.low, new.high)}, by our planning "
                    "estimate",
                ],
                inputs=describe(after, corpus),
                values=[
                    Value(name="before", low=old.low, high=old.high, unit="USD a year"),
                    Value(name="after", low=new.low, high=new.high, unit="USD a year"),
                ],
                doc_ids=assume(after, corpus).sources[:3],
                rank=5.0,
            )
        )
    was, now = ([n.role for n in hire_order(p, corpus)] for p in (before, after))
    if was != now:
        hires = listed(article(role_name(corpus, r)) for r in now)
        found.append(
            finding(
                corpus,
                "staffing.diff",
                "role",
                "What it would change in hiring",
                [f"The hires still to make would be {hires}" if now else "No hire would be left to make"],
                inputs=describe(after, corpus),
                values=[
                    Value(name="hires before", low=len(was), high=len(was), unit="hires"),
                    Value(name="hires after", low=len(now), high=len(now), unit="hires"),
                ],
                doc_ids=[f"role/{r}" for r in now[:3]],
                rank=4.0,
            )
        )
    return found + [f for f in target_findings(after, corpus) if f.kind == "target"]


def _explain(profile: Profile, corpus: Corpus, named: dict[str, list[str]]) -> list[Finding]:
    """Only what the profile adds to an explanation; the passages explain the thing itself."""
    found = [status(corpus, t) for t in named["tool"][:2]]
    if profile.practices or describe(profile):
        found += [practice_finding(profile, corpus, p) for p in named["practice"][:2]]
    if profile.practices and named["maturity-model"]:
        vendors = vendor_findings(profile, corpus, assess(profile, corpus))
        found += [f for f in vendors if f.id.split(":")[-1] in named["maturity-model"]]
    return found
