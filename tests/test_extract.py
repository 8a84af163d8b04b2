"""Facts from what people say in passing; nothing from what they only ask."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.answer.extract import apply_changes, count, extract
from advisor.answer.lexicon import Lexicon
from advisor.answer.pipeline import Advisor
from advisor.schema import PracticeAnswer, Profile, ProfileChange

STATEMENTS: list[tuple[str, dict[str, Any]]] = [
    (
        "We are a 25-person healthtech with two data scientists and one model deployed by hand.",
        {
            "people": 25,
            "industry": "healthcare",
            "team.data-scientist": 2,
            "models_in_production": 1,
            "practices.scripted-deployment": "no",
        },
    ),
    ("we're a 12 person startup", {"people": 12}),
    ("Our company has 300 employees and 4 ML engineers.", {"people": 300, "team.ml-engineer": 4}),
    ("There are nine of us, no MLOps engineer.", {"people": 9, "team.mlops-engineer": 0}),
    ("We have 1,200 employees.", {"people": 1200}),
    ("We are a bank of about 3k people.", {"people": 3000, "industry": "banking"}),
    ("I work at an insurer in Germany.", {"industry": "insurance", "country": "Germany"}),
    ("We run three churn models in production.", {"models_in_production": 3, "uses_ml": True}),
    ("We have nothing in production yet.", {"models_in_production": 0}),
    ("We have 20 models live.", {"models_in_production": 20}),
    ("We use MLflow and Airflow.", {"tools": ["mlflow", "airflow"]}),
    ("We are on AWS.", {"clouds": ["aws"]}),
    ("Everything of ours runs on Azure and GCP.", {"clouds": ["gcp", "azure"]}),
    ("We can't use the cloud; everything must be self-hosted.", {"self_host": True}),
    ("We have Kubernetes with a platform team.", {"kubernetes": True}),
    ("We don't have Kubernetes.", {"kubernetes": False}),
    ("Our budget is $50k a year.", {"budget": 50000}),
    ("We spend USD 2,000 a month on tools.", {"budget": 24000}),
    ("We use RAG over our own documents for a chatbot.", {"llm_use": ["rag"]}),
    ("We fine-tune a small model for our support team.", {"llm_use": ["fine-tuning"]}),
    ("We only call the OpenAI API with prompts.", {"llm_use": ["prompting"]}),
    ("We are subject to HIPAA and GDPR.", {"regulations": ["gdpr", "hipaa"]}),
    ("Our system makes credit decisions.", {"risk": "high"}),
    ("We track experiments with MLflow.", {"practices.experiment-tracking": "yes"}),
    ("We have no monitoring at all.", {"practices.model-monitoring-basics": "no"}),
    ("Our code is all in Git.", {"practices.version-control-all-code": "yes"}),
    ("We have no CI.", {"practices.application-ci": "no"}),
    ("We deploy manually over FTP.", {"practices.scripted-deployment": "no"}),
    ("Our prompts are in Git.", {"practices.prompts-in-git": "yes"}),
    ("Our prompts are hard-coded.", {"practices.prompts-in-git": "no"}),
    ("We have no eval set.", {"practices.starter-golden-set": "no"}),
    ("We can't reproduce last year's model.", {"practices.reproducible-training": "no"}),
    ("We retrain by hand in notebooks.", {"practices.training-pipeline": "no"}),
    (
        "We have 2 part-time data engineers and a product manager.",
        {"team.data-engineer": 2, "team.ai-product-manager": 1},
    ),
    (
        "My team has five software engineers but no data scientists.",
        {"team.software-engineer": 5, "team.data-scientist": 0},
    ),
    ("We serve predictions in real time.", {"serving": ["online"]}),
    ("Our models run as nightly batch jobs.", {"serving": ["batch"]}),
    ("We get about 2 million requests a month.", {"requests_per_month": 2000000}),
    (
        "We are a manufacturer in Poland with 800 people, predicting failures on edge devices.",
        {"people": 800, "industry": "manufacturing", "country": "Poland", "serving": ["edge"]},
    ),
    ("25-person healthtech, two data scientists, one model deployed by hand", {"people": 25, "team.data-scientist": 2}),
    ("Small team of 6, all on GCP, no Kubernetes", {"people": 6, "clouds": ["gcp"], "kubernetes": False}),
    ("We have 4 person-weeks per quarter for this.", {"capacity": 4.0}),
    (
        "We're a SaaS company in the UK with a chatbot for customers.",
        {"industry": "software", "country": "United Kingdom", "user_facing": True},
    ),
    ("Our hospital uses a model for triage.", {"industry": "healthcare", "risk": "high"}),
    ("Which tools are best for a 50-person company?", {"people": 50}),
]

QUESTIONS = [
    "What does a data scientist do?",
    "Should we hire two engineers?",
    "What if we had 10 models?",
    "Do we need an MLOps engineer?",
    "How many engineers does a team of 20 need?",
    "What is level 2?",
    "Is MLflow free?",
    "MLflow vs ClearML?",
    "How much does an ML engineer earn in Germany?",
    "Can we use Kubeflow without Kubernetes?",
    "Would it help us to have three data scientists?",
    "What does HIPAA say about models?",
    "Explain RAG.",
    "How do companies on AWS deploy models?",
    "Should we move to Azure?",
    "Suppose we had 500 employees. What changes?",
    "Which regulations apply to banks?",
    "What happens if we retrain by hand?",
    "Could we run 20 models with one engineer?",
    "When should a startup of 10 people hire a platform engineer?",
    "Is a budget of $50k enough for a platform?",
    "What would change if we were a bank?",
    "Hello!",
    "Compare batch and online serving.",
]


@pytest.fixture(scope="module")
def lexicon(advisor: Advisor) -> Lexicon:
    return advisor.lexicon


def flat(changes: list[ProfileChange]) -> dict[str, Any]:
    """`team.ml-engineer` → 4, `practices.x` → "no", lists in order, the rest as it is."""
    found: dict[str, Any] = {}
    for c in changes:
        if isinstance(c.value, dict):
            key, value = next(iter(c.value.items()))
            found[f"{c.field}.{key}"] = value["answer"] if isinstance(value, dict) else value
        elif isinstance(getattr(Profile(), c.field), list):
            found.setdefault(c.field, []).append(c.value)
        else:
            found[c.field] = c.value
    return found


@pytest.mark.parametrize(("said", "facts"), STATEMENTS, ids=[s for s, _ in STATEMENTS])
def test_a_statement_yields_its_facts(lexicon: Lexicon, said: str, facts: dict[str, Any]) -> None:
    changes = extract(said, Profile(), lexicon)
    assert {k: v for k, v in flat(changes).items() if k in facts} == facts
    for change in changes:
        assert change.label
        assert change.quote.lower() in " ".join(said.lower().split()), "the words it came from are the asker's own"


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_yields_none(lexicon: Lexicon, question: str) -> None:
    assert flat(extract(question, Profile(), lexicon)) == {}


def test_what_a_sentence_denies_is_not_in_use(lexicon: Lexicon) -> None:
    assert "tools" not in flat(extract("We don't have Kubernetes.", Profile(), lexicon))
    assert "tools" not in flat(extract("We work without MLflow and run no Airflow.", Profile(), lexicon))


def test_facts_before_a_question_count_and_the_question_does_not(lexicon: Lexicon) -> None:
    said = "We are 12 people with one data scientist. Should we hire two ML engineers?"
    assert flat(extract(said, Profile(), lexicon)) == {"people": 12, "team.data-scientist": 1}


def test_the_country_us_is_not_the_word_us(lexicon: Lexicon) -> None:
    assert flat(extract("What do companies in the US with 40 employees use?", Profile(), lexicon)) == {}


def test_what_is_known_is_not_told_again(lexicon: Lexicon) -> None:
    said = "We are a 25-person healthtech on AWS with two data scientists."
    known = apply_changes(Profile(), extract(said, Profile(), lexicon))
    assert known.people == 25
    assert extract(said, known, lexicon) == []
    assert flat(extract("We are 30 people now and on AWS.", known, lexicon)) == {"people": 30}


def test_a_number_corrects_and_a_list_grows(lexicon: Lexicon) -> None:
    first = apply_changes(Profile(), extract("We have two data scientists and run on AWS.", Profile(), lexicon))
    then = apply_changes(first, extract("We now have three data scientists and also run on Azure.", first, lexicon))
    assert then.team == {"data-scientist": 3}
    assert then.clouds == ["aws", "azure"]


def test_an_inference_does_not_overrule_what_was_confirmed() -> None:
    confirmed = Profile(uses_ml=False, provenance={"uses_ml": "confirmed"})
    change = ProfileChange(field="uses_ml", value=True, label="own ML models", provenance="inferred")
    assert apply_changes(confirmed, [change]).uses_ml is False
    assert apply_changes(confirmed, [change.model_copy(update={"provenance": "said"})]).uses_ml is True


def test_a_practice_keeps_the_words_it_was_taken_from(lexicon: Lexicon) -> None:
    profile = apply_changes(Profile(), extract("Our prompts are hard-coded.", Profile(), lexicon))
    assert profile.practices["prompts-in-git"] == PracticeAnswer(
        answer="no", evidence="prompts are hard-coded", provenance="inferred"
    )


@pytest.mark.parametrize(
    ("raw", "n"), [("25", 25), ("1,200", 1200), ("3k", 3000), ("two", 2), ("no", 0), ("a couple of", 2), ("dozen", 12),
                   ("999999999999", 5_000_000), ("2.5k", 2500)]
)  # fmt: skip
def test_counts(raw: str, n: int) -> None:
    assert count(raw.removeprefix("a ")) == n


@given(st.lists(st.sampled_from([s for s, _ in STATEMENTS] + QUESTIONS), min_size=1, max_size=4).map(" ".join))
@settings(max_examples=60, deadline=None)
def test_whatever_is_said_makes_a_valid_profile(lexicon: Lexicon, said: str) -> None:
    apply_changes(Profile(), extract(said, Profile(), lexicon))


@given(st.text(max_size=300))
@settings(max_examples=100, deadline=None)
def test_noise_makes_a_valid_profile_too(lexicon: Lexicon, said: str) -> None:
    apply_changes(Profile(), extract(f"We have {said}", Profile(), lexicon))
