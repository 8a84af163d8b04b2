"""What a what-if question changes: who comes, who goes, how many are left."""

from __future__ import annotations

import re

from advisor.answer.extract import NUMBER, ROLES, count, extract, possible, quarters
from advisor.answer.lexicon import Lexicon
from advisor.schema import Profile, ProfileChange

_OPENING = re.compile(
    r"^.*?\b(?:what (?:if|would change if|happens if|would happen if|changes if)|suppose|assum(?:e|ing)|imagine|if)\b",
    re.IGNORECASE,
)
_LEFT = re.compile(r"\b(?:down to|drop(?:ped|s)? to|reduced? to|shrink\w* to|only|were|in total|altogether|grow\w* to|up to|now have)\b", re.IGNORECASE)  # fmt: skip
_GOES = re.compile(r"\b(?:los[et]\w*|lost|leav\w+|left|quits?|quitting|resign\w*|fewer|less|remov\w+|minus|fir(?:e|ed|ing)|lay off|laid off|let go|cut|drop\w*|without|gone|retires?)\b", re.IGNORECASE)  # fmt: skip
_COMES = re.compile(
    r"\b(?:hir\w+|add\w*|more|extra|another|additional|recruit\w*|bring\w*|gain\w*|join\w*|get|got)\b", re.IGNORECASE
)
_COUNT = re.compile(rf"\b{NUMBER}\b", re.IGNORECASE)
_LLM_FIRST = re.compile(r"\bllm[- ]?first\b|\ball[- ]in on (?:llm|gen ?ai)", re.IGNORECASE)


def suppose(text: str, profile: Profile, lexicon: Lexicon, next_hire: str | None = None) -> list[ProfileChange]:
    """The changes that the question supposes; people who come or go are counted from those who are there.

    `next_hire` is the role that somebody hired without a title would have.
    """
    rest = _OPENING.sub("", text, count=1).strip(" ,?.")
    found = [c for c in extract(f"We have {rest}.", Profile(), lexicon) if c.field not in ("team", "practices")]
    found += [_people(role, n, rest, profile) for role, n in _roles(rest, profile, lexicon, next_hire)]
    if change := quarters(rest):
        found.append(change)
    if _LLM_FIRST.search(text):
        found.append(ProfileChange(field="uses_llm", value=True, label="uses LLMs", quote="LLM-first"))
        found.append(ProfileChange(field="llm_use", value="rag", label="RAG", quote="LLM-first", provenance="inferred"))
    return [change for change in found if possible(change)]


def _roles(rest: str, profile: Profile, lexicon: Lexicon, next_hire: str | None) -> list[tuple[str, int]]:
    """(role, number) pairs; a number alone is of the role there is most of: 'one of the three leaves'."""
    taken: list[tuple[int, int]] = []
    found: list[tuple[str, int]] = []
    for role, pattern in ROLES:
        for m in pattern.finditer(rest):
            if not any(a < m.end() and m.start() < b for a, b in taken):
                taken.append(m.span())
                found.append((role, count(m["n"])))
    if found:
        return found
    number = _COUNT.search(rest)
    named = [m.id for m in lexicon.mentions(rest) if m.kind == "role" and m.direct]
    if named:
        return [(named[0], count(number["n"]) if number else 1)]
    if next_hire and _COMES.search(rest) and not _GOES.search(rest):
        return [(next_hire, count(number["n"]) if number else 1)]
    if profile.team and (_GOES.search(rest) or _LEFT.search(rest)):
        return [(max(profile.team, key=lambda r: profile.team[r]), count(number["n"]) if number else 1)]
    return []


def _people(role: str, n: int, rest: str, profile: Profile) -> ProfileChange:
    there = profile.team.get(role, 0)
    if _LEFT.search(rest):
        now = n
    elif _GOES.search(rest):
        now = max(0, there - n)
    elif _COMES.search(rest):
        now = there + n
    else:
        now = n
    return ProfileChange(field="team", value={role: now}, label=f"{now} {role.replace('-', ' ')}", quote=rest[:120])
