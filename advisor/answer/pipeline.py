"""question → understand → advise → retrieve → compose → verify: one answer, whatever the channel."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Literal

import advisor
from advisor.advice import engine
from advisor.answer import prompting, wording
from advisor.answer.draft import Clock, Draft
from advisor.answer.extract import apply_changes
from advisor.answer.lexicon import Lexicon, build_lexicon
from advisor.answer.phrasebook import to_english
from advisor.answer.retrieve import HybridRetriever
from advisor.answer.text import stem
from advisor.answer.understand import understand
from advisor.config import Settings
from advisor.errors import AdvisorError, InputError
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
    Profile,
    Turn,
    Versions,
)


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
        self._most = max(self._frequency.values(), default=1)
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
        warming = threading.Thread(target=_warm, args=(embedder,), daemon=True)
        warming.start()
        try:
            corpus = load(settings.corpus)
        finally:
            warming.join()  # a process that ends while the model loads would crash
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

    def recall(self, questions: Sequence[str]) -> tuple[Profile, list[Turn]]:
        """What a conversation told and asked, where nothing but the questions is left of it, oldest first.

        Each is read as it was when it was asked; what could not have been asked is passed over.
        """
        profile, turns = Profile(), list[Turn]()
        for question in questions:
            with suppress(InputError):
                u = understand(question, profile, turns, self.lexicon, self._spell, self._phrased)
                profile = apply_changes(profile, u.changes)
                turns.append(Turn(question=u.question, answer="", intent=u.intent))
        return profile, turns

    def _spell(self, word: str) -> str:
        return self.index.glossary.expand(word).query

    def _english(self, question: str, language: str) -> str:
        """English words to search with: the chat model's, else the phrasebook's."""
        if self.chat:
            deadline = time.monotonic() + 0.3 * self.settings.answer_seconds
            if query := wording.english_query(self.chat, question, deadline):
                return query
        return self._phrased(question, language)

    def _phrased(self, question: str, language: str) -> str:
        return to_english(question, language, self.corpus)

    def rarity(self, word: str) -> float:
        """1 for a stem in hardly any passage, towards 0 for one in nearly all; 0.8 for one the corpus lacks."""
        n = self._frequency.get(word)
        if n is None:
            return 0.8
        return max(0.05, 1 - math.log(1 + n) / math.log(2 + self._most))

    def knows(self, word: str) -> bool:
        """Does the corpus ever use this word?"""
        return word in self.index.glossary.vocabulary or stem(word) in self._frequency


def _warm(embedder: Embedder) -> None:
    with suppress(AdvisorError):
        embedder.embed_query("ready")


def _stem_counts(vocabulary: Mapping[str, int]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for word, n in vocabulary.items():
        key = stem(word)
        counts[key] = counts.get(key, 0) + n
    return counts
