"""A real model behind the real client. Too weak to advise, so what counts is that its nonsense is caught."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence

import pytest

from advisor.answer.cite import broken
from advisor.answer.pipeline import Advisor
from advisor.answer.text import numbers
from advisor.errors import ModelUnavailable
from advisor.interfaces import Message
from advisor.models.chat import OpenAIChat
from advisor.schema import Answer, Profile
from tests.local_llm import INSTALL, LocalLlm, serve, weights

pytestmark = pytest.mark.llm

MODEL = weights()
if MODEL is None:
    pytest.skip(INSTALL, allow_module_level=True)

HELLO: list[Message] = [{"role": "user", "content": "Name three colours, in one sentence."}]
PATIENCE = 200.0
"""Seconds; two busy cores may take long, and no time is asserted but the product's own bound."""


@pytest.fixture(scope="module")
def llm() -> Iterator[LocalLlm]:
    assert MODEL
    with serve(MODEL) as llm:
        yield llm


def test_it_streams_and_says_what_it_used(llm: LocalLlm) -> None:
    reply = OpenAIChat("smollm2", llm.url, None, 60).stream(HELLO, deadline=time.monotonic() + PATIENCE)
    pieces: list[str] = []
    try:
        pieces.extend(reply)
    except ModelUnavailable as e:
        assert e.reason == "length"  # noqa: PT017
    assert len(pieces) > 3
    assert "".join(pieces).strip()
    assert min(reply.usage) > 0


def test_a_prompt_over_its_window_is_told_apart(llm: LocalLlm) -> None:
    long: list[Message] = [{"role": "user", "content": "deployment and monitoring " * 3_000}]
    chat = OpenAIChat("smollm2", llm.url, None)
    with pytest.raises(ModelUnavailable) as caught:
        list(chat.stream(long, deadline=time.monotonic() + PATIENCE))
    assert caught.value.reason == "too-long"
    assert not chat.breaker.open


def test_an_answer_whose_prompt_does_not_fit_comes_without_the_model(advisor_with: Callable[..., Advisor]) -> None:
    assert MODEL
    with serve(MODEL, context=512) as small:
        advisor = advisor_with(OpenAIChat("smollm2", small.url, None), answer_seconds=PATIENCE)
        answer = advisor.ask("Which experiment tracker should we use?")
    assert answer.mode == "fallback"
    assert "too long" in answer.note
    held(answer, advisor, "")


class DiesAtItsFirstWord:
    """The real model, whose server is killed as soon as it has begun to answer."""

    name = "smollm2"

    def __init__(self, llm: LocalLlm) -> None:
        self._llm = llm
        self._chat = OpenAIChat(self.name, llm.url, None)
        self.killed = 0.0

    def stream(self, messages: Sequence[Message], *, deadline: float) -> Killing:
        return Killing(self, self._chat.stream(messages, deadline=deadline))


class Killing:
    usage = (0, 0)

    def __init__(self, model: DiesAtItsFirstWord, reply: Iterator[str] | object) -> None:
        self._model, self._reply = model, reply

    def __iter__(self) -> Iterator[str]:
        for piece in self._reply:  # type: ignore[attr-defined]
            if not self._model.killed:
                self._model._llm.kill()
                self._model.killed = time.monotonic()
            yield piece


def test_a_server_killed_while_it_answers_leaves_a_cited_answer(advisor_with: Callable[..., Advisor]) -> None:
    assert MODEL
    with serve(MODEL) as llm:
        model = DiesAtItsFirstWord(llm)
        advisor = advisor_with(model, answer_seconds=PATIENCE, context_tokens=2048)
        answer = advisor.ask("How should we deploy our first model?")
    assert model.killed
    assert time.monotonic() - model.killed < 10, "a dead server is noticed at once, not at the deadline"
    assert answer.mode == "fallback"
    assert "broke off" in answer.note or "could not be used" in answer.note
    held(answer, advisor, "")


QUESTIONS = [
    ("Which experiment tracker should a team of three use?", Profile()),
    ("What can go wrong with a chatbot over our own documents?", Profile(people=25, industry="healthcare")),
    ("What does an MLOps engineer earn in Germany?", Profile()),
]


@pytest.mark.parametrize(("question", "profile"), QUESTIONS, ids=["tool", "threat", "pay"])
def test_its_nonsense_never_reaches_the_reader(
    llm: LocalLlm, advisor_with: Callable[..., Advisor], question: str, profile: Profile
) -> None:
    chat = OpenAIChat("smollm2", llm.url, None, 160)
    advisor = advisor_with(chat, answer_seconds=PATIENCE, context_tokens=2048)
    answer = advisor.ask(question, profile=profile)
    assert answer.mode in ("model", "fallback")
    assert answer.mode == "model" or answer.note
    held(answer, advisor, question)


def held(answer: Answer, advisor: Advisor, known: str) -> None:
    """Every mark has a citation that verifies; every number and tool stands in what is cited or computed."""
    marks = {int(n) for n in re.findall(r"\[(\d+)\]", answer.text)}
    assert marks
    assert marks <= {c.n for c in answer.citations}
    assert broken(answer.citations, advisor.documents) == []
    cells = [c for f in answer.findings if f.table for row in [f.table.columns, *f.table.rows] for c in row]
    cited = [advisor.documents[c.doc_id] for c in answer.citations]
    basis = "\n".join(
        [known, *(f"{d.title} {d.as_of}\n{d.text}" for d in cited), *cells]
        + [f"{f.title} {f.text}" for f in answer.findings]
    )
    text = re.sub(r"\| and \d+ more \|", "|", answer.text)  # a table cut short counts its own rows
    assert numbers(text) <= numbers(basis)
    assert tools(answer.text, advisor) <= tools(basis, advisor)


def tools(text: str, advisor: Advisor) -> set[str]:
    return {m.id for m in advisor.lexicon.mentions(text) if m.kind == "tool" and not m.guessed}
