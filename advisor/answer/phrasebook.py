"""A question in another language as English words to search with: looked up word by word, with no model."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Set
from dataclasses import dataclass
from typing import NamedTuple

from advisor.knowledge.check import tool_names
from advisor.knowledge.load import Corpus
from advisor.knowledge.records import Phrasebook

_EDGES = '"«»„“”‘¿¡()[]{}<>…*'
_STOPS = ".,;:!?"
_APOSTROPHE = re.compile("['’ʼ`´]")
_LINKS = ("", "s", "es", "n", "en", "er")
"""What German and Dutch put between the parts of a compound."""
_MIN_PART = 4


class _Piece(NamedTuple):
    text: str
    stop: str
    """Punctuation that followed it."""


@dataclass(frozen=True)
class _Book:
    """A phrasebook ready for looking up. Without accents, `plain` and `beginnings` also find what was typed in a hurry."""

    written: dict[str, str]
    plain: dict[str, str]
    beginnings: dict[int, list[tuple[str, str]]]
    """By number of words; the longest first."""

    def find(self, phrase: str) -> str | None:
        """The English of a word or phrase, or None; a compound whose second part is known gives both."""
        if (english := self.written.get(unicodedata.normalize("NFC", phrase).lower())) is not None:
            return english
        return self._find_plain(_plain(phrase))

    def _find_plain(self, phrase: str) -> str | None:
        if (english := self.plain.get(phrase)) is not None:
            return english
        for start, english in self.beginnings.get(phrase.count(" ") + 1, []):
            if phrase.startswith(start):
                return f"{english} {self._tail(phrase[len(start) :])}".strip()
        return None

    def _tail(self, rest: str) -> str:
        for link in _LINKS:
            part = rest.removeprefix(link) if rest.startswith(link) else ""
            if len(part) >= _MIN_PART and (english := self._find_plain(part)):
                return english
        return ""


def to_english(text: str, language: str, corpus: Corpus) -> str:
    """The question's words in English, at most four times as long; words that the book lacks stay as they are.

    A text in a language without a phrasebook comes back unchanged.
    """
    record = corpus.records["phrasebook"].get(language)
    if not isinstance(record, Phrasebook):
        return text
    book = _prepare(record)
    longest = max((len(_key(k).split()) for k in record.words), default=1)
    tools = tool_names(corpus).keys() | corpus.records["tool"].keys()
    pieces = list(_pieces(text))
    said: list[str] = []
    i = 0
    while i < len(pieces):
        n, english = _longest(pieces[i : i + longest], book, tools)
        stop = pieces[i + n - 1].stop
        if english:
            said.append(english + stop)
        elif stop and said and said[-1][-1] not in _STOPS:
            said[-1] += stop
        i += n
    return " ".join(said)


def _longest(pieces: list[_Piece], book: _Book, tools: Set[str]) -> tuple[int, str]:
    """How many pieces the longest known phrase takes, and its English."""
    for n in range(len(pieces), 1, -1):
        if any(p.stop for p in pieces[: n - 1]):
            continue
        english = book.find(" ".join(p.text for p in pieces[:n]))
        if english is not None:
            return n, english
    return 1, _word(pieces[0].text, book, tools)


def _word(word: str, book: _Book, tools: Set[str]) -> str:
    """One word's English; the word itself where it is a tool's name or not in the book."""
    if word.lower() in tools:
        return word
    if (english := book.find(word)) is not None:
        return english
    parts = re.split("[-/]", word)
    found = [book.find(part) for part in parts]
    if len(parts) > 1 and any(found):
        return " ".join(p for p in (part if f is None else f for part, f in zip(parts, found, strict=True)) if p)
    return word


def _pieces(text: str) -> Iterator[_Piece]:
    """Words with their closing punctuation; an apostrophe parts two words (`l'équipe`)."""
    for chunk in text.split():
        bare = chunk.strip(_EDGES)
        word = bare.rstrip(_STOPS + _EDGES).lstrip(_EDGES)
        stop = next((c for c in bare[len(word) :] if c in _STOPS), "")
        parts = [p for p in _APOSTROPHE.split(word) if p]
        for i, part in enumerate(parts):
            yield _Piece(part, stop if i == len(parts) - 1 else "")


def _prepare(record: Phrasebook) -> _Book:
    book = _Book({}, {}, {})
    for key, english in record.words.items():
        phrase = _key(key)
        if phrase.endswith("*"):
            book.beginnings.setdefault(phrase.count(" ") + 1, []).append((_plain(phrase[:-1]), english))
        else:
            book.written[phrase] = english
            book.plain.setdefault(_plain(phrase), english)
    for entries in book.beginnings.values():
        entries.sort(key=lambda entry: -len(entry[0]))
    return book


def _key(key: str) -> str:
    """A book's key cut up as questions are: `où en est-on`, `qu est-ce que`."""
    return " ".join(_APOSTROPHE.sub(" ", key).split())


def _plain(text: str) -> str:
    """Without accents; `ue` for `ü` and the like count as the same letter."""
    bare = "".join(c for c in unicodedata.normalize("NFD", text.lower()) if not unicodedata.combining(c))
    return re.sub("([aou])e", r"\1", bare.replace("ß", "ss"))
