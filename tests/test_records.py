"""Conversations on a real SQLite file: whole turns, whatever happens."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from advisor.channels.session import Desk
from advisor.errors import StorageError
from advisor.records.conversations import Conversations, NoSuchConversation, title_of
from advisor.records.database import Database
from advisor.records.store import Records
from advisor.schema import Profile, ProfileChange
from tests.answers import Scripted, make_answer


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "advisor.db"


def test_a_conversation_survives_a_restart(db: Path) -> None:
    first = Conversations(db)
    profile = Profile(people=25, team={"data-scientist": 2})
    answers = [make_answer(f"Question {n}?") for n in range(3)]
    for answer in answers:
        first.append("c1", answer, profile)
    first.give_feedback(answers[1].id, -1, "too long")
    first.close()

    known = Conversations(db).get("c1")
    assert [a.question for a in known.answers] == ["Question 0?", "Question 1?", "Question 2?"]
    assert known.answers == answers
    assert known.profile == profile
    assert known.title == "Question 0?"
    assert known.feedback == {answers[1].id: -1}


def test_list_rename_delete(db: Path) -> None:
    records = Conversations(db)
    for n in range(3):
        records.append(f"c{n}", make_answer(f"Question {n}?"))
    records.rename("c0", "  Hiring   plan ")
    records.delete("c1")
    assert [(s.id, s.title) for s in records.recent()] == [("c2", "Question 2?"), ("c0", "Hiring plan")]
    with pytest.raises(NoSuchConversation):
        records.get("c1")
    records.delete("c1")


def test_delete_takes_turns_and_feedback_along(db: Path) -> None:
    records = Conversations(db)
    answer = make_answer()
    records.append("c", answer)
    records.give_feedback(answer.id, 1)
    records.delete("c")
    with sqlite3.connect(db) as raw:
        assert raw.execute("select (select count(*) from turns) + (select count(*) from feedback)").fetchone() == (0,)


def test_a_second_vote_replaces_the_first(db: Path) -> None:
    records = Conversations(db)
    answer = make_answer()
    records.append("c", answer)
    records.give_feedback(answer.id, 1)
    records.give_feedback(answer.id, -1)
    assert records.get("c").feedback == {answer.id: -1}


def test_unknown_ids_are_said_to_be_unknown(db: Path) -> None:
    records = Conversations(db)
    for call in (
        lambda: records.get("x"),
        lambda: records.answer("x"),
        lambda: records.rename("x", "y"),
        lambda: records.set_profile("x", Profile()),
        lambda: records.give_feedback("x", 1),
    ):
        with pytest.raises(NoSuchConversation):
            call()


def test_only_the_owner_can_read_the_files(db: Path) -> None:
    records = Conversations(db)
    records.append("c", make_answer())
    for path in db.parent.glob("advisor.db*"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_a_damaged_database_is_said_to_be_damaged(db: Path) -> None:
    db.write_bytes(b"not a database at all, but long enough to be looked at" * 40)
    with pytest.raises(StorageError, match="cannot be used"):
        Conversations(db).recent()


def test_threads_lose_nothing(db: Path) -> None:
    records = Conversations(db)

    def work(n: int) -> None:
        for _ in range(10):
            records.append(f"c{n % 2}", make_answer())

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(len(records.get(id).answers) for id in ("c0", "c1")) == 60


def test_an_answer_is_given_where_nothing_can_be_recorded(tmp_path: Path) -> None:
    desk = Desk(Scripted(), Records(Database(tmp_path / "missing" / "advisor.db")))
    answer = [e.answer for e in desk.ask("What next?")][-1]
    assert answer is not None
    assert answer.text == "Do this [1]."
    assert "not recorded" in answer.note
    assert desk.answer(answer.id) == answer


FULL = """
import resource, sys
from pathlib import Path
from advisor.channels.session import Desk
from advisor.records.database import Database
from advisor.records.store import Records
from tests.answers import Scripted
records = Records(Database(Path(sys.argv[1])))
records.conversations.create()
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
notes = [[e.answer for e in Desk(Scripted(), records).ask("What next? " * 300)][-1].note for _ in range(60)]
print(notes[0] == "", "not recorded" in notes[-1])
"""


def test_a_full_disk_costs_the_record_and_not_the_answer(db: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", FULL, str(db)], capture_output=True, text=True, cwd=Path(__file__).parents[1]
    )
    assert run.stdout.strip() == "True True", run.stderr
    records = Conversations(db)
    assert records.check() == "ok"
    assert all(len(records.get(s.id).answers) <= 1 for s in records.recent())


def test_the_next_question_knows_the_profile_and_what_was_said(db: Path) -> None:
    change = ProfileChange(field="people", value=25, label="25 people")
    advisor = Scripted(changes=[change])
    desk = Desk(advisor, Records(Database(db)))
    first = [e.answer for e in desk.ask("We are 25.")][-1]
    assert first is not None
    list(desk.ask("And next?", conversation_id=first.conversation_id))
    _, profile, conversation = advisor.asked[1]
    assert profile is not None
    assert profile.people == 25
    assert [t.question for t in conversation] == ["We are 25."]


def test_titles_are_cut_at_a_word() -> None:
    title = title_of("word " * 60)
    assert len(title) <= 80
    assert title.endswith("word…")
