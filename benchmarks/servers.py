"""Real `advisor serve` processes on loopback, and a client that costs next to nothing beside them."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 300.0
"""A first start builds the index."""


class Server:
    """`advisor serve --no-page` in a process of its own."""

    def __init__(self, port: int = 0, **env: str) -> None:
        self.env = {**os.environ, "HF_HUB_OFFLINE": "1", **env}
        self.port = port

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    def start(self) -> None:
        """Until it answers /readyz."""
        command = [sys.executable, "-m", "advisor.channels.cli", "serve", "--no-page", "--port", str(self.port)]
        self.process = subprocess.Popen(command, cwd=ROOT, env=self.env, stderr=subprocess.PIPE, text=True)
        self.said: list[str] = []
        assert self.process.stderr
        for line in self.process.stderr:
            self.said.append(line)
            if found := re.search(r"http://127\.0\.0\.1:(\d+)", line):
                self.port = int(found.group(1))
                break
        else:
            raise RuntimeError("the server did not start:\n" + "".join(self.said))
        threading.Thread(target=self._drain, daemon=True).start()
        deadline = time.monotonic() + START_SECONDS
        while not self._ready():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise RuntimeError("the server is not ready:\n" + "".join(self.said))
            time.sleep(0.05)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def rss_mb(self) -> float:
        """The memory that the process holds now, in MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1024  # type: ignore[union-attr]

    def cpu_seconds(self) -> float:
        """The processor time that the process has taken, in all its threads."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def figure(self, name: str) -> int:
        """A count out of /proc: `fd` or `Threads`."""
        if name == "fd":
            return len(os.listdir(f"/proc/{self.process.pid}/fd"))
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{name}:\s+(\d+)", status).group(1))  # type: ignore[union-attr]

    def _drain(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            self.said.append(line)

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as response:
                return bool(response.status == 200)
        except OSError:
            return False


class Connection:
    """One kept-alive connection; HTTP/1.1 and no more of it than the server speaks."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.writer: asyncio.StreamWriter | None = None

    async def send(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the response."""
        await self._begin(method, path, body, headers)
        status, got = await self._head()
        if "content-length" in got:
            return status, got, await self.reader.readexactly(int(got["content-length"]))
        return status, got, b"".join([piece async for piece in self._chunks()])

    async def stream(self, path: str, body: Any, **headers: str) -> int:
        """The status of a response whose body is not read to its end."""
        await self._begin("POST", path, body, headers)
        return (await self._head())[0]

    async def chunk(self) -> bytes:
        """The next piece of a streamed body; empty at its end."""
        size = int(await self.reader.readline(), 16)
        piece = await self.reader.readexactly(size)
        await self.reader.readexactly(2)
        return piece

    def close(self) -> None:
        if self.writer:
            self.writer.close()
            self.writer = None

    async def _begin(self, method: str, path: str, body: Any, headers: dict[str, str]) -> None:
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        content = b"" if body is None else json.dumps(body).encode()
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", f"Content-Length: {len(content)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        if body is not None:
            lines.append("Content-Type: application/json")
        self.writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + content)
        await self.writer.drain()

    async def _head(self) -> tuple[int, dict[str, str]]:
        first = await self.reader.readline()
        if not first:
            raise ConnectionResetError
        found = {}
        while (line := await self.reader.readline()) not in (b"\r\n", b""):
            name, _, value = line.decode("latin-1").partition(":")
            found[name.lower()] = value.strip()
        return int(first.split()[1]), found

    async def _chunks(self) -> Any:
        while piece := await self.chunk():
            yield piece
