"""Embedders: the packaged MiniLM through ONNX Runtime, and by name any other."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from advisor.index.weights import DIMENSION, NAME, SHA256, WINDOW, load_tokenizer
from advisor.models.export import FORMAT, ensure_exported

if TYPE_CHECKING:
    from advisor.config import Settings
    from advisor.interfaces import Embedder, Vectors

BATCH = 32


def make_embedder(settings: Settings) -> Embedder:
    """The embedder that the settings name; the packaged one costs nothing until it is first used."""
    name = settings.embedder
    if name.removeprefix("sentence-transformers/") == NAME:
        return OnnxEmbedder(settings.data)
    if name.startswith("openai:"):
        from advisor.models.openai_embedder import OpenAIEmbedder

        key = settings.api_key.get_secret_value() if settings.api_key else None
        endpoint = OpenAIEmbedder(name.removeprefix("openai:"), settings.base_url, key)
        return endpoint  # type: ignore[return-value]  # its dimension is read-only: known once the endpoint was asked
    from advisor.models.torch_models import SentenceTransformerEmbedder

    return SentenceTransformerEmbedder(name)


class OnnxEmbedder:
    """all-MiniLM-L6-v2 in int8; the same vectors as sentence-transformers to a cosine of .99 and better."""

    def __init__(self, data: Path) -> None:
        self.identity = f"{NAME};sha256:{SHA256[:16]};{DIMENSION};normalised;{FORMAT};window:{WINDOW}"
        self.dimension = DIMENSION
        self._data = data

    @cached_property
    def _folder(self) -> Path:
        return ensure_exported(self._data)

    @cached_property
    def _tokenizer(self) -> Any:
        return load_tokenizer(self._folder / "tokenizer.json")

    @cached_property
    def _one(self) -> Any:
        # Two threads that wait for each other awake, and sleep between questions, take two thirds of the time of one.
        return _session(self._folder / "model.onnx", min(2, os.cpu_count() or 1), awake=True)

    @cached_property
    def _many(self) -> Any:
        return _session(self._folder / "model.onnx", os.cpu_count() or 1)

    def embed_query(self, text: str) -> Vectors:
        vector: Vectors = self._run(self._one, [self._tokenizer.encode(_clean(text))])[0]
        return vector

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        encoded = self._tokenizer.encode_batch([_clean(t) for t in texts])
        # Texts of like length share a batch, so that little is spent on padding.
        order = sorted(range(len(texts)), key=lambda i: len(encoded[i].ids))
        for at in range(0, len(order), BATCH):
            rows = order[at : at + BATCH]
            vectors[rows] = self._run(self._many, [encoded[i] for i in rows])
        return vectors

    def _run(self, session: Any, encoded: Sequence[Any]) -> Vectors:
        longest = max(len(e.ids) for e in encoded)
        ids = np.zeros((len(encoded), longest), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, e in enumerate(encoded):
            ids[row, : len(e.ids)] = e.ids
            mask[row, : len(e.ids)] = 1
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        vectors: Vectors = session.run(None, inputs)[0]
        return vectors


def _session(path: Path, threads: int, *, awake: bool = False) -> Any:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "1" if awake else "0")
    options.add_session_config_entry("session.force_spinning_stop", "1")  # at the end of each run
    options.log_severity_level = 3
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _clean(text: str) -> str:
    """Text that UTF-8 can carry: a lone surrogate from JSON would stop the tokenizer."""
    return text.encode("utf-8", "replace").decode()
