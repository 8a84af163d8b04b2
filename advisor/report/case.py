"""Everything the sections of one report are written from, computed once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from advisor.advice.facts import setting
from advisor.advice.held import Assessment, assess
from advisor.advice.roadmap import Plan, roadmap
from advisor.advice.target import Target, target
from advisor.advice.words import sentence
from advisor.knowledge.load import Corpus
from advisor.report.model import Grid, Point, Row, Text
from advisor.report.sources import Sources
from advisor.schema import Document, Finding, Profile


@dataclass(frozen=True)
class Case:
    """One organisation before the rules."""

    profile: Profile
    corpus: Corpus
    sources: Sources
    assessment: Assessment
    aim: Target
    plan: Plan
    opening: str
    """The words with which many findings name the organisation; the report says them once, on its first page."""

    def words(self, finding: Finding) -> str:
        """The finding's text without that opening."""
        if self.opening and finding.text.startswith(f"{self.opening}, "):
            return sentence(finding.text.removeprefix(f"{self.opening}, "))
        return finding.text

    def text(self, finding: Finding) -> Text:
        return Text(self.words(finding), self.sources.of(finding), finding.rule)

    def point(self, finding: Finding, title: str = "") -> Point:
        return Point(title or finding.title, self.words(finding), self.sources.of(finding), finding.rule)

    def grid(self, finding: Finding, caption: str, widths: Sequence[int] = (), *, dense: bool = False) -> Grid:
        """The finding's own table; every row rests on the finding's sources."""
        assert finding.table is not None
        cites = self.sources.of(finding)
        rows = [Row((cap(cells[0]), *cells[1:]), cites if not i else ()) for i, cells in enumerate(finding.table.rows)]
        return Grid(caption, tuple(finding.table.columns), tuple(rows), tuple(widths), dense)


def case(profile: Profile, corpus: Corpus, documents: Mapping[str, Document]) -> Case:
    """The organisation with everything its report needs."""
    aim = target(profile, corpus)
    return Case(
        profile,
        corpus,
        Sources(corpus, documents),
        assess(profile, corpus),
        aim,
        roadmap(profile, corpus, aim),
        setting(profile, corpus),
    )


def cap(words: str) -> str:
    """The words with a capital first letter, the rest as it is."""
    return words[:1].upper() + words[1:]
