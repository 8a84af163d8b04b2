"""A pinned document as a page, with the quoted words marked."""

from __future__ import annotations

import re
from html import escape
from urllib.parse import urlsplit

from advisor.channels.web.markdown import to_html
from advisor.schema import Citation, Document

CONFIDENCE = {
    "paper": ("The paper", "Recovered text of the paper this framework follows."),
    "vendor": ("Vendor or standard", "The vendor's or standards body's own document."),
    "research": ("Research", "Another research paper."),
    "secondary": ("Secondary", "A page about the matter, not the original."),
    "ours": ("Our judgement", "Our own inference, in the spirit of the sources."),
}
_START, _END = "\ue000", "\ue001"
_BLOCK_PREFIX = re.compile(r"(?:[ \t>#|]|[*+-][ \t]|\d+\.[ \t])*")
_TAG = re.compile(r"(<[^>]*>)")
_ADDRESS = re.compile(r"https://[^\s<>\"]+[^\s<>\".,;)]")


def passage_html(citation: Citation, document: Document | None) -> str:
    """The inside of the passage panel: where the quote is from, then the document with the quote marked."""
    label, meaning = CONFIDENCE[citation.confidence]
    where = citation.heading.removeprefix(citation.title).removeprefix(" › ")
    head = (
        f'<p class="kicker">Source {citation.n}</p><h2 id="passage-title" tabindex="-1">{escape(citation.title)}</h2>'
        f'<p class="where">{escape(where)}</p>'
        f'<dl class="facts"><div><dt>Confidence</dt><dd><span class="badge {citation.confidence}">{label}</span> '
        f"{meaning}</dd></div><div><dt>As of</dt><dd>{escape(citation.as_of) or 'not dated'}</dd></div></dl>"
    )
    return f"{head}{_sources(citation)}<hr>{_body(citation, document)}"


def _sources(citation: Citation) -> str:
    items = [f"<li>{linked(source)}</li>" for source in citation.sources]
    if citation.url and not any(citation.url in source for source in citation.sources):
        items.insert(0, f"<li>{linked(citation.url)}</li>")
    return f'<h3>Where this comes from</h3><ul class="origin">{"".join(items)}</ul>' if items else ""


def linked(text: str) -> str:
    """A source line of the corpus, its https addresses as links that show their host."""
    html, at = "", 0
    for match in _ADDRESS.finditer(text):
        url = match.group()
        host = urlsplit(url).hostname or url
        html += escape(text[at : match.start()])
        html += (
            f'<a href="{escape(url)}" target="_blank" rel="noopener noreferrer">{escape(host)}'
            '<span class="sr-only"> (opens the source in a new tab)</span></a>'
        )
        at = match.end()
    return html + escape(text[at:])


def _body(citation: Citation, document: Document | None) -> str:
    quote = f'<blockquote class="quote"><mark id="quote">{escape(citation.quote)}</mark></blockquote>'
    if document is None:
        return f'<p class="note">The corpus no longer has this document. It said:</p>{quote}'
    start, end = citation.start, citation.end
    if document.text[start:end] != citation.quote:
        start = document.text.find(citation.quote)
        end = start + len(citation.quote)
    if start < 0:
        return f'<p class="note">The document has changed since this answer. It said:</p>{quote}'
    return f'<div class="document">{marked(document.text, start, end)}</div>'


def marked(text: str, start: int, end: int) -> str:
    """A Markdown document as safe HTML with text[start:end] inside <mark>, across blocks where it spans several."""
    text = text.replace(_START, "").replace(_END, "") if _START in text or _END in text else text
    line = text.rfind("\n", 0, start) + 1
    if prefix := _BLOCK_PREFIX.match(text, line):
        start = max(start, prefix.end())
    html = to_html(f"{text[:start]}{_START}{text[start:end]}{_END}{text[end:]}", {})
    out: list[str] = []
    inside, first = False, True
    for part in _TAG.split(html):
        if part.startswith("<"):
            out.append(part)
            continue
        for piece in re.split(f"([{_START}{_END}])", part):
            if piece in (_START, _END):
                inside = piece == _START
            elif inside and piece.strip():
                out.append(f"<mark{' id=quote' if first else ''}>{piece}</mark>")
                first = False
            else:
                out.append(piece)
    return "".join(out)
