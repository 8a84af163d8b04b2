"""What needs torch: the ONNX export, the reference embedder, any other sentence-transformers model, the reranker."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from sentence_transformers import CrossEncoder, SentenceTransformer

from advisor.errors import ModelUnavailable

if TYPE_CHECKING:
    from advisor.interfaces import Vectors


class SentenceTransformerEmbedder:
    """Any model by its sentence-transformers name or folder; the reference for the exported one."""

    def __init__(self, name: str) -> None:
        self._model = _load(SentenceTransformer, name)
        self.dimension: int = self._model.get_embedding_dimension()
        config = getattr(self._model[0].auto_model, "config", None)
        revision = getattr(config, "_commit_hash", None) or "local"
        self.identity = f"{name};{revision};{self.dimension};normalised;float32"

    def embed_query(self, text: str) -> Vectors:
        vector: Vectors = self._model.encode_query(text, normalize_embeddings=True, show_progress_bar=False)
        return vector

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        vectors: Vectors = self._model.encode_document(list(texts), normalize_embeddings=True, show_progress_bar=False)
        return vectors


class Reranker:
    """A cross-encoder that reads query and passage together."""

    def __init__(self, name: str) -> None:
        self._model = _load(CrossEncoder, name)

    def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        """One score a text, higher is better."""
        return [float(s) for s in self._model.predict([(query, t) for t in texts], show_progress_bar=False)]


def _load(kind: Any, name: str) -> Any:
    try:
        return kind(name, trust_remote_code=False, device="cpu")
    except (OSError, ValueError) as e:
        raise ModelUnavailable(
            f"The model '{name}' could not be loaded: {str(e).splitlines()[0]}",
            "Check the name and the network, or unset ADVISOR_EMBEDDER for the packaged model.",
        ) from e


class _Pooled(torch.nn.Module):  # type: ignore[misc]
    """Transformer, mean over the attended tokens, unit length: one graph from token ids to sentence vector."""

    def __init__(self, transformer: torch.nn.Module) -> None:
        super().__init__()
        self.transformer = transformer

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
    ) -> torch.Tensor:
        states = self.transformer(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(states.dtype)
        mean = (states * mask).sum(1) / mask.sum(1).clamp(min=1e-9)
        return torch.nn.functional.normalize(mean, p=2.0, dim=1)


def export_onnx(weights: Path, path: Path) -> None:
    """Write the model in `weights` to `path` as float32 ONNX, pooling and normalisation inside the graph."""
    # Written out in full, attention is a pattern that ONNX Runtime knows and fuses.
    model = SentenceTransformer(
        str(weights), device="cpu", local_files_only=True, model_kwargs={"attn_implementation": "eager"}
    )
    transformer = model[0].auto_model.eval()
    ids = torch.ones((2, 8), dtype=torch.int64)
    axes = {0: "batch", 1: "tokens"}
    inputs = ["input_ids", "attention_mask", "token_type_ids"]
    with torch.inference_mode():
        torch.onnx.export(
            _Pooled(transformer),
            (ids, ids, torch.zeros_like(ids)),
            str(path),
            input_names=inputs,
            output_names=["vector"],
            dynamic_axes={**dict.fromkeys(inputs, axes), "vector": {0: "batch"}},
            opset_version=17,
            dynamo=False,
        )
