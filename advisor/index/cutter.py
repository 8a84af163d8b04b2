"""Documents in, passages out, in a child: LlamaIndex takes a second to import, and only what changed is cut.

An order is a JSON list of documents on standard input; a line of JSON rows answers each.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from advisor.knowledge.chunk import passages
from advisor.schema import Document, Passage

if TYPE_CHECKING:
    from advisor.index.child import Child


def order(child: Child, documents: Sequence[Document]) -> None:
    """Have a child that runs this module cut documents."""
    child.begin([[d.id, d.kind, d.title, d.text] for d in documents])


def collect(child: Child, documents: Sequence[Document], each: Callable[[int], None]) -> list[list[Passage]]:
    """The passages of each document that was ordered, as they are cut. `each` hears how many are done."""
    found: list[list[Passage]] = []
    for document, line in zip(documents, child.lines(), strict=False):
        found.append(
            [
                Passage(
                    id=id, doc_id=document.id, start=start, end=end, headings=headings, text=document.text[start:end]
                )
                for id, start, end, headings in json.loads(line)
            ]
        )
        each(len(found))
    child.finish()
    return found


def _serve() -> None:
    from advisor.index import llama  # noqa: F401  # now, while the documents are still being read elsewhere

    order = sys.stdin.read()
    for id, kind, title, text in json.loads(order) if order else []:
        cut_now = passages(Document(id=id, kind=kind, title=title, text=text))
        sys.stdout.write(json.dumps([[p.id, p.start, p.end, p.headings] for p in cut_now]) + "\n")
    sys.stdout.flush()
    os._exit(0)  # taking the interpreter down would take a quarter of a second


if __name__ == "__main__":
    _serve()
