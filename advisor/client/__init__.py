"""The Python client of the HTTP API: what bots and programs ask the advisor with."""

from advisor.client.asynchronous import AsyncAdvisorClient, AsyncStream
from advisor.client.errors import ApiError, Unreachable
from advisor.client.events import StreamEvent
from advisor.client.replies import Assessment, Conversation, ConversationSummary, Found, Page, Reply
from advisor.client.sync import AdvisorClient, Stream

__all__ = [
    "AdvisorClient",
    "ApiError",
    "Assessment",
    "AsyncAdvisorClient",
    "AsyncStream",
    "Conversation",
    "ConversationSummary",
    "Found",
    "Page",
    "Reply",
    "Stream",
    "StreamEvent",
    "Unreachable",
]
