"""The answer in a chat model's words: streamed, verified sentence by sentence, re-cited by us."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from advisor.answer.evidence import Ranked
from advisor.answer.keyless import Writer
from advisor.answer.lexicon import Lexicon
from advisor.answer.prompting import prompt
from advisor.answer.sections import Unit
from advisor.answer.text import numbers, stems
from advisor.answer.verify import Evidence, Verdict, plain, split_stream, verify, worthless
from advisor.errors import ModelUnavailable
from advisor.interfaces import ChatModel, Message
from advisor.schema import Finding

HOLD = 3
"""Sentences judged before the first is shown, so that nonsense never starts to appear."""
HEADINGS = frozenset(
    {
        "answer", "direct answer", "short answer", "in short", "summary", "why", "why this holds", "why for you",
        "why this matters", "what to do", "what to do next", "what to do first", "next steps", "steps", "next", "first",
        "recommendation", "recommendations", "cost", "costs", "people", "roles", "tools", "risks", "what is missing",
        "what can go wrong", "not yet", "caveats",
    }
)  # fmt: skip
"""A heading carries no citation, so it cannot be verified: these are the ones that say nothing untrue."""

_BULLET = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+")
_HEADING = re.compile(r"^\s*(?:#{1,4}\s+)?\**(?P<h>[A-Z][A-Za-z ,'’-]{2,40}?)\**:?\s*$")


@dataclass
class Wording:
    """What came of asking the chat model."""

    verdicts: list[Verdict] = field(default_factory=list)
    failure: ModelUnavailable | None = None
    tokens: tuple[int, int] = (0, 0)

    @property
    def dropped(self) -> int:
        return sum(not v.kept for v in self.verdicts)


def word(
    model: ChatModel,
    messages: Sequence[Message],
    given: Mapping[str, Evidence],
    ranked: Sequence[Ranked],
    findings: Sequence[Finding],
    known: str,
    writer: Writer,
    lexicon: Lexicon,
    deadline: float,
    outcome: Wording,
) -> Iterator[str]:
    """Markdown pieces that passed verification. Yields nothing where the model's answer is worthless."""
    held: list[str] = []
    heading, line_start, bullet, list_open = "", True, False, False
    reply = model.stream(messages, deadline=deadline)
    try:
        for raw in split_stream(iter(reply)):
            if raw == "\n":
                line_start, bullet = True, False
                continue
            if line_start and not bullet:
                if (m := _HEADING.match(raw)) and not _BULLET.match(raw):
                    heading = m["h"].strip() if m["h"].strip().lower() in HEADINGS else ""
                    continue
                bullet = bool(_BULLET.match(raw))
            verdict = verify(_BULLET.sub("", raw) if line_start else raw, given, known, lexicon)
            outcome.verdicts.append(verdict)
            if not verdict.kept:
                continue
            piece = cited_sentence(verdict, ranked, findings, writer)
            if line_start:
                gap = "\n" if bullet and list_open and not heading else "\n\n"
                above = f"\n\n**{heading}**" if heading else ""
                piece = f"{above}{gap}{'- ' if bullet else ''}{piece}"
                heading, line_start, list_open = "", False, bullet
            else:
                piece = f" {piece}"
            if not held:
                piece = piece.lstrip("\n")
            held.append(piece)
            if len(outcome.verdicts) >= HOLD and not worthless(outcome.verdicts):
                yield from _release(held)
    except ModelUnavailable as e:
        outcome.failure = e
    outcome.tokens = reply.usage
    if not worthless(outcome.verdicts) and len([v for v in outcome.verdicts if v.kept]) >= 2:
        yield from _release(held)


def _release(held: list[str]) -> Iterator[str]:
    """Hand out what was held back, once; a marker stays so that joins know text came before."""
    for i, piece in enumerate(held):
        if piece:
            held[i] = ""
            yield piece


def cited_sentence(verdict: Verdict, ranked: Sequence[Ranked], findings: Sequence[Finding], writer: Writer) -> str:
    """The sentence with our own citation numbers in place of the prompt's labels."""
    marks: list[str] = []
    for label in verdict.cited[:3]:
        if label.startswith("F"):
            text = writer.finding(findings[int(label[1:]) - 1])
            marks += re.findall(r"\[\d+\]", text)[-2:]
        else:
            r = ranked[int(label) - 1]
            if unit := _closest(r.section.units, verdict.text):
                writer.said.append(unit.stems)
                marks.append(f"[{writer.bibliography.cite(r.document.id, unit.start, unit.end)}]")
    return " ".join([verdict.text, *dict.fromkeys(marks)])


def _closest(units: Sequence[Unit], text: str) -> Unit | None:
    wanted, figures = stems(text), numbers(text)
    return max(
        units,
        key=lambda u: len(u.stems & wanted) + 2 * len(figures & numbers(u.text)) - 0.01 * len(u.stems),
        default=None,
    )


_MARKS = re.compile(r"\[\d+\]")
_LANGUAGES = {
    "de": "German", "fr": "French", "es": "Spanish", "it": "Italian", "pt": "Portuguese", "nl": "Dutch", "ru": "Russian",
    "ar": "Arabic", "he": "Hebrew", "zh": "Chinese", "ja": "Japanese", "ko": "Korean", "hi": "Hindi", "el": "Greek",
    "th": "Thai",
}  # fmt: skip


def translated(model: ChatModel, text: str, language: str, deadline: float) -> str | None:
    """The text in another language, or None where the model lost a mark, a number or its thread."""
    if language not in _LANGUAGES:
        return None
    system = prompt("translate").replace("{language}", _LANGUAGES[language])
    messages: list[Message] = [{"role": "system", "content": system}, {"role": "user", "content": text}]
    try:
        result = plain_blocks("".join(model.stream(messages, deadline=deadline)))
    except ModelUnavailable:
        return None
    same_marks = sorted(_MARKS.findall(result)) == sorted(_MARKS.findall(text))
    digits = {n for n in numbers(text) if any(c.isdigit() for c in n)}
    kept = sum(n in numbers(result) for n in digits) >= 0.9 * len(digits)
    return result if same_marks and kept and 0.5 < len(result) / len(text) < 2.5 else None


def english_query(model: ChatModel, question: str, deadline: float) -> str | None:
    """The question as an English search query, or None."""
    messages: list[Message] = [
        {"role": "system", "content": prompt("query")},
        {"role": "user", "content": question},
    ]
    try:
        line = "".join(model.stream(messages, deadline=deadline)).strip().splitlines()
    except ModelUnavailable:
        return None
    return plain(line[0])[:300] if line and line[0].strip() else None


def plain_blocks(text: str) -> str:
    """Markdown without links, images, HTML or addresses, line by line."""
    return "\n".join(plain(line) if line.strip() else "" for line in text.strip().splitlines())
