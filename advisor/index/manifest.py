"""What an index version was built from, and the pointer to the one that serves."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from advisor.errors import IndexUnavailable

REBUILD = "Build it again: advisor index --rebuild"


@dataclass(frozen=True)
class Manifest:
    """The identity of an index version. `files` maps a name to (bytes, sha256)."""

    version: str
    corpus: str
    embedder: str
    dimension: int
    chunker: str
    documents: int
    passages: int
    created: str
    chroma: bool
    """False where Chroma failed its check when this version was built; the exact store holds the same vectors."""
    kinds: dict[str, int] = field(default_factory=dict)
    files: dict[str, tuple[int, str]] = field(default_factory=dict)
    embedded: int = 0
    """How many passages this build had to embed."""

    def write(self, folder: Path) -> None:
        write_atomic(folder / "manifest.json", json.dumps(asdict(self), indent=1))


def read_manifest(folder: Path) -> Manifest:
    """Raises IndexUnavailable where it is missing or damaged."""
    try:
        data = json.loads((folder / "manifest.json").read_text("utf-8"))
        data["files"] = {name: (int(size), str(sha)) for name, (size, sha) in data["files"].items()}
        return Manifest(**data)
    except (OSError, ValueError, TypeError, KeyError) as e:
        raise IndexUnavailable(f"The index in {folder} has no readable manifest.", REBUILD) from e


def index_folder(data: Path) -> Path:
    """Where index versions live."""
    return data / "index"


def current(data: Path) -> Path | None:
    """The folder of the serving version; None where nothing was built yet."""
    try:
        name = (index_folder(data) / "current").read_text("utf-8").strip()
    except OSError:
        return None
    folder = index_folder(data) / name
    return folder if name and folder.is_dir() else None


def point_to(data: Path, version: str) -> None:
    """Make `version` the serving one, all at once."""
    write_atomic(index_folder(data) / "current", version)


def write_atomic(path: Path, text: str) -> None:
    """Old content or new content, never half of it."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with beside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def measure(folder: Path) -> dict[str, tuple[int, str]]:
    """Size and sha256 of every file of a version that does not change when it is opened."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not _changes(path):
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            found[path.relative_to(folder).as_posix()] = (path.stat().st_size, digest)
    return found


def _changes(path: Path) -> bool:
    # Chroma writes to its SQLite file on every opening.
    return path.name == "manifest.json" or path.name.startswith("chroma.sqlite3") or path.suffix == ".lock"


def damaged(folder: Path, manifest: Manifest, prefix: str = "", *, content: bool) -> list[str]:
    """Names of files that are missing or differ from the manifest: by size, and by sha256 where `content`."""
    bad = []
    for name, (size, digest) in manifest.files.items():
        if not name.startswith(prefix):
            continue
        path = folder / name
        try:
            # Sizes first: a torn Chroma file can claim terabytes, which nobody wants to read.
            same = path.stat().st_size == size
            if same and content:
                with path.open("rb") as file:
                    same = hashlib.file_digest(file, "sha256").hexdigest() == digest
        except OSError:
            same = False
        if not same:
            bad.append(name)
    return bad
