"""An answer as one Markdown text with its citations as links, for clients that show text and drop other fields."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

from advisor.schema import Answer, Citation

# Code stays as it is: `batch[1]` is no citation.
_MARKER = re.compile(r"```.*?(?:```|\Z)|`[^`\n]+`|\[(?P<n>\d{1,3})\]", re.DOTALL)
_BEGUN = re.compile(r"\[\d{0,3}\Z")
_SPECIAL = re.compile(r"([\\`*_\[\]<>|])")


@dataclass(frozen=True)
class Annotation:
    """A link in the text: `text[start:end]` is the whole `[n](url)`, counted in Unicode code points."""

    start: int
    end: int
    citation: Citation
    url: str


class Inline:
    """Turns an answer's text, piece by piece, into Markdown with links; whatever the pieces, the whole is the same."""

    def __init__(self, server: str) -> None:
        self._server = server.rstrip("/")
        self._citations: dict[int, Citation] = {}
        self._source = ""
        self._used = 0
        self._length = 0
        self.annotations: list[Annotation] = []

    def know(self, citation: Citation) -> None:
        """A citation that the text may refer to from now on."""
        self._citations[citation.n] = citation

    def add(self, piece: str) -> str:
        """The next of the linked text; from a marker whose citation is not known yet, everything is held back."""
        self._source += piece
        return self._link(self._ready())

    def end(self, answer: Answer) -> str:
        """What was held back, then notes, open questions and the list of sources."""
        for citation in answer.citations:
            self.know(citation)
        self._source = answer.text
        return self._link(len(answer.text)) + self._after(answer)

    def url(self, c: Citation) -> str:
        """Where a citation leads: its source on the web, else the document on this server."""
        if c.url and c.url.startswith(("https://", "http://")):
            return quote(c.url, safe="%/:?#@!$&'*+,;=~[]-._")  # a bracket or space would end a Markdown link
        return f"{self._server}/v1/documents/{quote(c.doc_id)}"

    def _ready(self) -> int:
        """How much can be said: no half marker or code span, and no marker that nobody can follow yet."""
        paragraph = self._source[self._source.rfind("\n\n") + 1 :]
        at = self._source.rfind("`") if paragraph.count("`") % 2 else len(self._source)
        if begun := _BEGUN.search(self._source, 0, at):
            at = begun.start()
        unknown = (
            m.start() for m in _MARKER.finditer(self._source, 0, at) if m["n"] and int(m["n"]) not in self._citations
        )
        return max(self._used, min(at, next(unknown, at)))

    def _link(self, upto: int) -> str:
        out, at = "", self._used
        for m in _MARKER.finditer(self._source, 0, upto):
            citation = self._citations.get(int(m["n"])) if m["n"] else None
            if citation is None or m.start() < self._used:
                continue
            out += self._source[at : m.start()]
            url = self.url(citation)
            link = f"[{citation.n}]({url})"
            start = self._length + len(out)
            self.annotations.append(Annotation(start, start + len(link), citation, url))
            out += link
            at = m.end()
        out += self._source[at:upto]
        self._used = upto
        self._length += len(out)
        return out

    def _after(self, answer: Answer) -> str:
        parts = []
        if answer.asks:
            parts.append("To be more exact, tell me:\n\n" + "\n".join(f"- {ask}" for ask in answer.asks))
        if answer.note:
            parts.append(f"*{_literal(answer.note)}*")
        if answer.citations:
            parts.append("**Sources**\n\n" + "\n".join(self._entry(c) for c in answer.citations))
        return "".join(f"\n\n{part}" for part in parts)

    def _entry(self, c: Citation) -> str:
        date = f", as of {c.as_of}" if c.as_of else ""
        return f"{c.n}. [{_literal(c.heading or c.title)}]({self.url(c)}){date}"


def _literal(text: str) -> str:
    """The text with nothing in it that Markdown would read."""
    return _SPECIAL.sub(r"\\\1", text)


def linked(answer: Answer, server: str) -> tuple[str, list[Annotation]]:
    """The whole text, and where its links stand."""
    inline = Inline(server)
    text = inline.end(answer)
    return text, inline.annotations
