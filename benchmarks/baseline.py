"""The plain way: LlamaIndex VectorStoreIndex + Chroma + HuggingFaceEmbedding of the same weights, no tuning.

    python -m benchmarks.baseline index|cold|warm DOCUMENTS.json STORE

Prints one line of JSON. The splitter's chunk size is ours (200 tokens), because its
default of 1024 would cut three quarters of the text off at the embedder's window.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from benchmarks.common import emit, retrieval, rss_mb

STARTED = time.perf_counter()


def main(step: str, documents: Path, store: Path) -> None:
    import chromadb
    from llama_index.core import Document, StorageContext, VectorStoreIndex
    from llama_index.core.node_parser import SentenceSplitter
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding
    from llama_index.vector_stores.chroma import ChromaVectorStore

    from advisor.index.weights import packaged

    embedder = HuggingFaceEmbedding(model_name=str(packaged()), device="cpu")
    collection = chromadb.PersistentClient(str(store)).get_or_create_collection("baseline")
    vectors = ChromaVectorStore(chroma_collection=collection)
    if step == "index":
        texts = json.loads(documents.read_text("utf-8"))
        begun = time.perf_counter()
        nodes = SentenceSplitter(chunk_size=200, chunk_overlap=20).get_nodes_from_documents(
            [Document(text=text, metadata={"title": title}) for title, text in texts]
        )
        VectorStoreIndex(
            nodes, storage_context=StorageContext.from_defaults(vector_store=vectors), embed_model=embedder
        )
        seconds = time.perf_counter() - begun
        emit(chunks=len(nodes), seconds=seconds, chunks_per_second=len(nodes) / seconds, rss_mb=rss_mb())
        return
    retriever = VectorStoreIndex.from_vector_store(vectors, embed_model=embedder).as_retriever(similarity_top_k=8)
    emit(**retrieval(retriever.retrieve, STARTED, warm=step == "warm"))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
