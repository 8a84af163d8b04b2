"""The stand-in on a port of this machine: the Web API, response URLs, and Socket Mode's WebSocket."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import struct
import threading
import time
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import socket
from typing import Any
from urllib.parse import parse_qsl

from tests.slack_kit.methods import Methods, Refused, check_blocks
from tests.slack_kit.slack import Call, Slack, Workspace

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_NOBODY = Workspace("", "")


class Socket:
    """One Socket Mode connection: envelopes out, acknowledgements in."""

    def __init__(self, connection: socket) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._acks: dict[str, Any] = {}
        self._changed = threading.Condition()

    def send(self, envelope: dict[str, Any]) -> None:
        """One text frame."""
        self._frame(1, json.dumps(envelope).encode())

    def acked(self, id: str, seconds: float) -> dict[str, Any] | None:
        """The acknowledgement of an envelope, or None."""
        with self._changed:
            self._changed.wait_for(lambda: id in self._acks, seconds)
            return self._acks.get(id)

    def serve(self) -> None:
        """Read until the other side goes."""
        with contextlib.suppress(OSError):
            while (frame := self._read()) is not None:
                opcode, data = frame
                if opcode == 8:
                    return
                if opcode == 9:
                    self._frame(10, data)
                elif opcode == 1:
                    said = json.loads(data)
                    with self._changed:
                        self._acks[said["envelope_id"]] = said
                        self._changed.notify_all()

    def _frame(self, opcode: int, data: bytes) -> None:
        size = len(data)
        kind = 0x80 | opcode
        if size < 126:
            head = struct.pack("!BB", kind, size)
        else:
            head = struct.pack("!BBH", kind, 126, size) if size < 65536 else struct.pack("!BBQ", kind, 127, size)
        with self._lock:
            self._connection.sendall(head + data)

    def _read(self) -> tuple[int, bytes] | None:
        head = self._exactly(2)
        if head is None:
            return None
        size = head[1] & 0x7F
        if size > 125:
            wide = 2 if size == 126 else 8
            size = int.from_bytes(self._exactly(wide) or b"", "big")
        mask = self._exactly(4) if head[1] & 0x80 else b"\0\0\0\0"
        data = self._exactly(size)
        if mask is None or data is None:
            return None
        return head[0] & 0x0F, bytes(b ^ mask[i % 4] for i, b in enumerate(data))

    def _exactly(self, size: int) -> bytes | None:
        data = b""
        while len(data) < size:
            got = self._connection.recv(size - len(data))
            if not got:
                return None
            data += got
        return data


class SlackServer:
    """The server. `api_url` is what a bot's WebClient takes as its base address."""

    def __init__(self, slack: Slack, port: int = 0) -> None:
        self.slack = slack
        self.sockets: list[Socket] = []
        methods = Methods(slack, lambda: f"ws://127.0.0.1:{self.port}/link/?ticket={uuid.uuid4()}")
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if self.path.startswith("/hooks/"):
                    self._hook(body)
                elif self.path.startswith("/api/"):
                    self._method(self.path.removeprefix("/api/"), body)
                else:
                    self._send(404, {})

            def do_GET(self) -> None:
                key = self.headers.get("Sec-WebSocket-Key")
                if not self.path.startswith("/link/") or not key:
                    self._send(404, {})
                    return
                accept = base64.b64encode(hashlib.sha1((key + _GUID).encode()).digest()).decode()
                self.send_response(101)
                for name, value in (
                    ("Upgrade", "websocket"),
                    ("Connection", "Upgrade"),
                    ("Sec-WebSocket-Accept", accept),
                ):
                    self.send_header(name, value)
                self.end_headers()
                connected = Socket(self.connection)
                connected.send({"type": "hello", "num_connections": 1})
                with slack.changed:
                    server.sockets.append(connected)
                    slack.changed.notify_all()
                connected.serve()
                self.close_connection = True
                with slack.changed:
                    server.sockets.remove(connected)

            def _method(self, method: str, body: bytes) -> None:
                args = read(self.headers.get("Content-Type") or "", body)
                token = (self.headers.get("Authorization") or "").removeprefix("Bearer ") or str(args.get("token", ""))
                workspace = slack.workspaces.get(token)
                call = Call(method, args, workspace.team if workspace else "", time.monotonic())
                fault = slack.take_fault(method)
                answer: dict[str, Any]
                headers = {}
                if fault and fault.seconds:
                    time.sleep(fault.seconds)
                try:
                    if fault and fault.status != 200:
                        call.status, call.error = fault.status, "ratelimited" if fault.status == 429 else "fault"
                        if fault.retry_after is not None:
                            headers["Retry-After"] = str(fault.retry_after)
                        raise Refused(call.error)
                    if fault and fault.error:
                        raise Refused(fault.error)
                    if method == "apps.connections.open" and slack.app_token in (token, args.get("token")):
                        workspace = _NOBODY
                    if workspace is None:
                        raise Refused("invalid_auth")
                    answer = {"ok": True, **methods.call(method, workspace, args)}
                except Refused as e:
                    call.error = str(e)
                    answer = {"ok": False, "error": str(e)}
                with slack.changed:
                    slack.calls.append(call)
                    slack.changed.notify_all()
                self._send(call.status, answer, headers)

            def _hook(self, body: bytes) -> None:
                said = json.loads(body)
                _, _, team, user = self.path.split("/")[:4]
                blocks = check_blocks(said.get("blocks"))
                with slack.changed:
                    slack.calls.append(Call("response_url", said, team, time.monotonic()))
                    text = "\n".join([str(said.get("text") or ""), json.dumps(blocks, ensure_ascii=False)])
                    slack.ephemerals.append((team, user, text))
                    slack.changed.notify_all()
                self._send(200, {"ok": True})

            def _send(self, status: int, content: dict[str, Any], headers: dict[str, str] | None = None) -> None:
                data = json.dumps(content).encode()
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.api_url = f"http://127.0.0.1:{self.port}/api/"

    def response_url(self, team: str, user: str) -> str:
        """Where a bot answers a command."""
        return f"http://127.0.0.1:{self.port}/hooks/{team}/{user}/{uuid.uuid4()}"

    @contextlib.contextmanager
    def running(self) -> Iterator[SlackServer]:
        """Serves while the block runs."""
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()


def read(kind: str, body: bytes) -> dict[str, Any]:
    """The arguments of a call, as JSON or as a form."""
    if kind.startswith("application/json"):
        return dict(json.loads(body or b"{}"))
    return dict(parse_qsl(body.decode(), keep_blank_values=True))
