"""Schemathesis over the OpenAPI document of a real server: no 5xx, nothing that the document does not say.

    python -m benchmarks.schema [--examples 300] [--seed 0]

`--examples` is for each operation. Writes go to a database of its own, which is thrown away.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.servers import Server


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--home", type=Path, help="a data directory whose index is built; else one is made")
    parser.add_argument("--only", help="a regular expression over paths")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="advisor-schema-") as folder:
        home = str(args.home or Path(folder) / "home")
        database = f"sqlite:///{folder}/schema.db"
        token = make_key(database)
        with Server(ADVISOR_HOME=home, ADVISOR_DATABASE_URL=database, ADVISOR_REQUIRE_KEYS="true") as server:
            began = time.monotonic()
            done = subprocess.run(command(server.url, token, args.examples, args.seed, args.only), check=False)
            print(f"{time.monotonic() - began:.0f} s")
    sys.exit(done.returncode)


def make_key(database: Path | str) -> str:
    """A key with every right and no limit worth the name."""
    from advisor.records.database import Database
    from advisor.records.store import Records

    with contextlib.closing(Records(Database(database))) as records:
        return records.keys.create("schema", "schemathesis", ["admin"], per_minute=1_000_000)[1]


def command(url: str, token: str, examples: int, seed: int, only: str | None = None) -> list[str]:
    """The command line of a run: every check but one, the same examples for the same seed.

    That one would have every request that fits the schema accepted. Some cannot be: a cursor of another list, a tool
    that nobody knows, a key that came with another body.
    """
    chosen = ["--include-path-regex", only] if only else []
    return [
        str(Path(sys.executable).parent / "schemathesis"), "run", f"{url}/openapi.json",
        "--header", f"Authorization: Bearer {token}", "--checks", "all",
        "--exclude-checks", "positive_data_acceptance", "--max-examples", str(examples),
        "--seed", str(seed), "--workers", "1", "--request-timeout", "30", "--no-color", *chosen,
    ]  # fmt: skip


if __name__ == "__main__":
    os.environ.pop("ADVISOR_CHAT_MODEL", None)
    main()
