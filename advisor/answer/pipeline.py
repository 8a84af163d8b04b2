"""question → understand → advise → retrieve → compose → verify: one answer, whatever the channel."""

from __future__ import annotations

import math
import secrets
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

import advisor
from advisor.advice import engine
from advisor.advice.charts import charts
from advisor.advice.facts import describe
from advisor.advice.target import not_yet
from advisor.answer import abstain, keyless, premise, prompting, wording
from advisor.answer.cite import Bibliography, broken
from advisor.answer.evidence import Ranked, rank
from advisor.answer.extract import apply_changes, suppose
from advisor.answer.keyless import Writer
from advisor.answer.lexicon import Lexicon, build_lexicon
from advisor.answer.phrasebook import to_english
from advisor.answer.retrieve import HybridRetriever
from advisor.answer.sections import sections
from advisor.answer.text import content_words, stem
from advisor.answer.understand import Understanding, understand
from advisor.config import Settings
from advisor.errors import AdvisorError
from advisor.index.open import Index, open_index
from advisor.interfaces import ChatModel, Embedder
from advisor.knowledge.load import Corpus, load
from advisor.knowledge.records import Source
from advisor.knowledge.render import source_line
from advisor.models.embedder import make_embedder
from advisor.schema import (
    Answer,
    Document,
    Event,
    Filters,
    Finding,
    Hit,
    Profile,
    StepUsage,
    Turn,
    Usage,
    Versions,
)

SCOPE = (
    "That is outside what I am for. I answer questions about running machine learning and LLM systems in an "
    "organisation: where you stand, what to do next, whom to hire, which tools to pick, what it costs, and what can go wrong."
)
NO_ORDERS = "A question cannot change how I work, and my instructions hold nothing secret: they are in the repository."
HELLO = (
    "Hello. I advise on running machine learning and LLM systems. Tell me about your organisation in a sentence — how "
    "many people, which roles, how many models in production, which cloud — and ask where you stand or what comes next."
)
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


class Advisor:
    """Answers questions from one corpus version. Safe to call from several threads at once."""

    def __init__(
        self, corpus: Corpus, index: Index, retriever: HybridRetriever, settings: Settings, chat: ChatModel | None
    ) -> None:
        self.corpus = corpus
        self.index = index
        self.retriever = retriever
        self.settings = settings
        self.chat = chat
        self.documents: Mapping[str, Document] = index.documents
        self.notes: list[str] = list(index.notes)
        self.lexicon: Lexicon = build_lexicon(corpus, (stem(w) for w in index.glossary.vocabulary))
        self._source_lines = {s.id: source_line(corpus, s.id) for s in corpus.all(Source)}
        self._source_urls = {s.id: s.url or f"https://doi.org/{s.doi}" for s in corpus.all(Source) if s.url or s.doi}
        self._frequency = _stem_counts(index.glossary.vocabulary)
        self.versions = Versions(
            corpus=corpus.version,
            rules=engine.RULES_VERSION,
            prompt=prompting.prompt_version(),
            chat_model=chat.name if chat else None,
            embedder=index.manifest.embedder,
            product=advisor.__version__,
        )

    @classmethod
    def open(
        cls, settings: Settings, *, store: Literal["chroma", "exact"] = "chroma", chat: ChatModel | None = None
    ) -> Advisor:
        """The advisor over the built index. Raises AdvisorError where there is none or it does not fit."""
        embedder = make_embedder(settings)
        # The embedding model loads outside the interpreter's lock, so it costs nothing beside reading the corpus.
        threading.Thread(target=_warm, args=(embedder,), daemon=True).start()
        corpus = load(settings.corpus)
        index = open_index(settings, embedder=embedder, store=store)
        retriever = HybridRetriever(index, embedder)
        if chat is None and settings.chat_configured:
            from advisor.models.chat import OpenAIChat

            key = settings.api_key.get_secret_value() if settings.api_key else None
            assert settings.chat_model
            chat = OpenAIChat(settings.chat_model, settings.base_url, key, prompting.REPLY_TOKENS)
        return cls(corpus, index, retriever, settings, chat)

    @property
    def mode(self) -> Literal["keyless", "model"]:
        return "model" if self.chat else "keyless"

    def close(self) -> None:
        self.index.close()

    def ask(
        self,
        question: str,
        *,
        profile: Profile | None = None,
        conversation: Sequence[Turn] = (),
        conversation_id: str | None = None,
    ) -> Answer:
        """The whole answer. Raises InputError for a question that cannot be read."""
        for event in self.stream(question, profile=profile, conversation=conversation, conversation_id=conversation_id):
            if event.answer:
                return event.answer
        raise AssertionError("a stream ends with its answer")

    def stream(
        self,
        question: str,
        *,
        profile: Profile | None = None,
        conversation: Sequence[Turn] = (),
        conversation_id: str | None = None,
    ) -> Iterator[Event]:
        """Status lines, profile changes, text as it is ready, and at the end the answer whose text it adds up to."""
        clock = Clock()
        known = profile or Profile()
        yield Event(kind="status", text="Reading the question")
        with clock.step("understand"):
            u = understand(question, known, conversation, self.lexicon, self._spell, self._english)
            now = apply_changes(known, u.changes)
        if u.changes:
            yield Event(kind="profile", changes=u.changes)
        draft = Draft(self, u, now, conversation, clock)
        yield from draft.write()
        yield Event(kind="done", answer=draft.answer(conversation_id))

    def _spell(self, word: str) -> str:
        return self.index.glossary.expand(word).query

    def _english(self, question: str, language: str) -> str:
        """English words to search with: the chat model's, else the phrasebook's."""
        if self.chat:
            deadline = time.monotonic() + 0.3 * self.settings.answer_seconds
            if query := wording.english_query(self.chat, question, deadline):
                return query
        return to_english(question, language, self.corpus)

    def rarity(self, word: str) -> float:
        """1 for a stem in hardly any passage, towards 0 for one in nearly all; 0.8 for one the corpus lacks."""
        n = self._frequency.get(word)
        if n is None:
            return 0.8
        return max(0.05, 1 - math.log(1 + n) / math.log(2 + self._frequency_max))

    @property
    def _frequency_max(self) -> int:
        return max(self._frequency.values(), default=1)

    def knows(self, word: str) -> bool:
        """Does the corpus ever use this word?"""
        return word in self.index.glossary.vocabulary or stem(word) in self._frequency


class Draft:
    """One answer in the making."""

    def __init__(
        self, owner: Advisor, u: Understanding, profile: Profile, conversation: Sequence[Turn], clock: Clock
    ) -> None:
        self.owner, self.u, self.profile, self.conversation, self.clock = owner, u, profile, conversation, clock
        self.writer = Writer(Bibliography(owner.documents, owner._source_lines, owner._source_urls))
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
        u, owner = self.u, self.owner
        if u.intent == "greeting" and not u.changes:
            yield self._say(HELLO)
            return
        yield Event(kind="status", text="Searching the corpus")
        with self.clock.step("retrieve"):
            hits = owner.retriever.retrieve(u.query, k=16)
            self.ranked = rank(u, hits, owner.documents, owner.rarity)
        with self.clock.step("advise"):
            if u.intent == "what-if":
                changed = apply_changes(self.profile, suppose(u.question, self.profile, owner.lexicon))
                self.findings = engine.advise(u.intent, changed, owner.corpus, u.entities, before=self.profile)
            else:
                self.findings = engine.advise(u.intent, self.profile, owner.corpus, u.entities)
            near = {r.document.id for r in self.ranked[:4]}
            if u.intent == "explain" and u.personal:
                self.findings += [f for f in not_yet(self.profile, owner.corpus) if near & set(f.docs)]
            self.findings = keyless.relevant(u, self.findings, near)
            self.asks = [] if keyless.factual(u) and not u.personal else engine.asks(u.intent, self.profile)
        judgement = abstain.judge(u, self.ranked, owner.rarity, owner.knows, bool(self.findings))
        if judgement.outcome != "answer" and not u.statement:
            yield from self._abstain(judgement)
            return
        yield from self._preface(judgement)
        if owner.chat and not u.statement:
            yield Event(kind="status", text=f"{owner.chat.name} is wording the answer")
            with self.clock.step("word"):
                yield from self._worded()
        if self.mode != "model":
            yield Event(kind="status", text="Composing the answer")
            with self.clock.step("compose"):
                for block in keyless.compose(u, self.ranked, self.findings, self.writer, owner.rarity, self._within):
                    yield self._say(block)

    def _within(self, doc_id: str) -> list[Hit]:
        return self.owner.retriever.retrieve(self.u.query, k=3, filters=Filters(docs=[doc_id]))

    def _deadline(self, share: float = 1.0) -> float:
        return self.clock.started + self.owner.settings.answer_seconds * share

    def _say(self, block: str) -> Event:
        piece = f"\n\n{block}" if self.text else block
        self.text += piece
        return Event(kind="text", text=piece)

    def _preface(self, judgement: abstain.Judgement) -> Iterator[Event]:
        """What has to be said first: how we read a name, what we do not know, what is not so."""
        u = self.u
        if u.language != "en" and not self.owner.chat:
            self.notes.append(ENGLISH_ONLY)
        for wrong, right in u.corrections.items():
            self.notes.append(f"I read “{wrong}” as {right}.")
        if u.statement:
            yield self._say("Noted: " + ", ".join(c.label for c in u.changes) + ".")
        for correction in premise.corrections(u, self.ranked, self.owner.corpus, self.owner.documents):
            doc, unit = correction.document, correction.unit
            mark = f"[{self.writer.bibliography.cite(doc.id, unit.start, unit.end)}]"
            self.writer.said.append(unit.stems)
            body = f"{correction.text} {unit.text}" if correction.text.endswith(":") else correction.text
            yield self._say(f"**One correction first.** {body} {mark}")
        if judgement.unknown:
            yield self._say(f"The corpus says nothing about {abstain._list(judgement.unknown)}; this answers the rest.")

    def _abstain(self, judgement: abstain.Judgement) -> Iterator[Event]:
        self.abstained, self.missing = True, judgement.missing
        self.findings, self.asks = [], []
        if self.u.language != "en" and not self.owner.chat:
            self.notes.append(ENGLISH_ONLY)
        if judgement.outcome == "out-of-scope":
            self.missing = "a question about running ML or LLM systems"
            yield self._say(SCOPE if self.u.intent != "out-of-scope" else f"{NO_ORDERS} {SCOPE}")
            return
        for correction in premise.corrections(self.u, self.ranked, self.owner.corpus, self.owner.documents):
            doc, unit = correction.document, correction.unit
            mark = f"[{self.writer.bibliography.cite(doc.id, unit.start, unit.end)}]"
            body = f"{correction.text} {unit.text}" if correction.text.endswith(":") else correction.text
            yield self._say(f"**One correction first.** {body} {mark}")
        yield self._say(f"The corpus does not say: it has not got {judgement.missing}.")
        near = next((r.document for r in self.ranked if r.dense >= 0.3), None)
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
        return Event(kind="text", text=piece)

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


def _warm(embedder: Embedder) -> None:
    with suppress(AdvisorError):
        embedder.embed_query("ready")


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


def _stem_counts(vocabulary: Mapping[str, int]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for word, n in vocabulary.items():
        key = stem(word)
        counts[key] = counts.get(key, 0) + n
    return counts
