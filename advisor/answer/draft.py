"""One answer in the making: what is said first, who words it, and what is checked before it leaves."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from advisor.advice import engine
from advisor.advice.charts import charts
from advisor.advice.facts import describe
from advisor.advice.staffing import hire_order
from advisor.advice.target import not_yet
from advisor.advice.words import role_name
from advisor.answer import abstain, keyless, premise, prompting, selection, wording
from advisor.answer.cite import Bibliography, broken
from advisor.answer.evidence import Ranked, answered, rank
from advisor.answer.extract import apply_changes
from advisor.answer.keyless import Writer
from advisor.answer.sections import sections
from advisor.answer.suppose import suppose
from advisor.answer.text import content_words, stem, stems
from advisor.answer.understand import GENERIC, Understanding
from advisor.schema import (
    Answer,
    Event,
    Filters,
    Finding,
    Hit,
    Profile,
    StepUsage,
    Turn,
    Usage,
)

if TYPE_CHECKING:
    from advisor.answer.pipeline import Advisor

SCOPE = (
    "That is outside what I am for. I answer questions about running machine learning and LLM systems in an "
    "organisation: where you stand, what to do next, whom to hire, which tools to pick, what it costs, and what can go wrong."
)
NO_ORDERS = "A question cannot change how I work, and my instructions hold nothing secret: they are in the repository."
HELLO = (
    "Hello. I advise on running machine learning and LLM systems. Tell me about your organisation in a sentence — how "
    "many people, which roles, how many models in production, which cloud — and ask where you stand or what comes next."
)
NOTED = "Ask where you stand, what to do next, whom to hire, which tools fit, what it costs or what can go wrong."
PLAN_ASKED = 0.6
"""Cosine to a guide's question from which a statement is taken for a question about what it states."""
ENGLISH_ONLY = "I answer in English while no chat model is configured."
FALLBACK = (
    "The chat model could not be used for this answer ({why}); it is composed from rules and cited passages instead."
)
POOR = "The chat model's wording did not hold up against its sources, so this answer is composed from rules and cited passages."
PARTLY = "The chat model broke off ({why}); the rest of this answer is composed from rules and cited passages."


@dataclass
class Clock:
    """Seconds spent, by step."""

    started: float = field(default_factory=time.monotonic)
    steps: list[StepUsage] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.steps.append(StepUsage(name=name, seconds=round(time.perf_counter() - begun, 4)))


class Draft:
    """One answer in the making."""

    def __init__(
        self, owner: Advisor, u: Understanding, profile: Profile, conversation: Sequence[Turn], clock: Clock
    ) -> None:
        self.owner, self.u, self.profile, self.conversation, self.clock = owner, u, profile, conversation, clock
        self.writer = Writer(Bibliography(owner.documents, owner._source_lines, owner._source_urls))
        self._shown = 0
        self.findings: list[Finding] = []
        self.ranked: list[Ranked] = []
        self.text = ""
        self.notes: list[str] = []
        self.mode: Literal["keyless", "model", "fallback"] = "keyless"
        self.abstained, self.missing = False, ""
        self.outcome = wording.Wording()
        self.asks: list[str] = []

    def write(self) -> Iterator[Event]:
        """Text events that add up to the answer's text."""
        owner = self.owner
        if self.u.intent == "greeting" and not self.u.changes:
            yield self._say(HELLO)
            return
        if self.u.statement and not self._asks_after_all():
            self.asks = engine.asks("next", self.profile)
            yield self._say(f"Noted: {', '.join(c.label for c in self.u.changes)}. {NOTED}")
            return
        u = self.u
        yield Event(kind="status", text="Searching the corpus")
        with self.clock.step("retrieve"):
            hits = owner.retriever.retrieve(u.query, k=16, told="" if u.follow_up else self._told())
            self.ranked = rank(u, hits, owner.documents, owner.rarity)
            self.u = u = replace(u, answered=answered(hits, self.ranked[:3]))
        with self.clock.step("advise"):
            order = hire_order(self.profile, owner.corpus) if u.intent in ("hire", "what-if") else []
            if u.intent == "hire" and u.wants == "amount" and not u.entities.get("role"):
                u.entities["role"] = [need.role for need in order][:1]
            if u.intent == "what-if":
                changed = apply_changes(
                    self.profile, suppose(u.question, self.profile, owner.lexicon, next((n.role for n in order), None))
                )
                self.findings = engine.advise(u.intent, changed, owner.corpus, u.entities, before=self.profile)
            else:
                self.findings = engine.advise(u.intent, self.profile, owner.corpus, u.entities)
            near = {r.document.id for r in self.ranked[:4]}
            if u.intent == "explain" and u.personal:
                self.findings += [f for f in not_yet(self.profile, owner.corpus) if near & set(f.docs)]
            self.findings = selection.relevant(u, self.findings, near)
            if u.intent == "hire" and u.wants == "amount" and u.follow_up and u.known and order:
                self.findings = [*self._price_of_hiring(order[0].role), *self.findings]
            self.asks = self._to_ask()
        judgement = abstain.judge(u, self.ranked, owner.rarity, owner.knows, bool(self.findings))
        if judgement.outcome != "answer":
            yield from self._abstain(judgement)
            return
        yield from self._preface(judgement)
        if owner.chat:
            yield Event(kind="status", text=f"{owner.chat.name} is wording the answer")
            with self.clock.step("word"):
                yield from self._worded()
        if self.mode != "model":
            yield Event(kind="status", text="Composing the answer")
            with self.clock.step("compose"):
                for block in keyless.compose(u, self.ranked, self.findings, self.writer, owner.rarity, self._within):
                    yield self._say(block)

    def _price_of_hiring(self, role: str) -> list[Finding]:
        """What the yearly cost becomes with one more of a role."""
        team = {**self.profile.team, role: self.profile.team.get(role, 0) + 1}
        more = self.profile.model_copy(update={"team": team})
        found = engine.advise("what-if", more, self.owner.corpus, before=self.profile)
        name = role_name(self.owner.corpus, role)
        return [
            f.model_copy(update={"title": "The hire", "text": f"With one more {name}, {f.text[0].lower()}{f.text[1:]}"})
            for f in found
            if f.kind == "cost"
        ][:1]

    def _to_ask(self) -> list[str]:
        """What nobody has said and the advice hangs on; nothing where the question is about the world."""
        u = self.u
        if (selection.factual(u) and not u.personal) or (u.intent == "compare" and len(u.entities.get("tool", [])) < 2):
            return []
        asked = stems(u.question)
        return [ask for ask in engine.asks(u.intent, self.profile) if len(stems(ask) & asked - GENERIC) < 2]

    def _told(self) -> str:
        """The question with the asker's situation, in the language that the guides are written in."""
        return self.u.question if self.u.language == "en" else ""

    def _asks_after_all(self) -> bool:
        """Is what sounds like a statement a plan that a guide speaks of? 'We want to fine-tune on 300 tickets.'"""
        if len(stems(self.u.question) - GENERIC) < 4:
            return False
        hits = self.owner.retriever.retrieve(self.u.question, k=8)
        if max((h.asked for h in hits), default=0.0) < PLAN_ASKED:
            return False
        self.u = replace(self.u, intent="explain", statement=False, reading=self.u.question, query=self.u.question)
        return True

    def _within(self, doc_id: str) -> list[Hit]:
        return self.owner.retriever.retrieve(self.u.query, k=8, filters=Filters(docs=[doc_id]), told=self._told())

    def _deadline(self, share: float = 1.0) -> float:
        return self.clock.started + self.owner.settings.answer_seconds * share

    def _say(self, block: str) -> Event:
        piece = f"\n\n{block}" if self.text else block
        return self._append(piece)

    def _preface(self, judgement: abstain.Judgement) -> Iterator[Event]:
        """What has to be said first: how we read a name, what we do not know, what is not so."""
        u = self.u
        if u.language != "en" and not self.owner.chat:
            self.notes.append(ENGLISH_ONLY)
        for wrong, right in u.corrections.items():
            self.notes.append(f"I read “{wrong}” as {right}.")
        corrected = premise.corrections(u, self.ranked, self.owner.corpus, self.owner.documents)
        for correction in corrected:
            doc, unit = correction.document, correction.unit
            mark = f"[{self.writer.bibliography.cite(doc.id, unit.start, unit.end)}]"
            self.writer.said.append(unit.stems)
            body = f"{correction.text} {unit.text}" if correction.text.endswith(":") else correction.text
            yield self._say(f"**One correction first.** {body} {mark}")
        if corrected:
            self.findings = [f for f in self.findings if f.kind == "status"][:1]
        if judgement.unknown:
            yield self._say(f"The corpus says nothing about {abstain._list(judgement.unknown)}; this answers the rest.")

    def _abstain(self, judgement: abstain.Judgement) -> Iterator[Event]:
        self.abstained, self.missing = True, judgement.missing
        self.findings, self.asks = [], []
        if self.u.language != "en" and not self.owner.chat:
            self.notes.append(ENGLISH_ONLY)
        if judgement.outcome == "out-of-scope":
            self.missing = "a question about running ML or LLM systems"
            yield self._say(f"{NO_ORDERS} {SCOPE}" if self.u.orders else SCOPE)
            return
        for correction in premise.corrections(self.u, self.ranked, self.owner.corpus, self.owner.documents):
            doc, unit = correction.document, correction.unit
            mark = f"[{self.writer.bibliography.cite(doc.id, unit.start, unit.end)}]"
            body = f"{correction.text} {unit.text}" if correction.text.endswith(":") else correction.text
            yield self._say(f"**One correction first.** {body} {mark}")
        yield self._say(f"The corpus does not say: it has not got {judgement.missing}.")
        near = next((r.document for r in self.ranked if max(r.dense, r.asked) >= 0.42), None)
        lead = sections(near)[0].lead if near else None
        if near and lead and self.writer.fresh(lead):
            yield self._say(f"The nearest thing it does say: {self.writer.quote(lead, near)}")

    def _worded(self) -> Iterator[Event]:
        """The chat model's verified sentences; leaves the mode at `model` only where they make an answer."""
        owner, u = self.owner, self.u
        assert owner.chat
        about = describe(self.profile)
        given = prompting.evidence(self.ranked, self.findings)
        messages = prompting.answer_messages(u.question, about, given, self.conversation, owner.settings.context_tokens)
        shown = {label: e for label, e in given.items() if f"[{label}] " in messages[1]["content"]}
        foreign = u.language != "en"
        deadline = self._deadline(0.6 if foreign else 0.9)
        pieces: list[str] = []
        for piece in wording.word(
            owner.chat, messages, shown, self.ranked, self.findings, "; ".join(about),
            self.writer, owner.lexicon, deadline, self.outcome,
        ):  # fmt: skip
            pieces.append(piece)
            if not foreign:
                yield self._say(piece.lstrip("\n ")) if len(pieces) == 1 else self._append(piece)
        failure = self.outcome.failure
        if not pieces:
            self.mode = "fallback"
            self.writer = Writer(Bibliography(owner.documents, owner._source_lines, owner._source_urls))
            self._shown = 0
            self.notes.append(FALLBACK.format(why=_why(failure.message)) if failure else POOR)
            return
        self.mode = "model"
        if foreign:
            text = "".join(pieces).strip()
            local = wording.translated(owner.chat, text, u.language, self._deadline())
            self.notes += [] if local else ["The answer could not be translated and stays in English."]
            yield self._say(local or text)
        if failure:
            self.mode = "fallback"
            self.notes.append(PARTLY.format(why=_why(failure.message)))
            return
        for finding in self.findings:
            if finding.table:
                yield self._say(f"**{finding.title}**\n\n{keyless.table(finding)}")

    def _append(self, piece: str) -> Event:
        self.text += piece
        citations = self.writer.bibliography.citations
        new, self._shown = citations[self._shown :], len(citations)
        return Event(kind="text", text=piece, citations=new)

    def answer(self, conversation_id: str | None) -> Answer:
        """The finished answer, with every citation checked against the pinned corpus."""
        owner = self.owner
        citations = self.writer.bibliography.citations
        if wrong := broken(citations, owner.documents):
            raise AssertionError(f"citation {wrong[0].n} does not stand in {wrong[0].doc_id}")
        prompt_tokens, completion_tokens = self.outcome.tokens
        return Answer(
            id=f"ans_{secrets.token_hex(8)}",
            conversation_id=conversation_id,
            question=self.u.question,
            intent=self.u.intent,
            mode=self.mode,
            note=" ".join(self.notes),
            text=self.text,
            citations=citations,
            findings=self.findings,
            charts=charts(self.u.intent, self.profile, owner.corpus) if self.findings else [],
            asks=self.asks[:3],
            follow_ups=[] if self.abstained else _follow_ups(self.u, self.ranked),
            abstained=self.abstained,
            missing=self.missing,
            profile_changes=self.u.changes,
            usage=Usage(
                prompt_tokens=prompt_tokens,
                completion_tokens=completion_tokens,
                seconds=round(time.monotonic() - self.clock.started, 4),
                steps=self.clock.steps,
                dropped=self.outcome.dropped,
            ),
            versions=owner.versions,
        )


def _why(message: str) -> str:
    return message[0].lower() + message[1:].rstrip(".")


_AFTER: dict[str, list[str]] = {
    "assess": ["What should we do next?", "Which level is enough for us?"],
    "next": ["What would that plan cost?", "Whom do we need for it?", "What can go wrong?"],
    "hire": ["What would that team cost?", "Who does what in each stage?"],
    "cost": ["When does self-hosting beat an API?", "What should we do next?"],
    "threat": ["Who should own these safeguards?", "Which regulations apply to us?"],
    "profile": ["Where do we stand?", "What should we do next?", "Whom should we hire first?"],
    "greeting": ["Where do we start?", "RAG or fine-tuning?", "Which tools fit a small team?"],
    "what-if": ["What should we do next?", "What would that cost?"],
}


def _follow_ups(u: Understanding, ranked: Sequence[Ranked]) -> list[str]:
    """What people ask after an answer like this, then what its own documents also answer."""
    asked = {stem(w) for w in content_words(u.question)}
    found = list(_AFTER.get(u.intent, []))
    best = ranked[0].score if ranked else 0.0
    for r in ranked:
        if r.score < 0.75 * best or u.intent in _AFTER:
            break
        for question in r.document.questions:
            said = {stem(w) for w in content_words(question)}
            if (
                question[:1].isupper()
                and question.endswith("?")
                and len(said & asked) / max(1, len(said | asked)) < 0.5
            ):
                found.append(question)
                break
    return list(dict.fromkeys(found))[:3]
