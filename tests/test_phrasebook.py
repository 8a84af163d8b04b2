"""Questions in other languages become the English words that the corpus is searched with."""

from __future__ import annotations

from functools import cache

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from advisor.answer.phrasebook import to_english
from advisor.knowledge.load import Corpus, default_root, load
from advisor.knowledge.records import Phrasebook

LANGUAGES = ["de", "fr", "es", "it", "pt", "nl"]

QUESTIONS = [
    ("de", "Wie überwache ich ein Modell in der Produktion?", "how monitoring model production"),
    ("de", "Was kostet es, ein Sprachmodell auf eigenen Servern zu betreiben?", "cost LLM self-hosted"),
    ("de", "Wen sollen wir zuerst einstellen: Dateningenieur oder MLOps-Ingenieur?", "who hire data engineer MLOps"),
    ("de", "Welches Werkzeug fuer Modellueberwachung, mit fünf Leuten?", "tool model monitoring five people"),
    ("fr", "Où en sommes-nous et quelle est la prochaine étape ?", "where do we stand next step"),
    ("fr", "Combien coûte un LLM hébergé sur nos propres serveurs ?", "how much cost LLM self-hosted"),
    ("fr", "Qu'est-ce que la dérive des données et comment la détecter ?", "what is data drift how detect"),
    ("fr", "Quelles obligations le règlement européen sur l’IA impose-t-il à un hôpital ?", "EU AI Act hospital"),
    ("es", "¿Cuándo hay que volver a entrenar el modelo?", "when retrain model"),
    ("es", "¿Qué riesgos de seguridad tiene un chatbot para una aseguradora?", "risk security chatbot insurance"),
    (
        "es",
        "¿Qué herramienta es mejor para comparar modelos, MLflow o Neptune?",
        "tool better compare MLflow or Neptune",
    ),
    ("es", "Como evaluar un RAG antes de ponerlo en produccion", "how evaluate RAG before production"),
    ("it", "Chi dobbiamo assumere prima, un data engineer o un ingegnere MLOps?", "who hire first data MLOps engineer"),
    (
        "it",
        "Come evitare le allucinazioni di un assistente che cerca nei documenti?",
        "how avoid hallucination document",
    ),
    ("it", "A che punto siamo e qual è il prossimo passo?", "where do we stand next step"),
    ("it", "Quanto costa gestire un LLM sui nostri server?", "how much cost operate LLM self-hosted"),
    ("pt", "Como monitorar um modelo em produção?", "how monitoring model production"),
    ("pt", "Qual é o salário de um engenheiro de MLOps?", "salary MLOps engineer"),
    ("pt", "Que leis de privacidade se aplicam a um hospital?", "law privacy hospital"),
    (
        "pt",
        "Quanto custa hospedar um modelo de linguagem em servidores próprios?",
        "how much cost host LLM self-hosted",
    ),
    ("nl", "Waar staan we en wat is de volgende stap?", "where do we stand next step"),
    (
        "nl",
        "Welke beveiligingsrisico's heeft een RAG-systeem voor een verzekeraar?",
        "security risk RAG system insurance",
    ),
    ("nl", "Wanneer moeten we het model opnieuw trainen?", "when we model retrain"),
    ("nl", "Hoe controleren we de datakwaliteit voor de training?", "how check data quality training"),
]


@cache
def corpus() -> Corpus:
    return load()


def english(question: str, language: str) -> list[str]:
    return [w.strip(".,;:!?").lower() for w in to_english(question, language, corpus()).split()]


@pytest.mark.parametrize(("language", "question", "expected"), QUESTIONS)
def test_questions_become_english_key_words(language: str, question: str, expected: str) -> None:
    assert set(expected.lower().split()) <= set(english(question, language))


def test_function_words_go_and_names_stay() -> None:
    said = to_english("Ist Kubernetes für die Pipelines von promptfoo und LangSmith nötig?", "de", corpus())
    assert said == "Kubernetes for pipeline promptfoo LangSmith need?"


def test_the_longest_key_wins() -> None:
    assert to_english("base de données", "fr", corpus()) == "database"
    assert to_english("données", "fr", corpus()) == "data"
    assert to_english("Datenbank Datenschutz Daten", "de", corpus()) == "database privacy data"


def test_a_phrase_does_not_reach_over_punctuation() -> None:
    assert to_english("une base, de données", "fr", corpus()) != to_english("une base de données", "fr", corpus())


def test_compounds_give_both_parts() -> None:
    assert english("Trainingskosten", "de") == ["training", "cost"]
    assert english("productiekosten", "nl") == ["production", "cost"]


def test_accents_may_be_missing() -> None:
    assert english("monitorizacion en produccion", "es") == english("monitorización en producción", "es")
    assert english("Pruefung der Qualitaet", "de") == english("Prüfung der Qualität", "de")
    assert english("u\u0308berwachen", "de") == ["monitoring"]


@pytest.mark.parametrize("language", ["en", "ru", "xx", ""])
def test_a_language_without_a_book_stays_as_it_is(language: str) -> None:
    assert to_english("Как следить за моделью?  ", language, corpus()) == "Как следить за моделью?  "


@pytest.mark.parametrize("text", ["", "  ", "?!", "'", "de la"])
def test_nothing_to_say_is_an_empty_text(text: str) -> None:
    assert to_english(text, "fr", corpus()) == ""


def test_each_language_has_a_book_of_some_size() -> None:
    books = {b.id: b for b in corpus().all(Phrasebook)}
    assert sorted(books) == sorted(LANGUAGES)
    assert all(len([w for w in b.words.values() if w]) >= 130 for b in books.values())


def test_entries_are_sound() -> None:
    for book in corpus().all(Phrasebook):
        for key, value in book.words.items():
            stem = key.rstrip("*")
            assert key == key.lower()
            assert value.isascii()
            assert len(value) < 4 * len(stem), f"{book.id}: {key} grows too much"
            assert not key.endswith("*") or len(stem) >= 3, f"{book.id}: {key} is too short a beginning"


def test_no_key_is_written_twice() -> None:
    """YAML would keep the last of two without a word."""
    root = yaml.compose((default_root() / "framework/phrasebook.yaml").read_text(encoding="utf-8"))
    assert isinstance(root, yaml.SequenceNode)
    for record in root.value:
        (words,) = [value for key, value in record.value if key.value == "words"]
        keys = [key.value for key, _ in words.value]
        assert len(keys) == len(set(keys)), sorted({k for k in keys if keys.count(k) > 1})


_KEYS = sorted({key for book in corpus().all(Phrasebook) for key in book.words})
_TEXT = st.lists(st.one_of(st.sampled_from(_KEYS), st.text(max_size=12)), max_size=30).flatmap(
    lambda parts: st.sampled_from(["", " ", "-", "'", ", "]).map(lambda glue: glue.join(parts))
)


@given(text=_TEXT, language=st.sampled_from([*LANGUAGES, "en", "xx"]))
def test_any_text_is_taken_and_never_grows_fourfold(text: str, language: str) -> None:
    assert len(to_english(text, language, corpus())) <= 4 * len(text)
