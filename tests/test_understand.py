"""What a question wants, whether it points back, and whether it asks at all."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.answer.pipeline import Advisor
from advisor.answer.understand import LONGEST_QUESTION, Understanding, check_question, understand
from advisor.errors import InputError
from advisor.schema import Profile, Turn

INTENTS: list[tuple[str, str]] = [
    ("What is MLOps?", "explain"),
    ("Explain concept drift", "explain"),
    ("What does level 3 mean?", "explain"),
    ("How do I version data?", "explain"),
    ("What is a feature store?", "explain"),
    ("How does a canary release work?", "explain"),
    ("Why do models drift?", "explain"),
    ("When should we retrain?", "explain"),
    ("What is RAG?", "explain"),
    ("Where do we stand?", "assess"),
    ("How mature are we?", "assess"),
    ("Which maturity level are we at?", "assess"),
    ("Assess our MLOps", "assess"),
    ("Are we at level 2?", "assess"),
    ("rate our setup please", "assess"),
    ("What should we do next?", "next"),
    ("Where do we start?", "next"),
    ("Give us a roadmap", "next"),
    ("What are our biggest gaps?", "next"),
    ("How do we get from level 1 to level 2?", "next"),
    ("Plan the next two quarters for us", "next"),
    ("quick wins for our team?", "next"),
    ("Whom should we hire first?", "hire"),
    ("Do we need an MLOps engineer?", "hire"),
    ("Which roles do we need?", "hire"),
    ("What does an ML engineer earn in Germany?", "hire"),
    ("How big should our ML team be?", "hire"),
    ("Who should own monitoring?", "hire"),
    ("salary of a data scientist in the US", "hire"),
    ("Which vector database should we use?", "tool"),
    ("Recommend an experiment tracker", "tool"),
    ("Is Neptune still alive?", "tool"),
    ("Alternatives to Seldon?", "tool"),
    ("Should we use Kubeflow?", "explain"),
    ("best tool for data versioning", "tool"),
    ("What tech stack for a small team?", "tool"),
    ("MLflow vs Weights & Biases", "compare"),
    ("Compare Airflow and Dagster", "compare"),
    ("Is Langfuse better than LangSmith?", "compare"),
    ("Difference between KServe and BentoML?", "compare"),
    ("DVC or lakeFS?", "compare"),
    ("How much does MLOps cost?", "cost"),
    ("Is self-hosting cheaper than the API?", "cost"),
    ("What would a chatbot with 100k requests a month cost us?", "cost"),
    ("Break-even of self-hosting an LLM?", "cost"),
    ("GPU price per hour?", "cost"),
    ("What can go wrong with our chatbot?", "threat"),
    ("How do we prevent prompt injection?", "threat"),
    ("Does the EU AI Act apply to us?", "threat"),
    ("What are the security risks of RAG?", "threat"),
    ("Is our customer data at risk of leaking?", "threat"),
    ("How do I become an MLOps engineer?", "career"),
    ("I'm a DevOps engineer, what should I learn?", "career"),
    ("Which certification helps an ML engineer's career?", "career"),
    ("What if we hired two more engineers?", "what-if"),
    ("What changes if we had 20 models?", "what-if"),
    ("Suppose we move to LLMs only", "what-if"),
    ("Hello!", "greeting"),
    ("thanks", "greeting"),
    ("We have two data scientists and one model.", "profile"),
    ("We're on AWS without Kubernetes.", "profile"),
]


def read(advisor: Advisor, question: str, *before: str) -> Understanding:
    turns = [Turn(question=q, answer="…") for q in before]
    return understand(question, Profile(), turns, advisor.lexicon)


@pytest.mark.parametrize(("question", "intent"), INTENTS)
def test_intent(advisor: Advisor, question: str, intent: str) -> None:
    assert read(advisor, question).intent == intent


FOLLOW_UPS = [
    ("Which experiment tracker should we use?", "And for a team of three?"),
    ("Which experiment tracker should we use?", "why?"),
    ("What is MLflow?", "Is it free?"),
    ("What is MLflow?", "What about ClearML?"),
    ("How do we deploy?", "tell me more"),
    ("MLflow vs DVC", "which one is cheaper?"),
    ("What is level 2?", "How do we get there?"),
    ("Should we fine-tune?", "And what does that cost?"),
]
NEW_TOPICS = [
    ("What is MLflow?", "What does an MLOps engineer earn in Germany?"),
    ("How do we deploy?", "What can go wrong with a chatbot over our own documents?"),
    ("Which experiment tracker should we use?", "We have two data scientists and one model."),
    ("What is level 2?", "Explain how prompt injection works in a retrieval system"),
]


@pytest.mark.parametrize(("before", "question"), FOLLOW_UPS)
def test_a_follow_up_is_searched_with_its_subject(advisor: Advisor, before: str, question: str) -> None:
    u = read(advisor, question, before)
    assert u.follow_up
    assert u.question == question
    assert len(u.query) > len(question)


@pytest.mark.parametrize(("before", "question"), NEW_TOPICS)
def test_a_new_topic_is_not(advisor: Advisor, before: str, question: str) -> None:
    u = read(advisor, question, before)
    assert not u.follow_up
    assert u.query == read(advisor, question).query


def test_what_it_points_back_to_is_its_subject(advisor: Advisor) -> None:
    assert "mlflow" in read(advisor, "Is it free?", "What is MLflow?").entities["tool"]
    assert read(advisor, "What about ClearML?", "What is MLflow?").entities["tool"][0] == "clearml"


def test_without_a_conversation_nothing_points_back(advisor: Advisor) -> None:
    assert not read(advisor, "Is it free?").follow_up


@pytest.mark.parametrize(
    ("said", "statement"),
    [
        ("We have two data scientists and one model.", True),
        ("We are 25 people on AWS", True),
        ("We have two data scientists. What next?", False),
        ("We have two data scientists, who should we hire", False),
        ("What is MLflow?", False),
        ("The weather is fine.", False),
    ],
)
def test_statements(advisor: Advisor, said: str, statement: bool) -> None:
    assert read(advisor, said).statement is statement


MISSPELT = [("What is MLflw?", "mlflow"), ("langfues or langsmith", "langfuse"), ("airlfow alternatives", "airflow")]
ORDINARY = [
    "What evidence do we need?",
    "How do we release a model?",
    "What rays of hope are there?",
    "Our aim is quality",
]


@pytest.mark.parametrize(("question", "tool"), MISSPELT)
def test_a_misspelt_name_is_read_and_said(advisor: Advisor, question: str, tool: str) -> None:
    u = read(advisor, question)
    assert tool in u.entities["tool"]
    assert u.corrections


@pytest.mark.parametrize("question", ORDINARY)
def test_an_ordinary_word_is_not_a_tool(advisor: Advisor, question: str) -> None:
    assert read(advisor, question).entities.get("tool", []) == []


def test_the_longest_question_is_read_and_one_more_is_refused() -> None:
    assert check_question("a" * LONGEST_QUESTION)
    with pytest.raises(InputError, match="4,001"):
        check_question("a" * (LONGEST_QUESTION + 1))


@given(st.text(max_size=500))
@settings(max_examples=100, deadline=None)
def test_any_text_is_read_or_refused(advisor: Advisor, raw: str) -> None:
    try:
        u = understand(raw, Profile(), [], advisor.lexicon)
    except InputError:
        return
    assert any(c.isalnum() for c in u.question)
    assert u.intent
