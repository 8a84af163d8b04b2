"""What belongs to whom, on SQLite and on PostgreSQL: the same tests over both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from advisor.errors import InputError
from advisor.records.assessments import NoSuchAssessment
from advisor.records.conversations import NoSuchConversation
from advisor.records.database import Database
from advisor.records.owner import LOCAL, Owner
from advisor.records.profiles import NoSuchProfile
from advisor.records.store import Records
from advisor.schema import Profile
from tests.answers import VERSIONS, make_answer
from tests.timing import Clock, at_once

pytest_plugins = ["tests.databases"]

ACME, OTHER = Owner("acme"), Owner("other")
ANNA, BEN = Owner("sso", "anna"), Owner("sso", "ben")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def records(where: Path | str, clock: Clock) -> Iterator[Records]:
    opened = Records(Database(where, clock))
    yield opened
    opened.close()


# ---------------------------------------------------------------- conversations


@pytest.mark.parametrize(("mine", "theirs"), [(ACME, OTHER), (ANNA, BEN), (ANNA, Owner("acme", "anna")), (ACME, LOCAL)])
def test_anothers_id_is_an_unknown_id(records: Records, mine: Owner, theirs: Owner) -> None:
    answer, secret = make_answer("Secret?"), Profile(name="Secret Ltd", people=25)
    ours = records.of(mine)
    ours.conversations.append("c", answer, secret)
    ours.conversations.give_feedback(answer.id, 1)
    saved = ours.assessments.save("c", "Secret", secret, [], VERSIONS)
    ours.profiles.put("team", secret)
    stranger = records.of(theirs)
    calls: list[Callable[[], object]] = [
        lambda: stranger.conversations.get("c"),
        lambda: stranger.conversations.answer(answer.id),
        lambda: stranger.conversations.rename("c", "mine"),
        lambda: stranger.conversations.set_profile("c", Profile()),
        lambda: stranger.conversations.give_feedback(answer.id, -1),
        lambda: stranger.conversations.append("c", make_answer()),
        lambda: stranger.conversations.append("new", answer),
    ]
    for call in calls:
        with pytest.raises(NoSuchConversation) as refused:
            call()
        assert "Secret" not in str(refused.value)
    with pytest.raises(NoSuchAssessment):
        stranger.assessments.get(saved)
    with pytest.raises(NoSuchProfile):
        stranger.profiles.get("team")
    stranger.conversations.delete("c")
    stranger.assessments.delete(saved)
    stranger.profiles.delete("team")
    assert stranger.conversations.recent() == []
    assert stranger.assessments.list() == stranger.assessments.list("c") == []
    assert stranger.profiles.page(10) == ([], None)
    assert stranger.assessments.get(stranger.assessments.save("c", "n", secret, [], VERSIONS)).conversation_id is None

    assert ours.conversations.get("c").answers == [answer]
    assert ours.conversations.get("c").feedback == {answer.id: 1}
    assert ours.assessments.get(saved).profile == ours.profiles.get("team") == secret


def test_a_tenant_sees_what_its_users_keep(records: Records) -> None:
    records.of(ANNA).conversations.append("a", make_answer("Anna's?"))
    records.of(BEN).conversations.append("b", make_answer("Ben's?"))
    assert {s.id for s in records.of(Owner("sso")).conversations.recent()} == {"a", "b"}
    assert [s.id for s in records.of(ANNA).conversations.recent()] == ["a"]


def test_one_key_is_one_conversation_for_each_owner(records: Records) -> None:
    ours = records.of(ACME).conversations
    ids = set(at_once(lambda: ours.by_key("slack:T1:C1:1700000000.1")))
    assert len(ids) == 1
    assert ours.by_key("slack:T1:C1:1700000000.1") in ids
    assert records.of(OTHER).conversations.by_key("slack:T1:C1:1700000000.1") not in ids
    assert records.of(ANNA).conversations.by_key("k") != records.of(BEN).conversations.by_key("k")
    id = ours.by_key("slack:T1:C1:1700000000.1")
    ours.append(id, make_answer("What next?"))
    assert ours.get(id).title == "What next?"
    ours.delete(id)
    assert ours.by_key("slack:T1:C1:1700000000.1") != id


@pytest.mark.parametrize("key", ["", "a b", "ü", "x" * 201, "a\n", "a/b"])
def test_a_strange_key_is_refused(records: Records, key: str) -> None:
    for call in (
        lambda: records.conversations.by_key(key),
        lambda: records.profiles.put(key, Profile()),
        lambda: records.profiles.get(key),
        lambda: records.profiles.delete(key),
    ):
        with pytest.raises(InputError):
            call()


def test_the_same_answer_is_recorded_once(records: Records) -> None:
    answer = make_answer()
    assert sorted(map(str, at_once(lambda: records.conversations.append("c", answer)))) == ["False"] * 7 + ["True"]
    assert records.conversations.get("c").answers == [answer]
    # Another attempt at the same question, that began a conversation of its own, leaves nothing behind.
    assert not records.conversations.append("d", answer.model_copy(update={"text": "Otherwise."}))
    assert [s.id for s in records.conversations.recent()] == ["c"]
    assert records.conversations.answer(answer.id) == answer


def test_answers_to_one_conversation_at_once_keep_an_order(records: Records) -> None:
    at_once(lambda: records.conversations.append("c", make_answer()), 12)
    assert len(records.conversations.get("c").answers) == 12


def test_each_user_has_one_vote(records: Records) -> None:
    answer = make_answer()
    ours = records.of(ACME).conversations
    ours.append("c", answer, user="anna")
    at_once(lambda: ours.give_feedback(answer.id, 1, user="anna"))
    ours.give_feedback(answer.id, -1, "wrong", user="ben")
    votes = records.upkeep.export("acme")["feedback"]
    assert sorted((v["user"], v["value"], v["comment"]) for v in votes) == [("anna", 1, ""), ("ben", -1, "wrong")]


@pytest.mark.parametrize("id", ["a\0b", "\ud800", "x" * 10_000, "ünknown", "'; DROP TABLE turns; --"])
def test_an_id_that_nobody_gave_out_is_unknown_or_refused(records: Records, id: str) -> None:
    for call in (
        lambda: records.conversations.get(id),
        lambda: records.conversations.answer(id),
        lambda: records.conversations.rename(id, "t"),
        lambda: records.assessments.get(id),
    ):
        with pytest.raises((NoSuchConversation, NoSuchAssessment, InputError)):
            call()
    assert records.conversations.recent() == []


# ---------------------------------------------------------------- pages of lists


def test_pages_hold_everything_once(records: Records, clock: Clock) -> None:
    for n in range(7):
        records.conversations.append(f"c{n}", make_answer(f"{n}?"))
        records.assessments.save(None, f"a{n}", Profile(), [], VERSIONS)
        records.profiles.put(f"p{n}", Profile())
        clock.forward(n % 2)  # some at the same moment
    for page, name in (
        (records.conversations.page, lambda e: e.id),
        (records.assessments.page, lambda e: e.id),
        (records.profiles.page, lambda e: e.key),
    ):
        whole = [name(e) for e in page(100)[0]]  # type: ignore[no-untyped-call]
        found, after = [], None
        while True:
            items, after = page(3, after)
            found += [name(e) for e in items]  # type: ignore[no-untyped-call]
            assert len(items) == 3 or after is None
            if after is None:
                break
        assert found == whole
        assert len(set(found)) == 7
        assert page(7)[1] is None


@pytest.mark.parametrize("after", ["", "x", "é", "bnVsbA", "WzFd", "WyJ4IiwieSJd", "W251bGwsbnVsbF0", "[" * 5000])
def test_a_cursor_that_nobody_gave_out_is_refused(records: Records, after: str) -> None:
    refused = 0
    for page in (records.conversations.page, records.assessments.page, records.profiles.page):
        try:
            page(3, after)
        except InputError:
            refused += 1
    assert refused == (2 if after == "WzFd" else 3)  # [1] is where a page of assessments may end


# ---------------------------------------------------------------- profiles


def test_a_profile_is_put_replaced_and_deleted(records: Records) -> None:
    ours = records.of(ACME).profiles
    ours.put("slack:T1", Profile(people=25))
    ours.put("slack:T1", Profile(people=26))
    assert ours.get("slack:T1") == Profile(people=26)
    assert [kept.key for kept in ours.page(10)[0]] == ["slack:T1"]
    at_once(lambda: ours.put("slack:T2", Profile(people=1)))
    ours.delete("slack:T1")
    ours.delete("slack:T1")
    with pytest.raises(NoSuchProfile):
        ours.get("slack:T1")


# ---------------------------------------------------------------- request keys


def test_a_request_is_new_then_running_then_done(records: Records) -> None:
    requests = records.of(ACME).requests
    first = requests.begin("k", "body", 60)
    assert first.state == "new"
    assert first.answer_id.startswith("ans_")
    again = requests.begin("k", "body", 60)
    assert (again.state, again.answer_id) == ("running", first.answer_id)
    assert requests.begin("k", "other", 60).state == "conflict"
    assert records.of(OTHER).requests.begin("k", "other", 60).state == "new"

    answer = make_answer(id=first.answer_id)
    records.of(ACME).conversations.append("c", answer, request_key="k")
    done = requests.begin("k", "body", 60)
    assert (done.state, done.answer_id) == ("done", first.answer_id)
    assert requests.begin("k", "other", 60).state == "conflict"
    requests.release("k")
    assert requests.begin("k", "body", 60).state == "done"


def test_one_of_many_computes(records: Records) -> None:
    begun = at_once(lambda: records.requests.begin("k", "body", 60))
    assert sorted(b.state for b in begun) == ["new"] + ["running"] * 7  # type: ignore[attr-defined]
    assert len({b.answer_id for b in begun}) == 1  # type: ignore[attr-defined]


def test_a_dead_attempt_is_taken_over_by_one(records: Records, clock: Clock) -> None:
    first = records.requests.begin("k", "body", 30)
    clock.forward(29)
    assert records.requests.begin("k", "body", 30).state == "running"
    clock.forward(2)
    begun = at_once(lambda: records.requests.begin("k", "body", 30))
    assert sorted(b.state for b in begun) == ["new"] + ["running"] * 7  # type: ignore[attr-defined]
    assert {b.answer_id for b in begun} == {first.answer_id}  # type: ignore[attr-defined]


def test_a_released_request_is_new_with_the_same_answer_id(records: Records) -> None:
    first = records.requests.begin("k", "body", 60)
    records.requests.release("k")
    assert records.requests.begin("k", "body", 60) == first
    records.requests.release("never seen")


def test_a_clock_that_jumps_back_keeps_no_dead_attempt_alive(records: Records, clock: Clock) -> None:
    records.requests.begin("k", "body", 30)
    clock.forward(-3600)
    assert records.requests.begin("k", "body", 30).state == "new"


def test_a_request_key_is_forgotten_after_a_day(records: Records, clock: Clock) -> None:
    first = records.requests.begin("k", "body", 60)
    records.conversations.append("c", make_answer(id=first.answer_id), request_key="k")
    clock.forward(24 * 3600 - 1)
    assert records.requests.begin("k", "body", 60).state == "done"
    clock.forward(2)
    second = records.requests.begin("k", "another body", 60)
    assert second.state == "new"
    assert second.answer_id != first.answer_id
    assert records.requests.begin("k", "another body", 60).state == "running"


@pytest.mark.parametrize("key", ["", "x" * 201, "a\nb", "ü", "a\0"])
def test_a_request_key_that_no_header_carries_is_refused(records: Records, key: str) -> None:
    with pytest.raises(InputError):
        records.requests.begin(key, "body", 60)


def test_an_answer_that_cannot_be_recorded_leaves_its_request_open(records: Records) -> None:
    records.of(OTHER).conversations.append("c", make_answer())
    begun = records.of(ACME).requests.begin("k", "body", 60)
    with pytest.raises(NoSuchConversation):
        records.of(ACME).conversations.append("c", make_answer(id=begun.answer_id), request_key="k")
    assert records.of(ACME).requests.begin("k", "body", 60).state == "running"
