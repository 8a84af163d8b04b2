"""Everything that LlamaIndex does for us: Markdown sections, sentences, and our retriever as one of theirs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.node_parser import MarkdownNodeParser
from llama_index.core.node_parser.text.utils import split_by_sentence_tokenizer
from llama_index.core.schema import Document, MetadataMode, NodeWithScore, QueryBundle, TextNode

if TYPE_CHECKING:
    from advisor.schema import Hit

_parser = MarkdownNodeParser(include_metadata=False, include_prev_next_rel=False)
_sentences = split_by_sentence_tokenizer()


def sections(text: str) -> list[tuple[int, int]]:
    """Where each Markdown section stands, from its heading (if it has one) to its last visible character."""
    spans: list[tuple[int, int]] = []
    cursor = 0
    for node in _parser.get_nodes_from_node(Document(text=text)):
        # The parser strips each section and keeps their order, so the next one starts at the next visible character.
        while text[cursor].isspace():
            cursor += 1
        end = cursor + len(node.get_content(MetadataMode.NONE))
        spans.append((cursor, end))
        cursor = end
    return spans


def sentences(text: str) -> list[str]:
    """The text cut at sentence starts; joined, the pieces give the text from its first visible character on."""
    pieces: list[str] = _sentences(text)
    return pieces


class HybridLlamaRetriever(BaseRetriever):  # type: ignore[misc]
    """Our retriever, for use in anybody's LlamaIndex query engine."""

    def __init__(self, retrieve: Callable[[str, int], list[Hit]], k: int) -> None:
        super().__init__()
        self._hits = retrieve
        self._k = k

    def _retrieve(self, query_bundle: QueryBundle) -> list[Any]:
        return [_node(hit) for hit in self._hits(query_bundle.query_str, self._k)]


def _node(hit: Hit) -> NodeWithScore:
    node = TextNode(
        id_=hit.passage.id,
        text=hit.passage.text,
        start_char_idx=hit.passage.start,
        end_char_idx=hit.passage.end,
        metadata={"doc_id": hit.document.id, "title": hit.document.title, "headings": " > ".join(hit.passage.headings)},
    )
    return NodeWithScore(node=node, score=hit.score)
