"""The shapes of OpenAI's chat API, as far as this server reads and writes them; what else a client sends is ignored."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

MODEL = "mlops-advisor"


class _Sent(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)


class Part(_Sent):
    """A part of a message; only text can be read."""

    type: Annotated[str, Field(max_length=100, json_schema_extra={"enum": ["text"]})]
    text: str | None = None


class ChatMessage(_Sent):
    """One message. Users are listened to; system, developer, tool and assistant messages give no orders here."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None


class StreamOptions(_Sent):
    """What a stream is to carry besides the text."""

    include_usage: bool | None = None


class ChatRequest(_Sent):
    """The body of POST /v1/chat/completions."""

    model: Annotated[str, Field(json_schema_extra={"enum": [MODEL]})] = MODEL
    messages: Annotated[list[ChatMessage], Field(min_length=1)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    n: Annotated[int | None, Field(json_schema_extra={"enum": [1, None]})] = None


class UrlCitation(BaseModel):
    """A link in the content: `content[start_index:end_index]` is all of `[n](url)`, in Unicode code points."""

    start_index: int
    end_index: int
    url: str
    title: str


class MessageAnnotation(BaseModel):
    """One citation of the content."""

    type: Literal["url_citation"] = "url_citation"
    url_citation: UrlCitation


class AnswerMessage(BaseModel):
    """The answer as Markdown with its citations as links."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None
    annotations: list[MessageAnnotation]


class Choice(BaseModel):
    """The one choice there is."""

    index: Literal[0] = 0
    message: AnswerMessage
    logprobs: None = None
    finish_reason: Literal["stop"] = "stop"


class TokenUsage(BaseModel):
    """The chat model's tokens; all zero where the answer was written without one."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class Completion(BaseModel):
    """A whole answer; `id` is the answer's id, which /v1/answers and /v1/feedback know."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str = MODEL
    choices: list[Choice]
    usage: TokenUsage


class Model(BaseModel):
    """The one model there is."""

    id: str = MODEL
    object: Literal["model"] = "model"
    created: int = 1_767_225_600
    owned_by: str = MODEL


class ModelList(BaseModel):
    """Every model there is."""

    object: Literal["list"] = "list"
    data: list[Model] = [Model()]


class ErrorBody(BaseModel):
    """What went wrong; `param` names the field, `code` the kind."""

    message: str
    type: str
    param: str | None = None
    code: str | None = None


class OpenAIError(BaseModel):
    """What every error looks like here."""

    error: ErrorBody
