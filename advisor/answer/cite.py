"""Citations: numbers given by us, quotes that stand in the pinned document, nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from advisor.answer.sections import section_at
from advisor.schema import Citation, Document


@dataclass
class Bibliography:
    """Hands out citation numbers in order of first use."""

    documents: Mapping[str, Document]
    source_lines: Mapping[str, str]
    """Source id → `Authors, Title (year), address`."""
    source_urls: Mapping[str, str]
    citations: list[Citation] = field(default_factory=list)
    _numbers: dict[tuple[str, int, int], int] = field(default_factory=dict)

    def cite(self, doc_id: str, start: int, end: int) -> int:
        """The number of the quote at [start, end); the same quote, or one inside it, keeps its number."""
        for (known, s, e), n in self._numbers.items():
            if known == doc_id and s <= start and end <= e:
                return n
        document = self.documents[doc_id]
        if not 0 <= start < end <= len(document.text):
            raise ValueError(f"{doc_id} has no text at {start}:{end}")
        section = section_at(document, start)
        n = len(self.citations) + 1
        self._numbers[doc_id, start, end] = n
        self.citations.append(
            Citation(
                n=n,
                doc_id=doc_id,
                title=document.title,
                url=document.url
                or next((self.source_urls[s] for s in document.sources if s in self.source_urls), None),
                heading=" › ".join(section.headings) if section else document.title,
                quote=document.text[start:end],
                start=start,
                end=end,
                as_of=document.as_of,
                confidence=document.confidence,
                sources=[self.source_lines[s] for s in document.sources if s in self.source_lines],
            )
        )
        return n


def broken(citations: list[Citation], documents: Mapping[str, Document]) -> list[Citation]:
    """The citations whose quote does not stand at its offsets in the pinned corpus."""
    return [c for c in citations if c.doc_id not in documents or documents[c.doc_id].text[c.start : c.end] != c.quote]
