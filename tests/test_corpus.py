"""What the corpus promises: complete, sourced, dated, and nothing put into the root paper's mouth."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from advisor.knowledge import check, render, status
from advisor.knowledge.load import Corpus, corpus_files, load
from advisor.knowledge.records import (
    Adaptation,
    Cost,
    CrosswalkRow,
    Dimension,
    Fact,
    Level,
    Lifecycle,
    MaturityModel,
    Practice,
    Regulation,
    Role,
    Source,
    Stage,
    Term,
    Threat,
    Tool,
)
from advisor.schema import Document


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return load()


@pytest.fixture(scope="module")
def documents(corpus: Corpus) -> dict[str, Document]:
    return render.render(corpus)


def one_line(text: str) -> str:
    return " ".join(text.split())


def sentences_of(text: str) -> list[str]:
    """Sentences and list items of Markdown text; headings and abbreviations such as `et al.` do not end one."""
    found = []
    for block in re.split(r"\n\s*\n|\n(?=\s*- )", text):
        if not block.lstrip().startswith("#"):
            found += re.split(r"(?<=[.!?])(?<!et al\.)\s+(?=[A-Z“\"])", one_line(block).removeprefix("- "))
    return [s for s in found if s]


# ---------------------------------------------------------------- complete


def test_the_corpus_check_is_clean(corpus: Corpus) -> None:
    assert [str(p) for p in check.check(corpus)] == []


def test_every_kind_is_there_in_full(corpus: Corpus) -> None:
    assert 75 <= len(corpus.all(Practice)) <= 95
    assert len(corpus.all(Tool)) >= 110
    assert len(corpus.guides) >= 60
    assert len(corpus.all(Role)) == 15
    assert len(corpus.all(Threat)) == 28
    assert len(corpus.all(Stage)) == 9
    assert len(corpus.all(Dimension)) == 6
    assert len(corpus.all(Level)) == 5
    assert len(corpus.all(Lifecycle)) >= 8
    assert len(corpus.all(MaturityModel)) >= 10
    assert len(corpus.all(Adaptation)) == 4
    assert len(corpus.all(Regulation)) >= 10
    assert len(corpus.all(Cost)) >= 50
    assert len(corpus.all(Term)) >= 100


def test_numbers_and_codes_run_without_a_gap(corpus: Corpus) -> None:
    assert sorted(s.number for s in corpus.all(Stage)) == list(range(1, 10))
    assert sorted(lv.number for lv in corpus.all(Level)) == list(range(5))
    assert sorted(t.code for t in corpus.all(Threat)) == [f"T{n:02}" for n in range(1, 29)]
    assert {(row.track, row.level) for row in corpus.all(CrosswalkRow)} == {
        (track, n) for track in ("ml", "genai") for n in range(5)
    }


def test_each_dimension_has_two_practices_on_each_level_and_track(corpus: Corpus) -> None:
    cells = Counter(
        (p.dimension, p.level, track)
        for p in corpus.all(Practice)
        for track in ("ml", "genai")
        if p.track in (track, "both")
    )
    thin = [
        (d.id, level, track)
        for d in corpus.all(Dimension)
        for level in range(1, 5)
        for track in ("ml", "genai")
        if cells[d.id, level, track] < 2
    ]
    assert thin == []


def test_the_ml_test_score_has_its_28_tests(corpus: Corpus) -> None:
    tests = corpus.get(MaturityModel, "ml-test-score").tests
    assert Counter(t.section for t in tests) == {"data": 7, "model": 7, "infrastructure": 7, "monitoring": 7}


def test_every_level_of_a_computable_model_can_be_computed(corpus: Corpus) -> None:
    computable = [m for m in corpus.all(MaturityModel) if m.computable]
    assert {"google", "microsoft", "aws-mlops", "aws-genai", "microsoft-genaiops", "ml-test-score"} <= {
        m.id for m in computable
    }
    unexplained = [
        f"{m.id}:{lv.number}: {c.text}"
        for m in computable
        for lv in m.levels
        for c in lv.criteria
        if not c.practices and not c.note
    ]
    assert unexplained == []
    for m in computable:
        lowest = min((lv.number for lv in m.levels), default=0)
        without = [lv.number for lv in m.levels if lv.number > lowest and not any(c.practices for c in lv.criteria)]
        assert without == [], f"{m.id}: no practice decides level {without}"
        assert m.levels or m.tests


def test_each_stage_has_somebody_responsible_and_accountable(corpus: Corpus) -> None:
    for stage in corpus.all(Stage):
        marks = {r.raci.get(stage.number) for r in corpus.all(Role)}
        assert {"R", "A"} <= marks, f"stage {stage.number}"


# ---------------------------------------------------------------- sourced and dated

_CURRENCY = r"(?:dollars?|euros?|pounds|USD|EUR|GBP|CHF|INR)"
MONEY = re.compile(
    rf"[$€£]\s?\d|\b\d[\d.,]*\s?(?:million |billion |thousand |k )?(?:US )?{_CURRENCY}\b|\b{_CURRENCY}\s?\d",
    re.IGNORECASE,
)
YEAR = re.compile(r"\b(?:19|20)\d\d\b")
FINE = re.compile(r"\b(?:penalt|turnover|fines?\b)", re.IGNORECASE)


def test_every_fact_has_sources_that_can_be_opened_and_a_date(corpus: Corpus) -> None:
    facts = [(k, r) for k, rs in corpus.records.items() for r in rs.values() if isinstance(r, Fact)]
    facts += [("guide", g.meta) for g in corpus.guides.values()]
    bare = [f"{kind}/{f.id}" for kind, f in facts if not f.sources or not f.as_of]
    assert bare == []
    unopenable = [s.id for s in corpus.all(Source) if s.kind != "ours" and not (s.url or s.doi)]
    assert unopenable == []


def test_a_fact_of_others_does_not_rest_on_our_judgement_alone(corpus: Corpus) -> None:
    """Our notes on a tool's repository count where the record gives that repository's address."""
    ours = {s.id for s in corpus.all(Source) if s.kind == "ours"} | {"general-knowledge"}
    facts = [(k, r) for k, rs in corpus.records.items() for r in rs.values() if isinstance(r, Fact)]
    facts += [("guide", g.meta) for g in corpus.guides.values()]
    wrong = [
        f"{kind}/{f.id}: {f.confidence}"
        for kind, f in facts
        if f.confidence in ("paper", "vendor", "research")
        and set(f.sources) <= ours
        and not ("tool-status-notes" in f.sources and isinstance(f, Tool) and f.repo)
    ]
    assert wrong == []


def test_no_date_lies_in_the_future(corpus: Corpus) -> None:
    newest = max(s.accessed for s in corpus.all(Source))
    facts = [(k, r) for k, rs in corpus.records.items() for r in rs.values() if isinstance(r, Fact)]
    facts += [("guide", g.meta) for g in corpus.guides.values()]
    assert [f"{k}/{f.id}: {f.as_of}" for k, f in facts if f.as_of > newest and not newest.startswith(f.as_of)] == []


def test_prices_in_guides_carry_a_year(corpus: Corpus) -> None:
    """In the sentence or its paragraph; our own dated planning frame and fines set by law are no prices."""
    undated = []
    for guide in corpus.guides.values():
        for m in re.finditer(r"[^\n]+(?:\n[^\n]+)*", guide.body):
            paragraph = one_line(m.group())
            if MONEY.search(paragraph) and not YEAR.search(paragraph) and not FINE.search(paragraph):
                line = guide.text.count("\n", 0, guide.offset + m.start()) + 1
                if not re.search(r"\bour (planning )?(frame|estimate|rule of thumb)\b", paragraph, re.IGNORECASE):
                    undated.append(f"{guide.path.relative_to(corpus.root)}:{line}: {paragraph[:120]}")
    assert undated == []


def test_the_price_of_a_paid_tool_carries_a_year_where_it_is_a_figure(corpus: Corpus) -> None:
    undated = [
        f"{t.id}: {t.pricing}" for t in corpus.all(Tool) if MONEY.search(t.pricing) and not YEAR.search(t.pricing)
    ]
    assert undated == []


def test_costs_state_a_year_and_their_source_in_the_lead(corpus: Corpus) -> None:
    undated = [c.id for c in corpus.all(Cost) if c.confidence != "ours" and not (YEAR.search(c.lead) or c.as_of)]
    assert undated == []


def test_a_glossary_entry_makes_no_claim_that_needs_a_source(corpus: Corpus) -> None:
    figures = re.compile(r"\d[\d.,]*\s?(?:%|percent)|\b\d{4,}\b(?!-)")
    claims = [
        t.id for t in corpus.all(Term)
        if (MONEY.search(t.lead) or any(not YEAR.fullmatch(m.group()) for m in figures.finditer(t.lead)))
    ]  # fmt: skip
    assert claims == []


def test_general_knowledge_is_marked_towards_the_reader(corpus: Corpus, documents: dict[str, Document]) -> None:
    silent = [
        t.id
        for t in corpus.all(Tool)
        if t.general_knowledge and "general knowledge" not in one_line(documents[f"tool/{t.id}"].text)
    ]
    assert silent == []


def test_a_tool_that_is_gone_is_not_recommended(corpus: Corpus) -> None:
    gone = {"retired", "closed", "dormant", "frozen"}
    assert [t.id for t in corpus.all(Tool) if t.status in gone and t.recommend] == []


# ---------------------------------------------------------------- the root paper

NAMES_IT = re.compile(r"\bStone\b|2503\.15577|\broot paper\b", re.IGNORECASE)
SAYS_THE_PAPER = re.compile(r"\b(?:the|this) paper(?:'s|’s)?\b", re.IGNORECASE)
NUMBER = re.compile(
    r"\d[\d.,/]*\d|\d|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|twenty|thirty|forty|fifty|"
    r"sixty|seventy|eighty|ninety|hundred|thousand|million|billion|half|third|quarter|twice|double)\b",
    re.IGNORECASE,
)
KNOWN = [
    # What is ours and is said to be ours.
    r"nine stages and the five working levels of this advisor are our own", r"five working levels are our own",
    # What was recovered of the paper itself: abstract, index terms, opening of the introduction.
    r"Stone et al\.,? \(?2025\)?", r"19 March 2025", r"2025 IEEE Conference", r"arXiv:? ?2503\.15577",
    r"10\.1109/CAI64502\.2025\.00118", r"11050687", r"Algorithmia['’]s 2020 report",
    r"Algorithmia['’]s survey of October 2019",
    r"55 ?(?:%|percent)", r"18 ?(?:%|percent)", r"90 days", r"2025 Business Insights study", r"43 ?(?:%|percent)",
    r"within five years", r"two contributions",
    # What is known at second hand, and has to be said with that mark.
    r"nine (?:lifecycle )?stages", r"(?:about )?50 tools", r"13 roles", r"five existing maturity models",
]  # fmt: skip
SECOND_HAND = re.compile(r"nine (?:lifecycle )?stages|50 tools|13 roles|five existing maturity models")


def figures_not_in_the_paper(sentence: str) -> list[str]:
    """Numbers of a sentence about the paper that none of the known facts explains."""
    for known in KNOWN:
        sentence = re.sub(known, " ", sentence)
    return NUMBER.findall(sentence)


def about_the_paper(documents: dict[str, Document]) -> Iterator[tuple[str, str]]:
    for id, document in documents.items():
        for sentence in sentences_of(document.text):
            if sentence.startswith("Other words for"):
                continue  # a glossary entry's synonyms, no claim
            own = id == "guide/stone-2025-paper" and SAYS_THE_PAPER.search(sentence)
            if NAMES_IT.search(sentence) or own:
                yield id, sentence


def test_the_paper_is_credited_only_with_what_was_read_of_it(documents: dict[str, Document]) -> None:
    said = list(about_the_paper(documents))
    assert len(said) >= 15
    assert [(id, s, n) for id, s in said if (n := figures_not_in_the_paper(s))] == []


@pytest.mark.parametrize(
    "invented",
    [
        "Stone et al. 2025 report that 62 % of teams lack monitoring.",
        "Stone et al. 2025 defines five maturity levels.",
        "Stone et al. 2025 puts the market at 129 billion.",
        "The paper by Stone names seven roles.",
    ],
)
def test_an_invented_figure_would_be_noticed(invented: str) -> None:
    assert figures_not_in_the_paper(invented)


def test_second_hand_facts_about_the_paper_carry_that_mark(documents: dict[str, Document]) -> None:
    unmarked = [
        (id, s)
        for id, s in about_the_paper(documents)
        if SECOND_HAND.search(s) and not re.search(r"second.hand|notes|review|\bour\b", s, re.IGNORECASE)
    ]
    assert unmarked == []


def test_the_paper_without_a_name_means_the_root_paper_only_in_its_own_guide(documents: dict[str, Document]) -> None:
    """A sentence may stand alone in an answer, so another paper has to be named in it."""
    unclear = [
        (id, s)
        for id, document in documents.items()
        if id != "guide/stone-2025-paper"
        for s in sentences_of(document.text)
        if SAYS_THE_PAPER.search(s) and not re.search(r"Stone|John|Kreuzberger|Breck|Sculley|Fang|et al", s)
    ]
    assert unclear == []


def test_only_the_guide_on_the_paper_claims_its_confidence(documents: dict[str, Document]) -> None:
    claimed = {d.id for d in documents.values() if d.confidence == "paper"}
    assert claimed == {"guide/stone-2025-paper"}
    assert "stone-2025" in documents["guide/stone-2025-paper"].sources


def test_our_stages_and_levels_say_that_they_are_ours(corpus: Corpus) -> None:
    for record in [*corpus.all(Stage), *corpus.all(Level)]:
        assert record.confidence == "ours", record.id
        assert re.search(r"\b(our working|working level|working lifecycle)\b", record.lead, re.IGNORECASE), record.id


_DEFINES = r"(?: \w+){0,3} (?:defines?|has|proposes|presents|with) (?:its own )?five (?:maturity )?levels"
_ADOPTED = r"(?:enterprises|companies|organi[sz]ations) (?:have )?adopted (?:it|the (?:paper|framework|lifecycle))"
MUST_NOT_BE_SAID = {
    "five levels of its own": rf"(?:paper|Stone)(?: by Stone)?(?: et al\.)?{_DEFINES}",
    "adopted by enterprises": rf"(?:several|many|some) (?:large )?{_ADOPTED}",
    "market of 1.7 B": r"market[^.]{0,80}\b1\.7 ?(?:B\b|bn|billion)|\b1\.7 ?(?:B\b|bn|billion)[^.]{0,80}market",
    "market of 129 B": r"\b129 ?(?:B\b|bn|billion)",
    "64.3 %": r"\b64\.3\b",
    "70 % of MLOps failures": r"\b(?:70|seventy) ?(?:%|percent|per cent) of (?:all )?(?:MLOps|ML) failures",
    "abstraction and observability": r"abstraction and observability gaps",
    "most popular tool": r"MLflow (?:is|was|as) the most (?:popular|used|widely used)|most popular (?:MLOps )?tool",
}


@pytest.mark.parametrize("claim", MUST_NOT_BE_SAID)
def test_a_claim_that_must_not_be_used_is_nowhere(claim: str, corpus: Corpus) -> None:
    pattern = re.compile(MUST_NOT_BE_SAID[claim], re.IGNORECASE)
    found = [
        f"{path.relative_to(corpus.root)}: {m.group()}"
        for path in corpus_files(corpus.root)
        if (m := pattern.search(one_line(path.read_text("utf-8"))))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("claim", "wording"),
    [
        ("five levels of its own", "The paper by Stone et al. defines five maturity levels."),
        ("adopted by enterprises", "Several enterprises have adopted it."),
        ("market of 1.7 B", "The MLOps market of 1.7 billion US dollars in 2024"),
        ("market of 129 B", "rising to 129 B by 2034"),
        ("64.3 %", "64.3 % of large enterprises"),
        ("70 % of MLOps failures", "More than 70 % of MLOps failures come from"),
        ("abstraction and observability", "come from abstraction and observability gaps"),
        ("most popular tool", "MLflow is the most popular tool"),
    ],
)
def test_such_a_claim_would_be_noticed(claim: str, wording: str) -> None:
    assert re.search(MUST_NOT_BE_SAID[claim], wording, re.IGNORECASE)


def test_the_corpus_names_no_machine(corpus: Corpus) -> None:
    leak = re.compile(r"(?<![\w.])/(?:work|home|tmp|root|Users)/|\bdossier\b", re.IGNORECASE)
    found = [
        f"{path.relative_to(corpus.root)}: {m.group()}"
        for path in corpus_files(corpus.root)
        if (m := leak.search(path.read_text("utf-8")))
    ]
    assert found == []


# ---------------------------------------------------------------- freshness report and sample

FIXTURE = Path(__file__).parent / "fixtures" / "corpus"


def test_age_counts_whole_months_from_the_earliest_day() -> None:
    today = dt.date(2026, 11, 23)
    assert status.age_in_months("2026-11-23", today) == 0
    assert status.age_in_months("2026-05-24", today) == 5
    assert status.age_in_months("2026-05-23", today) == 6
    assert status.age_in_months("2026-05", today) == 6
    assert status.age_in_months("2025", today) == 22
    assert status.age_in_months("2027-01", today) < 0


def test_the_report_counts_every_fact_once(corpus: Corpus) -> None:
    s = status.status(corpus, dt.date(2026, 11, 23))
    assert sum(s.by_kind.values()) == sum(s.by_age.values()) == sum(s.by_confidence.values())
    assert s.by_kind["tool"] == len(corpus.all(Tool))
    assert s.by_kind["guide"] == len(corpus.guides)
    assert set(s.by_source) <= set(corpus.records["source"])


def test_prices_status_and_law_dates_fall_due_with_time(corpus: Corpus) -> None:
    now, later = (status.status(corpus, day) for day in (dt.date(2026, 11, 23), dt.date(2028, 1, 1)))
    assert {(d.kind, d.id, d.reason) for d in now.due} <= {(d.kind, d.id, d.reason) for d in later.due}
    due = {(d.kind, d.id) for d in later.due}
    assert due >= {("tool", t.id) for t in corpus.all(Tool)} | {("cost", c.id) for c in corpus.all(Cost)}
    passed = [d.as_of for d in later.due if d.id == "eu-ai-act"]
    assert "2027-12-02" in passed
    assert "2028-08-02" not in passed
    for d in now.due:
        assert d.path.is_file()
        assert d.line >= 1


def test_a_fresh_price_is_not_due(corpus: Corpus) -> None:
    day = dt.date(2026, 11, 24)
    due = {d.id for d in status.status(corpus, day).due if d.kind == "tool"}
    fresh = {t.id for t in corpus.all(Tool) if t.as_of >= "2026-06"}
    assert fresh
    assert not fresh & due


def test_a_sample_repeats_with_its_seed_and_can_be_checked(corpus: Corpus) -> None:
    drawn = status.sample(corpus, 25, seed=7)
    assert drawn == status.sample(corpus, 25, seed=7) != status.sample(corpus, 25, seed=8)
    assert len({(c.kind, c.id, c.text) for c in drawn}) == 25
    for claim in drawn:
        assert claim.sources, claim.id
        assert claim.as_of
        assert claim.text.strip()
        assert claim.path.is_file()
    assert len(status.sample(corpus, 10**6)) == len(status.claims(corpus))


def test_the_report_and_the_sample_read_as_text(corpus: Corpus) -> None:
    s = status.status(corpus, dt.date(2028, 1, 1))
    text = status.format_status(s, corpus.root, limit=3)
    assert f"Due for review: {len(s.due)}" in text
    assert f"… and {len(s.due) - 3} more" in text
    assert str(corpus.root) not in text
    drawn = status.sample(corpus, 2, seed=1)
    listed = status.format_sample(drawn, corpus.root)
    assert listed.startswith("1. ")
    assert all(c.text in listed and c.sources[0] in listed for c in drawn)
