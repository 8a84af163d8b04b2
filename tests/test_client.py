"""The Python client against a real server on this machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from advisor.client import AdvisorClient, AsyncAdvisorClient
from tests.answers import Scripted
from tests.test_api import serving


@pytest.fixture
def url(tmp_path) -> Iterator[str]:
    with serving(Scripted(), tmp_path / "advisor.db") as http:
        yield str(http.base_url)


def test_an_answer(url: str) -> None:
    with AdvisorClient(url) as client:
        reply = client.ask("What?")
        assert reply.answer.text == "Do this [1]."
        with client.stream("What?", conversation_id=reply.answer.conversation_id) as events:
            assert list(events)[-1].answer.conversation_id == reply.answer.conversation_id


def test_an_answer_async(url: str) -> None:
    import asyncio

    async def main():
        async with AsyncAdvisorClient(url) as client:
            reply = await client.ask("What?")
            assert reply.answer.text == "Do this [1]."
            async with client.stream("What?", conversation_id=reply.answer.conversation_id) as events:
                got = [e async for e in events]
                assert got[-1].answer.conversation_id == reply.answer.conversation_id

    asyncio.run(main())
