"""Which findings a question asks for: a question about the world is answered by passages, one about the asker by rules."""

from __future__ import annotations

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from advisor.answer.evidence import DEFINITION
from advisor.answer.understand import Understanding
from advisor.schema import Finding


def factual(u: Understanding) -> bool:
    """A question about the world, which passages answer, and not about the asker, which rules do."""
    if u.intent in ("explain", "profile"):
        return True
    if u.entities.get("tokens") and u.intent in ("cost", "compare"):
        return False
    if u.intent == "hire" and not (u.known or u.entities.get("role") or _HIRING.search(u.reading)):
        return True
    if u.intent == "hire" and _OWNS.search(u.reading) and u.answered >= ANSWERED:
        return True
    if u.answered >= SURELY and not _for_rules(u):
        return True
    if u.intent == "cost" and _BUDGET.search(u.reading) and u.known:
        return False
    if u.intent == "career" and len(u.entities.get("role", [])) < 2 and u.answered >= ANSWERED:
        return True
    if u.intent == "cost" and (u.topical or u.entities.get("tool") or not u.known) and not u.follow_up:
        return True
    attacked = any(m.kind == "threat" and m.direct for m in u.mentions)
    ours = u.known and (u.follow_up or u.intent == "assess")
    if u.intent in ("assess", "next", "threat") and u.topical and not attacked and not ours:
        return True
    if u.personal or u.intent in ("assess", "next", "compare", "career", "what-if"):
        return False
    if u.intent == "hire" and u.wants == "amount":
        return False
    return u.wants != "any" or (bool(DEFINITION.search(u.reading)) and u.intent != "tool")


def relevant(u: Understanding, findings: Sequence[Finding], near: AbstractSet[str]) -> list[Finding]:
    """The findings that this question asks for, out of those its intent brings; `near` are documents it is about."""
    found = [f for f in findings if f.rule != "explain.practice" or near & set(f.docs[:1])]
    if u.wants == "amount" and u.entities.get("role") and (pay := [f for f in found if f.kind == "pay"]):
        return pay[:1]
    if laws := set(u.entities.get("regulation", [])):
        about = [f for f in found if f.kind == "regulation" and laws & {d.removeprefix("regulation/") for d in f.docs}]
        found = about + (found if u.entities.get("threat") else [])
    if u.intent == "cost" and factual(u):
        return [f for f in found if f.rule == "costs.break-even"] if _OWN_OR_RENT.search(u.reading) else []
    if factual(u) and (u.intent == "threat" or (u.intent in ("assess", "next") and not u.known)):
        return [f for f in found if f.kind == "regulation"]
    if u.intent == "hire" and u.wants != "amount" and not _PAY.search(u.reading):
        found = [f for f in found if f.kind != "pay"]
    bad = [f for f in found if f.kind == "status" and not _fine(f)]
    if u.intent == "tool" and bad and len(u.entities.get("tool", [])) == 1:
        found = bad + [f for f in found if f not in bad]
    if factual(u):
        asked = bool(_KEPT_UP.search(u.reading))
        return found[:3] if u.personal else [f for f in found if f.rule == "tools.status" and (asked or not _fine(f))]
    if u.intent == "assess" and _ENOUGH.search(u.reading):
        return sorted(found, key=lambda f: f.kind != "target")
    if found and found[0].kind == "status":
        others = [f for f in found[1:] if f.kind in ("tool", "comparison") and f.table is None]
        if _ALTERNATIVES.search(u.reading):
            return found
        return found[:1] if _fine(found[0]) else [found[0], *others[:1]]
    if u.intent == "compare" and len(u.entities.get("role", [])) >= 2:
        return []
    return found[:1] if found and found[0].kind == "comparison" else found


def _for_rules(u: Understanding) -> bool:
    """Is it about the asker's own case, or a choice among tools, so that only a rule can answer it?"""
    if u.intent in ("compare", "what-if") or (
        u.intent == "threat"
        and u.answered < THREAT_ANSWERED
        and any(m.kind == "threat" and m.direct for m in u.mentions)
    ):
        return True
    if u.intent == "tool":
        return bool(u.entities.get("tool")) or bool(u.entities.get("category") and _WHICH.search(u.reading))
    if u.intent == "hire":
        return bool(u.wants == "amount" or u.entities.get("role") or u.known or not u.topical)
    if u.intent == "career":
        return len(u.entities.get("role", [])) >= 2 and u.answered < VERY_SURELY
    return u.known or (not u.topical and u.answered < VERY_SURELY)


SURELY = 0.5
VERY_SURELY = 0.8
THREAT_ANSWERED = 0.7
_OWNS = re.compile(
    r"\bwho(m)?\b.{0,20}\b(owns?|approves?|signs?|decides?|answers for|responsible|accountable|maintains?|monitors?)\b",
    re.IGNORECASE,
)
_HIRING = re.compile(
    r"\b(hir(e|es|ing)|recruit\w*|teams?|staff\w*|head-?count|roles?|whom|people|salary|pay|earns?)\b", re.IGNORECASE
)
_WHICH = re.compile(
    r"\b(which|best|what (tools?|platforms?|software|products?)|recommend\w*|suggest\w*|choose|pick|use|alternatives?|shortlist)\b",
    re.IGNORECASE,
)
ANSWERED = 0.4
"""A guide that says so nearly that it answers the question is preferred to a rule that only knows its kind."""
_BUDGET = re.compile(r"\bbudget|\bcfo\b|\b(a|per|each) year\b|\bin total\b|\boverall\b|\bannual", re.IGNORECASE)
_OWN_OR_RENT = re.compile(
    r"\bself[- ]?host|\b(our|your)sel(f|ves)\b|\bown (gpu|server|hardware|infra)|\bin[- ]house\b|\bon our own\b|\bbreak[- ]?even\b",
    re.IGNORECASE,
)
_PAY = re.compile(
    r"\b(salary|salaries|pay|pays|paid|earns?|compensation|wages?|costs?|afford|budget|how much|money|expensive)\b",
    re.IGNORECASE,
)
_ENOUGH = re.compile(
    r"\blevel\b.{0,30}\b(right|enough|need|needed|should|target|aim|fit|fits|appropriate)\b|\b(enough|right)\b.{0,20}\blevel\b",
    re.IGNORECASE,
)
_KEPT_UP = re.compile(r"\bmaintain|\bstill\b|\balive\b|\bactive|\bdead\b", re.IGNORECASE)
_ALTERNATIVES = re.compile(r"\balternative|\binstead|\breplac|\bmigrat|\bor\b", re.IGNORECASE)


def _fine(finding: Finding) -> bool:
    """Does a status finding have nothing to warn of?"""
    return "is a good choice" in finding.text
