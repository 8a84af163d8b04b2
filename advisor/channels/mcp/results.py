"""What each tool gives: typed, and as text that a person or a chat model reads, with the sources' links."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import BaseModel

from advisor.channels.terminal import endnotes
from advisor.channels.text import plain
from advisor.knowledge.load import Corpus
from advisor.knowledge.records import Source
from advisor.knowledge.render import source_line
from advisor.schema import Answer, Chart, Finding, Hit, Table, Versions


class SourceLink(BaseModel):
    """A source that findings name by its id."""

    id: str
    line: str
    """Authors, title, year, address."""
    url: str | None


class Advice(BaseModel):
    """Findings that the rules computed, strongest first, with what they rest on."""

    findings: list[Finding]
    charts: list[Chart] = []
    asks: list[str] = []
    """What to tell next, so that the advice becomes more exact."""
    sources: list[SourceLink] = []
    versions: Versions


class Passage(BaseModel):
    """A passage of the corpus."""

    doc_id: str
    title: str
    heading: str
    text: str
    url: str | None
    as_of: str
    confidence: str


class Passages(BaseModel):
    """What a search found, best first."""

    items: list[Passage]


def links(findings: Iterable[Finding], corpus: Corpus) -> list[SourceLink]:
    """Every source of the findings once, in their order."""
    ids = dict.fromkeys(id for f in findings for id in f.sources if id in corpus.records["source"])
    return [SourceLink(id=id, line=source_line(corpus, id), url=address(corpus, id)) for id in ids]


def address(corpus: Corpus, id: str) -> str | None:
    """Where a source can be opened."""
    source = corpus.get(Source, id)
    return source.url or (f"https://doi.org/{source.doi}" if source.doi else None)


def passage(hit: Hit, corpus: Corpus) -> Passage:
    """A search result as a client gets it; the address is the document's, else that of its first source."""
    document = hit.document
    known = (address(corpus, s) for s in document.sources if s in corpus.records["source"])
    return Passage(
        doc_id=document.id,
        title=document.title,
        heading=" › ".join(hit.passage.headings),
        text=hit.passage.text,
        url=document.url or next((url for url in known if url), None),
        as_of=document.as_of,
        confidence=document.confidence,
    )


def answer_text(answer: Answer) -> str:
    """The answer with its sources below."""
    notes = endnotes(answer)
    return plain(f"{answer.text}\n\n{notes}" if notes else answer.text)


def advice_text(advice: Advice) -> str:
    """Findings under their titles, then the questions still open, then the sources."""
    parts = []
    for f in advice.findings:
        parts += [f"## {f.title}", f.text]
        parts += [_table(f.table)] if f.table else []
    if advice.asks:
        parts.append("To be more exact, tell me:\n" + "\n".join(f"- {a}" for a in advice.asks))
    if advice.sources:
        parts.append("Sources\n" + "\n".join(f"- {s.line}" for s in advice.sources))
    return plain("\n\n".join(parts))


def passages_text(found: Passages) -> str:
    """Passages under their headings, each with its address, date and confidence."""
    if not found.items:
        return "Nothing was found. Use other words, or leave out the filters."
    parts = []
    for p in found.items:
        facts = ", ".join(x for x in (f"as of {p.as_of}" if p.as_of else "", p.confidence, p.url or "") if x)
        parts.append(f"## {p.heading or p.title}\n\n{p.text.strip()}\n\n({p.doc_id}: {facts})")
    return plain("\n\n".join(parts))


def _table(table: Table) -> str:
    lines = [table.columns, ["---"] * len(table.columns), *table.rows]
    return "\n".join("| " + " | ".join(" ".join(c.replace("|", "\\|").split()) for c in line) + " |" for line in lines)
