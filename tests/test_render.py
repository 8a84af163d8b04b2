"""Records as documents: every fact is there, every sentence stands on its own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from advisor.knowledge.load import Corpus, load
from advisor.knowledge.records import KINDS
from advisor.knowledge.render import render, source_line

FIXTURE = Path(__file__).parent / "fixtures" / "corpus"


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return load(FIXTURE)


def test_every_record_and_guide_becomes_one_document(corpus: Corpus) -> None:
    documents = render(corpus)
    expected = {f"{kind}/{id}" for kind in KINDS if kind not in ("source", "phrasebook") for id in corpus.records[kind]}
    assert set(documents) == expected | {f"guide/{id}" for id in corpus.guides}
    assert {d.kind for d in documents.values()} == (set(KINDS) - {"source", "phrasebook"}) | {"guide"}
    assert render(corpus) == documents


def test_a_guide_is_its_body_as_it_stands(corpus: Corpus) -> None:
    guide = render(corpus)["guide/rollback-plan"]
    assert guide.text == corpus.guides["rollback-plan"].body
    assert guide.questions == ["How do we roll back a model?"]
    assert guide.url == "https://example.org/pipelines"


@pytest.mark.parametrize(
    ("id", "sentences"),
    [
        (
            "tool/mlflow",
            [
                "MLflow is open source; its licence is Apache-2.0 as of 2026-11.",
                "MLflow can be self-hosted.",
                "MLflow is actively developed (as of 2026-11).",
                "MLflow 3.15.0, released in 2026-11, was the newest release found by 2026-11.",
                "## Price of MLflow\n\nFree (OSS).",
                "The price of MLflow was not checked against the vendor's own page.",
                "Alternatives to MLflow are Weights & Biases.",
            ],
        ),
        (
            "role/mlops-engineer",
            [
                "MLOps engineer (mid level) in United Kingdom: 56,000 to 85,000 GBP per year "
                "(2026, source: A guide to pipelines).",
                "90,000 to 250,000 USD per year, with a median of 131,000 (2026, source: A guide to pipelines).",
                "The MLOps engineer is responsible in stage 8 (deployment and serving).",
            ],
        ),
        (
            "cost/small-model-tokens",
            [
                "Small hosted model: 0.1 to 0.4 USD per million tokens, as of 2026-10 (source: A guide to pipelines).",
                "charges 0.1 USD per million input tokens and 0.4 USD per million output tokens.",
            ],
        ),
        (
            "practice/canary",
            [
                "## How to start with canary release with automatic rollback",
                "takes about 3 to 6.5 person-weeks by our estimate",
                "Canary release with automatic rollback needs one other practice first: deployment by script.",
                "Canary release with automatic rollback answers these threats: Prompt injection.",
            ],
        ),
        (
            "maturity-model/example-model",
            ["## Level 0 of Example Vendor's maturity model: Manual", "- A script exists."],
        ),
        ("crosswalk/ml-1", ["- Example Vendor's maturity model: Level 0 to 1."]),
        (
            "threat/prompt-injection",
            ["- From level 1, owned by the MLOps engineer: Give the model no tool with effects."],
        ),
        ("regulation/example-act", ["This is not legal advice.", "- 2026-08-02: The duties for new systems start."]),
    ],
)
def test_what_a_document_says(corpus: Corpus, id: str, sentences: list[str]) -> None:
    text = render(corpus)[id].text
    for sentence in sentences:
        assert sentence in text


def test_general_knowledge_and_do_not_pick_are_said(corpus: Corpus) -> None:
    tool = corpus.records["tool"]["mlflow"].model_copy(update={"general_knowledge": True, "recommend": False})
    changed = Corpus(corpus.root, "x", {**corpus.records, "tool": {"mlflow": tool}}, {})
    text = render(changed)["tool/mlflow"].text
    assert "general knowledge and was not checked" in text
    assert "Do not pick MLflow for new work." in text


def test_every_line_of_every_record_is_a_heading_or_whole_sentences(corpus: Corpus) -> None:
    for document in render(corpus).values():
        headings = re.findall(r"^#+ .*$", document.text, re.MULTILINE)
        assert headings[0] == f"# {document.title}"
        for line in document.text.splitlines():
            if line and not line.startswith("#") and document.kind != "guide":
                assert re.match(r"(- )?[A-Z0-9]", line), (document.id, line)
                # A colon only where the list that it announces follows at once.
                announced = line.endswith(":") and f"{line}\n\n- " in document.text
                assert announced or line.endswith((".", "?", "!")), (document.id, line)
        # A section never stands empty and never opens with its list.
        assert not re.search(r"^#.*\n+(?=#|- |\Z)", document.text, re.MULTILINE), document.id


def test_facets_let_a_filter_find_the_document(corpus: Corpus) -> None:
    documents = render(corpus)
    practice = documents["practice/canary"]
    assert (practice.stages, practice.levels, practice.roles, practice.tools) == (
        [8],
        [3],
        ["mlops-engineer"],
        ["mlflow"],
    )
    assert documents["tool/mlflow"].levels == [1, 2, 3]
    assert documents["threat/prompt-injection"].track == "genai"
    assert documents["crosswalk/ml-1"].sources == ["vendor-guide"]


def test_source_line_names_author_year_and_address(corpus: Corpus) -> None:
    line = source_line(corpus, "vendor-guide")
    assert line == "Ada Example, Bo Sample, A guide to pipelines (2025), https://example.org/pipelines"
    assert source_line(corpus, "ours") == "MLOps Advisor, Our own judgement (2026)"
