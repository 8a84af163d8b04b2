"""Source numbers: each source gets its number where the report first leans on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from advisor.knowledge.load import Corpus
from advisor.knowledge.records import Source
from advisor.report.model import Reference
from advisor.schema import Document, Finding

MOST = 5
"""Sources shown with one finding, strongest first; the documents named with each source lead to the rest."""
_READ = {
    "full": "read in full",
    "partial": "read in part",
    "abstract": "abstract read",
    "secondhand": "known through somebody else's notes",
    "not-read": "not read",
}


@dataclass
class Sources:
    """Hands out numbers and remembers which documents leaned on each source."""

    corpus: Corpus
    documents: Mapping[str, Document]
    _numbers: dict[str, int] = field(default_factory=dict)
    _carriers: dict[str, dict[str, None]] = field(default_factory=dict)

    def of(self, finding: Finding) -> tuple[int, ...]:
        """The numbers of a finding's sources."""
        return self.numbers(finding.sources, finding.docs)

    def of_docs(self, docs: Iterable[str]) -> tuple[int, ...]:
        """The numbers of the sources of some documents, by their ids."""
        known = [d for d in docs if d in self.documents]
        return self.numbers(dict.fromkeys(s for d in known for s in self.documents[d].sources), known)

    def numbers(self, ids: Iterable[str], docs: Iterable[str] = ()) -> tuple[int, ...]:
        found = []
        carriers = list(docs)
        for id in [i for i in ids if i in self.corpus.records["source"]][:MOST]:
            found.append(self._numbers.setdefault(id, len(self._numbers) + 1))
            for doc in carriers:
                if doc in self.documents and id in self.documents[doc].sources:
                    self._carriers.setdefault(id, {})[doc] = None
        return tuple(sorted(set(found)))

    def references(self) -> tuple[Reference, ...]:
        """Every source that has a number, in order."""
        return tuple(self._reference(n, id) for id, n in self._numbers.items())

    def _reference(self, n: int, id: str) -> Reference:
        source = self.corpus.get(Source, id)
        by = ", ".join(source.authors[:4]) + (" and others" if len(source.authors) > 4 else "")
        year = f" ({source.published[:4]})" if source.published else ""
        carriers = list(self._carriers.get(id, {}))
        titles = [f"“{self.documents[d].title}”" for d in carriers[:3]]
        more = f" and {len(carriers) - 3} more" if len(carriers) > 3 else ""
        notes = [
            "" if source.kind == "ours" else f"{_READ[source.read]}, {source.accessed}",
            f"used in {', '.join(titles)}{more}" if titles else "",
        ]
        return Reference(
            n=n,
            id=id,
            text=f"{by or source.publisher}: {source.title}{year}",
            url=source.url or (f"https://doi.org/{source.doi}" if source.doi else None),
            note="; ".join(x for x in notes if x),
        )
