"""The nouns: what goes into the advisor, what comes out, and what is kept in between."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from advisor.knowledge.records import Confidence, Id, Track

# ---------------------------------------------------------------- corpus text


class Document(BaseModel):
    """One pinned corpus document: a guide's body, or a record rendered to Markdown."""

    model_config = ConfigDict(frozen=True)
    id: str
    """`kind/slug`, for example `practice/prompts-in-git` or `guide/first-hire`."""
    kind: str
    title: str
    text: str
    sources: list[str] = []
    """Source ids, strongest first."""
    as_of: str = ""
    confidence: Confidence = "ours"
    stages: list[int] = []
    levels: list[int] = []
    roles: list[str] = []
    tools: list[str] = []
    sectors: list[str] = []
    """The industries it is written for; empty for all."""
    track: Track = "both"
    questions: list[str] = []
    origin: Literal["corpus", "ingested"] = "corpus"
    url: str | None = None


class Passage(BaseModel):
    """A slice of a document: `text == document.text[start:end]`, always."""

    model_config = ConfigDict(frozen=True)
    id: str
    """Stable for the same document id, heading path and text."""
    doc_id: str
    start: int
    end: int
    headings: list[str]
    """From the document's title down to the heading the passage stands under."""
    text: str


class Filters(BaseModel):
    """What passages may come from; an empty list means no limit. Lists are any-of, fields are all-of."""

    model_config = ConfigDict(extra="forbid")
    kinds: list[str] = []
    stages: list[int] = []
    levels: list[int] = []
    roles: list[str] = []
    tools: list[str] = []
    tracks: list[Track] = []
    docs: list[str] = []


class Hit(BaseModel):
    """A retrieved passage. `score` is the fused score; `dense` is the cosine to the query.

    `asked` is the cosine of the query to the nearest question that the passage is marked as answering, or 0.
    """

    passage: Passage
    document: Document
    score: float
    dense: float = 0.0
    lexical: float = 0.0
    asked: float = 0.0


# ---------------------------------------------------------------- organisation profile

Provenance = Literal["said", "confirmed", "inferred"]
Cloud = Literal["aws", "gcp", "azure", "on-prem"]
Serving = Literal["batch", "online", "edge"]
LlmUse = Literal["prompting", "rag", "fine-tuning", "agents", "self-hosted"]
Risk = Literal["minimal", "limited", "high"]
AnswerValue = Literal["yes", "partly", "no", "unknown", "n/a"]


class PracticeAnswer(BaseModel):
    """What somebody said about one practice."""

    model_config = ConfigDict(extra="forbid")
    answer: AnswerValue
    evidence: Annotated[str, Field(max_length=2000)] = ""
    by: Annotated[str, Field(max_length=200)] = ""
    at: str = ""
    provenance: Provenance = "said"


class Profile(BaseModel):
    """An organisation, as far as it is known. None or empty means nobody said; zero means zero."""

    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, Field(max_length=200)] | None = None
    industry: Annotated[str, Field(max_length=100)] | None = None
    country: Annotated[str, Field(max_length=100)] | None = None
    people: Annotated[int, Field(ge=0, le=5_000_000)] | None = None
    """Everyone employed."""
    team: dict[Id, Annotated[int, Field(ge=0, le=100_000)]] = {}
    """Role id → head-count working on ML or LLM systems."""
    regulations: list[Annotated[str, Field(max_length=100)]] = []
    """Regulation ids or names, for example `eu-ai-act`, `hipaa`."""
    risk: Risk | None = None
    clouds: list[Cloud] = []
    self_host: bool | None = None
    """True: nothing may run as somebody else's service."""
    data_residency: Annotated[str, Field(max_length=100)] | None = None
    kubernetes: bool | None = None
    models_in_production: Annotated[int, Field(ge=0, le=100_000)] | None = None
    serving: list[Serving] = []
    uses_ml: bool | None = None
    """Trains its own predictive models."""
    uses_llm: bool | None = None
    llm_use: list[LlmUse] = []
    user_facing: bool | None = None
    """Outputs reach customers or the public."""
    tools: list[Annotated[str, Field(max_length=100)]] = []
    """Tool ids in use; unknown names are kept as said."""
    budget: Annotated[float, Field(ge=0, le=1e12)] | None = None
    """USD a year for tools, platform and compute."""
    capacity: Annotated[float, Field(gt=0, le=10_000)] | None = None
    """Person-weeks a quarter that improvement work may take."""
    quarters: Annotated[int, Field(ge=1, le=12)] | None = None
    requests_per_month: Annotated[int, Field(ge=0, le=10**12)] | None = None
    practices: dict[Id, PracticeAnswer] = {}
    provenance: dict[str, Provenance] = {}
    """Field name → how we know."""


class ProfileChange(BaseModel):
    """One fact taken from what the user said, shown so that they can correct it."""

    field: str
    value: Any
    label: str
    """As a chip shows it, for example `2 data scientists`."""
    quote: str = ""
    """The words it was taken from."""
    provenance: Provenance = "said"


# ---------------------------------------------------------------- advice

Intent = Literal[
    "explain", "assess", "next", "hire", "tool", "compare", "cost", "threat", "career", "what-if", "profile",
    "greeting", "out-of-scope",
]  # fmt: skip

FindingKind = Literal[
    "level", "vendor-level", "target", "stop", "gap", "roadmap", "role", "pay", "tool", "comparison", "cost",
    "threat", "regulation", "career", "status", "question",
]  # fmt: skip


class Value(BaseModel):
    """A number with its range and unit; `low == high` where it is exact."""

    name: str
    low: float
    high: float
    unit: str


class Table(BaseModel):
    """Rows of text under column names."""

    columns: list[str]
    rows: list[list[str]]


class Finding(BaseModel):
    """A piece of advice that a rule computed. `text` is whole sentences, ready to read."""

    id: str
    kind: FindingKind
    title: str
    text: str
    rule: str
    """Id of the rule that made it, for example `assess.level`."""
    inputs: list[str] = []
    """The profile facts it rests on, as words ("2 data scientists")."""
    values: list[Value] = []
    table: Table | None = None
    docs: list[str] = []
    """Corpus documents that carry it, strongest first."""
    sources: list[str] = []
    rank: float = 0.0
    """Higher is said earlier, within one kind."""


class Chart(BaseModel):
    """Data for a chart, never pixels."""

    kind: Literal["radar", "bars", "timeline", "range", "lines"]
    title: str
    unit: str = ""
    series: list[dict[str, Any]] = []


# ---------------------------------------------------------------- the answer


class Citation(BaseModel):
    """A quote that stands at [start, end) of the pinned document's text, exactly."""

    n: int
    doc_id: str
    title: str
    url: str | None
    heading: str
    quote: str
    start: int
    end: int
    as_of: str
    confidence: Confidence
    sources: list[str] = []
    """Where the document has it from: `Author, Title (year), address`."""


class StepUsage(BaseModel):
    """How long one step took."""

    name: str
    seconds: float


class Usage(BaseModel):
    """What an answer cost in tokens, money and time."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = None
    """None where the price of the chat model is not known."""
    seconds: float = 0.0
    steps: list[StepUsage] = []
    dropped: int = 0
    """Sentences of the chat model that verification kept from the reader."""


class Versions(BaseModel):
    """What an answer was made with."""

    corpus: str
    rules: str
    prompt: str
    chat_model: str | None
    embedder: str
    product: str


class Answer(BaseModel):
    """One answer, the same object on every channel."""

    id: str
    conversation_id: str | None = None
    question: str
    intent: Intent
    mode: Literal["keyless", "model", "fallback"]
    """fallback: a chat model is configured, but this answer had to do without it."""
    note: str = ""
    """One line for the reader about the mode or the language; empty where there is nothing to say."""
    text: str
    citations: list[Citation] = []
    findings: list[Finding] = []
    charts: list[Chart] = []
    asks: list[str] = []
    follow_ups: list[str] = []
    abstained: bool = False
    missing: str = ""
    profile_changes: list[ProfileChange] = []
    usage: Usage = Usage()
    versions: Versions


class Turn(BaseModel):
    """One question and its answer, as the next question needs them."""

    question: str
    answer: str
    intent: Intent | None = None
    entities: list[str] = []


class Event(BaseModel):
    """What a streamed answer sends: a status line, a finished sentence, or the whole answer at the end."""

    kind: Literal["status", "profile", "text", "done"]
    text: str = ""
    citations: list[Citation] = []
    """Those that `text` is the first to use."""
    changes: list[ProfileChange] = []
    answer: Answer | None = None
