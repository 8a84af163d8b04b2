"""The seams: what can be swapped, each one or two methods wide."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal, Protocol, TypedDict

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from advisor.schema import Filters, Hit

    Vectors = npt.NDArray[np.float32]


class Embedder(Protocol):
    """Turns text into unit vectors."""

    identity: str
    """Model, revision, weights hash, dimension, normalisation and precision; a change means a new index."""
    dimension: int

    def embed_query(self, text: str) -> Vectors:
        """Shape (dimension,), float32, length 1."""

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Shape (len(texts), dimension), float32, each row of length 1."""


class VectorStore(Protocol):
    """Finds the nearest passages of one index version."""

    def search(self, vector: Vectors, k: int, allowed: Vectors | None = None) -> list[tuple[int, float]]:
        """Up to k (row, cosine) pairs, best first; `allowed` is a boolean mask over rows."""


class Retriever(Protocol):
    """Finds passages for a query."""

    def retrieve(self, query: str, k: int = 8, filters: Filters | None = None) -> list[Hit]:
        """Up to k passages, best first."""


class Message(TypedDict):
    """One message of a chat."""

    role: Literal["system", "user", "assistant"]
    content: str


class Reply(Protocol):
    """A chat model's answer as it comes in. Iterating raises ModelUnavailable and nothing else."""

    usage: tuple[int, int]
    """(prompt tokens, completion tokens), once the reply has ended; (0, 0) if the endpoint does not say."""

    def __iter__(self) -> Iterator[str]:
        """Pieces of text, in order; ends normally only where the model finished its answer."""


class ChatModel(Protocol):
    """Turns messages into text, piece by piece."""

    name: str

    def stream(self, messages: Sequence[Message], *, deadline: float) -> Reply:
        """A reply that has ended, one way or the other, by `deadline` (time.monotonic() seconds)."""
