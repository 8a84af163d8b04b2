"""Chroma is written and checked by processes of their own: a crash in its native code ends them, not the product.

They start early and wait for their order on standard input, so that their imports cost no time of ours.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from advisor.errors import IndexUnavailable


class ChromaChild:
    """A process that carries out one order: `build` (and check) or `drop` a collection. Killed when the block ends."""

    def __init__(self, task: str, url: str | None) -> None:
        root = str(Path(__file__).resolve().parents[2])
        env = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")]),
            "ANONYMIZED_TELEMETRY": "False",
        }
        command = [sys.executable, "-m", "advisor.index.store_chroma", task, url or ""]
        pipe = subprocess.PIPE
        self._task = task
        self._process = subprocess.Popen(  # noqa: S603
            command, env=env, stdin=pipe, stdout=subprocess.DEVNULL, stderr=pipe, text=True, process_group=0
        )

    def begin(self, folder: Path, version: str) -> None:
        """To build, `passages.json` and `embeddings.npy` must be in the folder."""
        assert self._process.stdin
        try:
            self._process.stdin.write(json.dumps([str(folder), version]))
            self._process.stdin.close()
        except BrokenPipeError:
            pass  # it died at its start; its exit status says so
        self._process.stdin = None

    def finish(self) -> None:
        """Wait for it. Raises IndexUnavailable where it failed."""
        _, said = self._process.communicate()
        if status := self._process.returncode:
            last = (said.strip().splitlines() or [f"exit status {status}"])[-1]
            raise IndexUnavailable(f"Chroma failed to {self._task} the index: {last}", "Check free disk space.")

    def __enter__(self) -> ChromaChild:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stderr):
            if pipe:
                pipe.close()
