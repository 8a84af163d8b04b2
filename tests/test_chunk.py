"""Passages: exact offsets, nothing lost, nothing cut in two."""

from __future__ import annotations

import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from advisor.index.weights import count_tokens
from advisor.knowledge.chunk import TOKENS, embed_text, passages
from advisor.schema import Document

LINES = st.lists(
    st.one_of(
        st.sampled_from(
            ["# Title", "## How", "### Deep / er", "```", "", "  ", "- item.", "* b", "1. first", "| a | b |"]
        ),
        st.text(max_size=60),
        st.text(alphabet="abc .!?\n-#`\t", max_size=80),
        st.builds(lambda n: "A sentence about drift that is repeated. " * n, st.integers(1, 40)),
    ),
    max_size=25,
)


def document(text: str) -> Document:
    return Document(id="guide/x", kind="guide", title="Title", text=text)


@given(LINES)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_offsets_are_exact_and_everything_but_headings_is_covered(lines: list[str]) -> None:
    text = "\n".join(lines)
    found = passages(document(text))
    at = 0
    left = []
    for p in found:
        assert text[p.start : p.end] == p.text
        assert p.start >= at
        assert p.text == p.text.strip() != ""
        left.append(text[at : p.start])
        at = p.end
    left.append(text[at:])
    for gap in left:
        for line in gap.split("\n"):
            assert not line.strip() or re.match(r"#+\s", line) or line.strip().strip("#") == "", repr(line)
    assert len({p.id for p in found}) == len(found)


def test_a_passage_stands_under_its_heading_path_and_fits_the_window() -> None:
    item = (
        "- Keep the previous model, its features and its threshold deployable as one unit, and practise the switch.\n"
    )
    text = (
        "# Rollback\n\nKeep a plan.\n\n## Triggers\n\nWrite them down first.\n\n"
        + item * 20
        + "\n### Batch\n\nRe-run it.\n"
    )
    found = passages(document(text))
    assert found[0].headings == ["Rollback"]
    assert found[-1].headings == ["Rollback", "Triggers", "Batch"]
    listed = [p for p in found if p.headings == ["Rollback", "Triggers"]]
    assert len(listed) > 1
    assert all(count_tokens(p.text) <= TOKENS for p in listed)
    assert all(line.startswith("- ") and line.endswith(".") for p in listed[1:] for line in p.text.splitlines())


def test_a_long_paragraph_is_cut_between_sentences_only() -> None:
    sentences = [
        f"Sentence number {i} says that the drift monitor of the model compares two windows of data." for i in range(40)
    ]
    found = passages(document("# T\n\n" + " ".join(sentences)))
    assert len(found) > 2
    assert [s for p in found for s in re.split(r"(?<=\.) ", p.text)] == sentences


def test_one_sentence_longer_than_the_window_stays_whole() -> None:
    long = "The answer " + "and the reason " * 200 + "end."
    assert [p.text for p in passages(document(f"# T\n\n{long}"))] == [long]


def test_ids_are_stable_and_tell_repeats_apart() -> None:
    text = "# T\n\n## A\n\nSame words.\n\n## A\n\nSame words.\n"
    first, second = passages(document(text)), passages(document("\n" + text))
    assert [p.id for p in first] == [p.id for p in second]
    assert first[0].id != first[1].id


def test_the_embedded_text_names_title_and_heading_once_each() -> None:
    doc = document("# Title\n\nLead.\n\n## Why Title matters\n\nBecause.\n").model_copy(
        update={"questions": ["what is it?"]}
    )
    lead, why = passages(doc)
    assert embed_text(lead, doc) == "Title\nLead.\nwhat is it?"
    assert embed_text(why, doc) == "Why Title matters\nBecause."
