"""Data directories for tests. The exported embedder is shared between them: making it takes 15 seconds."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from advisor.config import Settings, load_settings
from advisor.models.export import ensure_exported

if TYPE_CHECKING:
    from advisor.records.store import Records

FIXTURE = Path(__file__).parent / "fixtures" / "corpus"
SHARED = Path(tempfile.gettempdir()) / f"mlops-advisor-tests-{os.getuid()}"


def settings_for(corpus: Path = FIXTURE, home: Path | None = None) -> Settings:
    """Settings over a corpus, with a home (this test's own by default) that already holds the exported embedder."""
    home = home or Path(os.environ["ADVISOR_HOME"])
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    SHARED.mkdir(exist_ok=True, mode=0o700)
    ensure_exported(SHARED)
    if not (home / "models").exists():
        (home / "models").symlink_to(SHARED / "models")
    return load_settings().model_copy(update={"home": home, "corpus": corpus})


def records_at(path: Path) -> Records:
    """The records in a database of a test's own."""
    from advisor.records.database import Database
    from advisor.records.store import Records

    return Records(Database(path))
