"""Backups: a SQLite file is copied by SQLite itself, a PostgreSQL database by its own tools."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import tempfile
from contextlib import closing, suppress
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine import URL

from advisor.errors import InputError, StorageError
from advisor.records.database import Database
from advisor.records.migrate import OLD_VERSION, VERSION, copy, copy_beside, refuse_newer
from advisor.records.tables import Base

_SQLITE = b"SQLite format 3\0"


def backup(db: Database, path: Path) -> None:
    """The database as last committed, in one new file that only its owner can read."""
    if path.exists():
        raise InputError(f"{path} is there already.", "Name a file that does not exist yet.")
    with db.reading() as session:
        session.execute(text("SELECT 1"))  # brings the tables up to date
    with db.mended():
        if isinstance(db.where, Path):
            copy(db.where, path)
            return
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            _tool("pg_dump", db.where, "--format=custom", "--no-owner", f"--file={path}")
        except BaseException:
            path.unlink()
            raise


def restore(db: Database, path: Path) -> None:
    """Put what a backup holds in the place of everything there is, all or nothing.

    Raises InputError for a file that is no backup, StorageError for one of a newer program or a damaged one.
    """
    if not path.is_file():
        raise InputError(f"There is no file {path}.", "Name a file that `advisor data backup` wrote.")
    with db.mended():
        if isinstance(db.where, Path):
            _restore_file(db, db.where, path)
        else:
            with tempfile.TemporaryDirectory() as folder:
                _restore_server(db.where, path, Path(folder) / "script.sql")
            db.close()


def _restore_file(db: Database, where: Path, path: Path) -> None:
    with path.open("rb") as file:
        if file.read(len(_SQLITE)) != _SQLITE:
            raise InputError(f"{path} is not a backup of a SQLite database.", "Name a file that was backed up here.")
    part = where.with_name(f"{where.name}.restoring")
    try:
        copy(path, part)
        checked = Database(part)
        with checked.reading() as session:
            found = session.scalar(text("PRAGMA integrity_check"))
        checked.close()
        if found != "ok":
            raise StorageError(f"The backup {path} is damaged: {found}.", "Restore an older one.")
        if _sound(where):
            copy_beside(where, "before-restore")
            with closing(sqlite3.connect(part)) as source, closing(sqlite3.connect(where, timeout=5.0)) as target:
                source.backup(target)
        else:
            db.close()
            with suppress(FileNotFoundError):
                os.replace(where, where.with_name(f"{where.name}.damaged"))
            for end in ("-wal", "-shm"):
                where.with_name(where.name + end).unlink(missing_ok=True)
            os.replace(part, where)
    finally:
        for leftover in where.parent.glob(f"{part.name}*"):
            leftover.unlink()


def _sound(path: Path) -> bool:
    """Whether there is a database that SQLite can write over in one transaction, under whoever has it open."""
    if not path.exists():
        return False
    with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(path, timeout=5.0)) as database:
        return bool(database.execute("PRAGMA quick_check").fetchone() == ("ok",))
    return False


def _restore_server(url: URL, path: Path, script: Path) -> None:
    _run("pg_restore", "--no-owner", "--no-privileges", f"--file={script}", str(path))
    with script.open(encoding="utf-8") as lines:
        begins = any(line.startswith(f"COPY public.{VERSION} ") for line in lines)
        found = next(lines).strip() if begins else ""
    if not found:
        raise InputError(f"{path} is not a backup of this program.", "Name a file that was backed up here.")
    refuse_newer(found)
    # All our tables go first, so that none of a later migration is left beside those of an earlier backup.
    drop = f"DROP TABLE IF EXISTS {', '.join((*Base.metadata.tables, VERSION, OLD_VERSION))} CASCADE"
    _tool(
        "psql", url, "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", f"--command={drop}", f"--file={script}"
    )


def _tool(name: str, url: URL, *options: str) -> None:
    """Run one of PostgreSQL's own programs. The password goes by the environment: arguments are seen by others."""
    address = URL.create("postgresql", url.username, None, url.host, url.port, url.database, url.query)
    _run(name, f"--dbname={address.render_as_string()}", *options, password=url.password)


def _run(name: str, *options: str, password: str | None = None) -> None:
    program = shutil.which(name)
    if program is None:
        raise StorageError(f"{name} is not installed.", "Install PostgreSQL's client programs, and put them on PATH.")
    env = {**os.environ, **({"PGPASSWORD": password} if password else {})}
    done = subprocess.run([program, *options], env=env, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        why = (done.stderr.strip().splitlines() or ["it failed"])[-1]
        raise StorageError(f"{name} could not do it: {why}", "The version of the program has to fit the server's.")
