"""Sentences keep their offsets, numbers compare, languages are told apart, invisible characters go."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.answer.pipeline import Advisor
from advisor.answer.sections import sections as sections_of
from advisor.answer.text import clean, content_words, language, numbers, overlap, sentences, stems, unique

PROSE = st.lists(
    st.sampled_from(
        ["Use it", "e.g. MLflow", "see Fig. 3", "It is 3.5 k", "“So", "(aside)", ". ", "! ", "? ", "\n", " ", "é", "🙂"]
    )
).map("".join)  # fmt: skip


@given(PROSE | st.text(), st.integers(0, 1000))
def test_each_sentence_stands_at_its_offsets(text: str, offset: int) -> None:
    end = offset
    for span in sentences(text, offset):
        assert text[span.start - offset : span.end - offset] == span.text
        assert span.text == span.text.strip() != ""
        assert span.start >= end
        end = span.end


@given(PROSE | st.text())
def test_no_letter_is_lost_between_sentences(text: str) -> None:
    said = "".join(s.text for s in sentences(text))
    assert [c for c in said if c.isalnum()] == [c for c in text if c.isalnum()]


def test_every_unit_of_the_corpus_stands_at_its_offsets(advisor: Advisor) -> None:
    for document in advisor.documents.values():
        for section in sections_of(document):
            for unit in section.units:
                assert document.text[unit.start : unit.end] == unit.text
                assert section.start <= unit.start < unit.end <= section.end


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two.", ["One.", "Two."]),
        ("Use trackers, e.g. MLflow. Then stop.", ["Use trackers, e.g. MLflow.", "Then stop."]),
        ("Python 3.11 works. So does 3.12.", ["Python 3.11 works.", "So does 3.12."]),
        ("It is so (really.) But why?", ["It is so (really.)", "But why?"]),
        ("no end", ["no end"]),
        ("", []),
        ("   \n ", []),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert [s.text.rstrip(")") for s in sentences(text)] == [e.rstrip(")") for e in expected]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1,000 rows", {"1000"}),
        ("25k a year", {"25000"}),
        ("1.5 M requests", {"1500000"}),
        ("five of 12", {"5", "12"}),
        ("18 % of firms", {"18"}),
        ("18% of firms", {"18"}),
        ("Python 3.11", {"3.11"}),
        ("see [3] and [1, 2]", set()),
        ("one model, a team, no tool", set()),
        ("USD 60 per user", {"60"}),
        ("50 to 200", {"50", "200"}),
        ("50–200", {"50", "200"}),
        ("1.0", {"1"}),
    ],
)
def test_numbers(text: str, found: set[str]) -> None:
    assert numbers(text) == found


@given(st.integers(0, 10**12))
def test_a_number_is_the_same_however_it_is_written(n: int) -> None:
    assert numbers(f"{n:,} rows") == numbers(f"{n} rows")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("How should we deploy our first model?", "en"),
        ("Wie sollen wir unser erstes Modell ausrollen?", "de"),
        ("Welche Werkzeuge brauchen wir für das Monitoring?", "de"),
        ("Comment déployer notre premier modèle en production ?", "fr"),
        ("¿Cómo desplegamos nuestro primer modelo?", "es"),
        ("Come dobbiamo distribuire il nostro primo modello?", "it"),
        ("Como devemos implantar o nosso primeiro modelo?", "pt"),
        ("Hoe moeten we ons eerste model uitrollen?", "nl"),
        ("Как нам развернуть первую модель?", "ru"),
        ("我们应该如何部署第一个模型？", "zh"),
        ("最初のモデルをどうデプロイすべきですか？", "ja"),
        ("첫 번째 모델을 어떻게 배포해야 하나요?", "ko"),
        ("كيف ننشر نموذجنا الأول؟", "ar"),
        ("MLflow", "en"),
        ("MLflow vs DVC?", "en"),
        ("de facto standard for ML pipelines?", "en"),
        ("El Niño model drift", "en"),
        ("", "en"),
        ("🙂🙂🙂", "en"),
    ],
)
def test_language(text: str, code: str) -> None:
    assert language(text) == code


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("a\u200bb", "ab"), ("a\u202eb", "ab"), ("a\x00b\x1b[31m", "ab[31m"), ("\ud800x", "x"), ("\ufeffhi", "hi"),
        ("a\U000e0041b", "ab"), ("a \t\r\n  b", "a\nb"), ("  x  ", "x"), ("\u00ad", ""), ("e\u0301", "e\u0301"),
    ],
)  # fmt: skip
def test_clean(raw: str, kept: str) -> None:
    assert clean(raw) == kept


@given(st.text())
def test_cleaning_twice_is_cleaning_once_and_utf8_can_carry_it(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    once.encode("utf-8")


@given(st.text(), st.text())
def test_overlap_is_a_similarity(a: str, b: str) -> None:
    one, two = stems(a), stems(b)
    assert 0 <= overlap(one, two) <= 1
    assert overlap(one, two) == overlap(two, one)
    assert overlap(one, one) == (1 if one else 0)


def test_parts_of_compound_words_count() -> None:
    assert {"machin", "learn"} <= stems("machine-learning")
    assert content_words("what is the best way to do it?") == ["best"]
    assert unique(["b", "a", "b"]) == ["b", "a"]
