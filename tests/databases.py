"""The databases that records are tested on: SQLite always, PostgreSQL where this machine has its programs."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

NO_POSTGRES = "PostgreSQL's programs are not installed: the records are tested on SQLite only"


def _programs() -> Path | None:
    """The folder with PostgreSQL's programs; Debian keeps them off the PATH."""
    found = [Path(p).resolve().parent for p in (shutil.which("initdb"),) if p]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in found if (folder / "postgres").exists() and (folder / "initdb").exists()), None)


def _unprivileged() -> tuple[int, int] | None:
    """PostgreSQL refuses root: whom to run it as, None for whoever we are."""
    if os.getuid():
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return entry.pw_uid, entry.pw_gid
    return None


def _available() -> bool:
    return _programs() is not None and (os.getuid() != 0 or _unprivileged() is not None)


@contextmanager
def postgres_server() -> Iterator[str]:
    """A server of its own on a free port of loopback, as `postgresql://…/`; it is gone afterwards."""
    programs, ids = _programs(), _unprivileged()
    if programs is None or not _available():
        pytest.skip(NO_POSTGRES)
    who = {"user": ids[0], "group": ids[1], "extra_groups": []} if ids else {}
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = Path(tempfile.mkdtemp(prefix="advisor-postgres-"))
    try:
        if ids:
            os.chown(folder, *ids)
        data, password = folder / "data", folder / "password"
        password.write_text("s3cret")
        password.chmod(0o644)
        initdb = [
            programs / "initdb",
            "-D",
            data,
            "-U",
            "advisor",
            "-A",
            "scram-sha-256",
            f"--pwfile={password}",
            "-E",
            "UTF8",
        ]
        subprocess.run([*initdb, "--no-sync", "--locale=C"], check=True, capture_output=True, cwd=folder, **who)
        command = [programs / "postgres", "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", folder]
        with (folder / "log").open("w") as log:
            server = subprocess.Popen([*command, "-c", "fsync=off"], stdout=log, stderr=log, cwd=folder, **who)
        try:
            ready = [programs / "pg_isready", "-h", "127.0.0.1", "-p", str(port), "-U", "advisor"]
            for _ in range(100):
                if subprocess.run(ready, capture_output=True, check=False).returncode == 0:
                    break
                if server.poll() is not None:
                    raise RuntimeError((folder / "log").read_text())
                with suppress(subprocess.TimeoutExpired):
                    server.wait(0.1)
            yield f"postgresql://advisor:s3cret@127.0.0.1:{port}/"
        finally:
            server.send_signal(signal.SIGQUIT)  # at once: nothing of it is kept
            server.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL server for the whole run, or the test is skipped."""
    with postgres_server() as address:
        yield address


@pytest.fixture
def postgres_database(postgres: str) -> str:
    """The address of a new, empty database on that server."""
    import psycopg

    name = f"t_{secrets.token_hex(6)}"
    with psycopg.connect(postgres + "postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return postgres + name


# Without PostgreSQL the tests run on SQLite, and one in test_postgres.py says what is missing.
@pytest.fixture(params=["sqlite", "postgresql"] if _available() else ["sqlite"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Where a new, empty database is: a file, and once more an address of PostgreSQL."""
    if request.param == "sqlite":
        return tmp_path / "advisor.db"
    return str(request.getfixturevalue("postgres_database"))
