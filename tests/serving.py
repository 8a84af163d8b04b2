"""Applications on a real socket, in a thread of the test's own process."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from advisor.channels.api.auth import Access
from advisor.channels.server import bind, create_app
from advisor.channels.session import Answers, Desk
from advisor.records.store import Records


@contextmanager
def listening(app: Any) -> Iterator[str]:
    """The address of an application that is being served."""
    listener = bind("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", server_header=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def served(advisor: Answers, records: Records, access: Access | None = None) -> Iterator[str]:
    """The address of the API."""
    with listening(create_app(Desk(advisor, records), access=access or Access())) as url:
        yield url
    records.close()
