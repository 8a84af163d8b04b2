"""Request keys: a question that is sent twice is answered once, on whichever replica it arrives."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy import update
from sqlalchemy.orm import Session

from advisor.errors import InputError
from advisor.records.database import Database
from advisor.records.owner import LOCAL, Owner
from advisor.records.tables import RequestRow

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
        self._db = where if isinstance(where, Database) else Database(where)
        self._owner = owner

    def begin(self, key: str, body_sha: str, seconds: float) -> Begun:
        """Take the request on for `seconds`, or learn what became of it. Of several callers one gets `new`.

        What was taken on and not finished in its time is `new` again: whoever took it may be dead. Raises
        InputError for a key that is not 1 to 200 printable ASCII characters.
        """
        if not (0 < len(key) <= 200 and key.isascii() and key.isprintable()):
            raise InputError("This request key is not usable.", "Use 1 to 200 printable ASCII characters.")
        at = self._db.now()
        fresh = {"body_sha": body_sha, "answer_id": new_answer_id(), "done": False, "created": at}
        with self._db.writing(durable=False) as session:
            first = self._db.add_if_absent(session, RequestRow, **self._key(key), **fresh, taken=at, seconds=seconds)
            row = session.get_one(RequestRow, self._key(key), with_for_update=True)
            if first:
                return Begun("new", row.answer_id)
            if at - row.created > dt.timedelta(hours=HOURS):
                for name, value in fresh.items():
                    setattr(row, name, value)
            elif row.body_sha != body_sha:
                return Begun("conflict", row.answer_id)
            elif row.done:
                return Begun("done", row.answer_id)
            # A clock that was set back must not keep a dead attempt alive, so the distance counts both ways.
            elif row.taken is not None and abs((at - row.taken).total_seconds()) < row.seconds:
                return Begun("running", row.answer_id)
            row.taken, row.seconds = at, seconds
            return Begun("new", row.answer_id)

    def release(self, key: str) -> None:
        """Give the request back without an answer: the next `begin` is `new` again, with the same answer id."""
        with self._db.writing(durable=False) as session:
            session.execute(update(RequestRow).filter_by(**self._key(key)).values(taken=None))

    def _key(self, key: str) -> dict[str, str]:
        return {"tenant": self._owner.tenant, "user": self._owner.user, "key": key}


def mark_done(session: Session, owner: Owner, key: str, answer_id: str) -> None:
    """The answer stands in this transaction, and with it the request is done."""
    mine = {"tenant": owner.tenant, "user": owner.user, "key": key, "answer_id": answer_id}
    session.execute(update(RequestRow).filter_by(**mine).values(done=True))


def new_answer_id() -> str:
    """An answer id that cannot be guessed."""
    return f"ans_{secrets.token_hex(8)}"
