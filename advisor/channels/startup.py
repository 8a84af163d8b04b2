"""From settings to an advisor that can answer, building the index where there is none or the corpus has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from advisor.channels.terminal import end_progress, progress, say
from advisor.errors import Busy
from advisor.index.manifest import current, read_manifest
from advisor.knowledge.load import corpus_version

if TYPE_CHECKING:
    from advisor.answer.pipeline import Advisor
    from advisor.channels.session import Desk
    from advisor.config import Settings
    from advisor.index.child import Child


def stale(settings: Settings) -> str:
    """Why the index has to be built; empty where it fits the corpus."""
    folder = current(settings.data)
    if folder is None:
        return "there is no index yet"
    if read_manifest(folder).corpus != corpus_version(settings.corpus):
        return "the corpus has changed"
    return ""


def build_index(settings: Settings, *, rebuild: bool = False, cutting: Child | None = None) -> str:
    """Build or bring up to date, with progress on stderr; one line about the outcome. Raises AdvisorError.

    `cutting` is a cutter that was started ahead.
    """
    from advisor.index.build import build
    from advisor.models.embedder import make_embedder

    try:
        manifest = build(settings, make_embedder(settings), progress(), rebuild=rebuild, cutting=cutting)
    finally:
        end_progress()
    return (
        f"{manifest.documents} documents, {manifest.passages} passages, {manifest.embedded} newly embedded; "
        f"corpus {manifest.corpus}"
    )


def open_advisor(settings: Settings, store: Literal["chroma", "exact"]) -> Advisor:
    """An advisor over an index of the present corpus. Raises AdvisorError."""
    if why := stale(settings):
        say(f"Building the index: {why}.")
        try:
            say(build_index(settings))
        except Busy:
            if current(settings.data) is None:
                raise
            say("Another process is building the index; answering from the one before.")
    from advisor.answer.pipeline import Advisor

    return Advisor.open(settings, store=store)


def open_desk(settings: Settings, store: Literal["chroma", "exact"] = "chroma") -> Desk:
    """The advisor with the record of conversations. Raises AdvisorError."""
    from advisor.channels.session import Desk
    from advisor.records import open_records

    return Desk(open_advisor(settings, store), open_records(settings))
