"""Work in a process of its own: a crash in native code ends that process, and its imports run beside ours.

A child starts early, imports what it needs, and waits for its order on standard input.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from advisor.errors import IndexUnavailable


class Child:
    """`python -m module arguments…`, killed with its own children when the block ends."""

    def __init__(self, module: str, *arguments: str, what: str) -> None:
        root = str(Path(__file__).resolve().parents[2])
        env = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")]),
            "ANONYMIZED_TELEMETRY": "False",
        }
        pipe = subprocess.PIPE
        self._what = what
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", module, *arguments],
            env=env,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            text=True,
            encoding="utf-8",
            process_group=0,
        )

    def begin(self, order: object) -> None:
        """Hand over the order, which goes as JSON: once."""
        assert self._process.stdin
        try:
            self._process.stdin.write(json.dumps(order))
            self._process.stdin.close()
        except BrokenPipeError:
            pass  # it died at its start; its exit status says so
        self._process.stdin = None

    def lines(self) -> Iterator[str]:
        """What it prints, as it prints it."""
        assert self._process.stdout
        yield from self._process.stdout

    def finish(self) -> None:
        """Wait for it. Raises IndexUnavailable where it failed."""
        _, said = self._process.communicate()
        if status := self._process.returncode:
            last = (said.strip().splitlines() or [f"exit status {status}"])[-1]
            raise IndexUnavailable(f"{self._what} failed: {last}", "Check free disk space and memory.")

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe:
                pipe.close()


def start_cutter() -> Child:
    """The child that cuts documents into passages (`advisor.index.cutter`), importing LlamaIndex from now on."""
    return Child("advisor.index.cutter", what="Cutting the documents")
