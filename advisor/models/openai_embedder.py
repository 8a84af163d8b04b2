"""An embedder behind an OpenAI-compatible endpoint."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import openai

from advisor.errors import ModelUnavailable

if TYPE_CHECKING:
    from advisor.interfaces import Vectors

BATCH = 64
_HINT = "Check OPENAI_BASE_URL, OPENAI_API_KEY and the model's name, or unset ADVISOR_EMBEDDER."


class OpenAIEmbedder:
    """Vectors from the endpoint, made unit length here because not every server does it."""

    def __init__(self, model: str, base_url: str | None, api_key: str | None) -> None:
        self._model = model
        self._client = openai.OpenAI(base_url=base_url, api_key=api_key or "none", max_retries=1, timeout=60)
        self.identity = f"openai:{model};{base_url or 'api.openai.com'};normalised;float32"

    @cached_property
    def dimension(self) -> int:
        """As the endpoint has it; asked once."""
        return int(self._embed(["dimension"]).shape[1])

    def embed_query(self, text: str) -> Vectors:
        vector: Vectors = self._embed([text])[0]
        return vector

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        return np.vstack([self._embed(texts[i : i + BATCH]) for i in range(0, len(texts), BATCH)])

    def _embed(self, texts: Sequence[str]) -> Vectors:
        try:
            reply = self._client.embeddings.create(model=self._model, input=list(texts), encoding_format="float")
            vectors = np.array([row.embedding for row in reply.data], dtype=np.float32)
            if vectors.ndim != 2 or len(vectors) != len(texts):
                raise ValueError(f"{len(texts)} texts sent, vectors of shape {vectors.shape} received")
        # The SDK lets JSON errors through, and a proxy's HTML page arrives as a plain str.
        except (openai.OpenAIError, ValueError, AttributeError, TypeError) as e:
            raise ModelUnavailable(f"The embedding endpoint failed: {e}", _HINT) from e
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit: Vectors = vectors / np.maximum(norms, 1e-12)
        return unit
