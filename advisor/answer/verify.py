"""Nothing a chat model says reaches the reader unless its evidence carries it.

A sentence is kept when it cites evidence that exists, when every number and every named
tool, role, standard or unknown proper name in it stands in that evidence, when most of
its content words do, and when it does not turn its evidence's yes into a no.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from advisor.answer.lexicon import Lexicon
from advisor.answer.text import content_words, numbers, stem, stems

SUPPORT = 0.6
"""Least share of a sentence's content words that its evidence must contain (calibrated in evals)."""

_MARK = re.compile(r"\s*\[((?:F?\d+)(?:\s*[,;]\s*F?\d+)*)\]")
_SENTENCE_END = re.compile(r"[.!?:](?:\*\*)?(?:\s*\[(?:F?\d+)(?:\s*[,;]\s*F?\d+)*\])*(?=\s)")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_HTML = re.compile(r"<[^>]{0,200}>")
_URL = re.compile(r"\b(?:https?://|www\.)\S+")
_NEGATION = re.compile(r"\b(?:no|not|never|none|neither|nor|without|cannot|can't|don't|doesn't|isn't|aren't|won't|shouldn't|avoid|stop)\b", re.IGNORECASE)  # fmt: skip
_NAME = re.compile(r"\b(?:[A-Z][a-z]+[A-Z]\w*|[A-Z]{2,}[\w-]*|[A-Z][a-z]{2,})\b")
_NAMED_KINDS = ("tool", "role", "regulation", "maturity-model", "threat")


@dataclass(frozen=True)
class Evidence:
    """Something a sentence may rest on, under the label that the prompt gave it (`1`, `F2`)."""

    label: str
    text: str


@dataclass(frozen=True)
class Verdict:
    """A sentence without its marks, the labels it cites, and why it was dropped, if it was."""

    text: str
    cited: tuple[str, ...]
    reason: str = ""

    @property
    def kept(self) -> bool:
        return not self.reason


def split_stream(pieces: Iterator[str]) -> Iterator[str]:
    """Whole sentences and line breaks as they become complete; the last one even if it never ends."""
    buffer = ""
    for piece in pieces:
        buffer += piece
        while True:
            newline = buffer.find("\n")
            end = _SENTENCE_END.search(buffer)
            if newline >= 0 and (end is None or newline <= end.start()):
                if buffer[:newline].strip():
                    yield buffer[:newline]
                yield "\n"
                buffer = buffer[newline + 1 :]
            elif end is not None and not _more_marks(buffer[end.end() :]):
                yield buffer[: end.end()]
                buffer = buffer[end.end() :].lstrip(" ")
            else:
                break
    if buffer.strip():
        yield buffer


def _more_marks(rest: str) -> bool:
    """Might the text go on with a citation mark that belongs to the sentence before?"""
    rest = rest.lstrip(" ")
    return not rest or (rest[0] == "[" and "]" not in rest)


def plain(sentence: str) -> str:
    """The sentence without links, images, HTML and addresses; what a link said stays."""
    bare = _LINK.sub(r"\1", sentence)
    return _URL.sub("", _HTML.sub("", bare)).replace("`", "").strip()


def verify(sentence: str, evidence: Mapping[str, Evidence], known: str, lexicon: Lexicon) -> Verdict:
    """Judges one sentence. `known` is what the asker said about themselves: its numbers and names may be repeated."""
    labels = tuple(
        dict.fromkeys(label for m in _MARK.finditer(sentence) for label in re.split(r"\s*[,;]\s*", m.group(1)))
    )
    text = re.sub(r"\s+([.!?,;:])", r"\1", _MARK.sub("", plain(sentence))).strip()
    cited = tuple(label for label in labels if label in evidence)
    if not cited:
        return Verdict(text, cited, "cites nothing that was retrieved")
    basis = " ".join(evidence[label].text for label in cited)
    if loose := numbers(text) - numbers(basis) - numbers(known):
        return Verdict(text, cited, f"number not in its evidence: {min(loose)}")
    allowed = _names(f"{basis} {known}", lexicon)
    if strange := _names(text, lexicon) - allowed:
        return Verdict(text, cited, f"name not in its evidence: {min(strange)}")
    said = {stem(w) for w in content_words(text)}
    if len(said) < 3:
        return Verdict(text, cited, "says too little")
    if len(said & stems(f"{basis} {known}")) / len(said) < SUPPORT:
        return Verdict(text, cited, "not supported by its evidence")
    if _turned(text, basis):
        return Verdict(text, cited, "says the opposite of its evidence")
    return Verdict(text, cited)


def _names(text: str, lexicon: Lexicon) -> set[str]:
    """Named records and proper names, lower-cased; a capital at the start of a sentence proves nothing."""
    named = {f"{m.kind}:{m.id}" for m in lexicon.mentions(text) if m.kind in _NAMED_KINDS and not m.guessed}
    starts = {m.end() for m in re.finditer(r"(?:^|[.!?:]\s+|\*\*|[-*]\s+)", text)}
    for m in _NAME.finditer(text):
        word = m.group()
        if m.start() in starts and word[1:].islower():
            continue
        named.add(stem(word.lower()))
    return named


def _turned(text: str, basis: str) -> bool:
    """Does the sentence say yes where its closest evidence sentence says no, or the reverse?"""
    said = stems(text)
    closest: tuple[float, str] = (0.0, "")
    for sentence in re.split(r"(?<=[.!?])\s+|\n", basis):
        other = stems(sentence)
        if other:
            closest = max(closest, (len(said & other) / len(said | other), sentence))
    score, sentence = closest
    return score >= 0.5 and bool(_NEGATION.search(text)) != bool(_NEGATION.search(sentence))


def worthless(verdicts: Sequence[Verdict]) -> bool:
    """Too much of what the model said had to be dropped to trust the rest as an answer."""
    kept = sum(v.kept for v in verdicts)
    return kept == 0 or kept / len(verdicts) < 0.5
