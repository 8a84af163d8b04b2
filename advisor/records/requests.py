"""Request keys: a question that is sent twice is answered once, on whichever replica it arrives."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from advisor.records.database import Database
from advisor.records.owner import LOCAL, Owner

HOURS = 24
"""How long a request key is remembered."""


@dataclass(frozen=True)
class Begun:
    """What to do with a request: `new` compute it, `running` wait for whoever does, `done` read the recorded answer,
    `conflict` refuse, since the same key came with another body."""

    state: Literal["new", "running", "done", "conflict"]
    answer_id: str
    """The id that the answer has or will have; fixed when the key is first seen."""


class Requests:
    """The request keys of one owner. Every method raises StorageError where the database cannot be used.

    `Conversations.append(..., request_key=key)` marks a request done in the transaction that records its answer.
    """

    def __init__(self, where: Path | str | Database, owner: Owner = LOCAL) -> None:
        raise NotImplementedError

    def begin(self, key: str, body_sha: str, seconds: float) -> Begun:
        """Take the request on for `seconds`, or learn what became of it. Of several callers one gets `new`."""
        raise NotImplementedError

    def release(self, key: str) -> None:
        """Give the request back without an answer: the next `begin` is `new` again, with the same answer id."""
        raise NotImplementedError
