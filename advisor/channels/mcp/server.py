"""The MCP server: tools and resources over one advisor, whatever the transport."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import mcp_types as types
from anyio import to_thread
from mcp.server import Server, ServerRequestContext
from mcp.shared.exceptions import MCPError
from pydantic import ValidationError

import advisor
from advisor.channels.api.slots import Slots
from advisor.channels.mcp import resources
from advisor.channels.mcp.tools import TOOLS, Given
from advisor.errors import AdvisorError
from advisor.schema import Answer, Document

if TYPE_CHECKING:
    from advisor.channels.api.auth import Caller
    from advisor.channels.mcp.opening import Opening
    from advisor.records.limits import Limits

log = logging.getLogger(__name__)

INSTRUCTIONS = (
    "Cited advice on running machine learning and LLM systems in one's own organisation. Use ask for questions; send "
    "what is known of the organisation as profile each time, because nothing is remembered. Keep the [n] citations "
    "and their addresses when you pass an answer on."
)
_Context = ServerRequestContext[Any, Any]
_T = TypeVar("_T")


def make_server(opening: Opening, limits: Limits | None = None) -> Server[Any]:
    """The server. `limits` counts the tokens of callers that have a key."""
    slots = Slots()

    def run(name: str, arguments: dict[str, Any], caller: Caller | None) -> Given:
        """Raises AdvisorError, or ValidationError for arguments that the tool does not take."""
        tool = TOOLS[name]
        given = tool.run(opening.get(), tool.takes.model_validate(arguments))
        if caller and caller.key and limits and isinstance(given.result, Answer):
            limits.spend(caller.key, given.result.usage.prompt_tokens + given.result.usage.completion_tokens)
        return given

    async def list_tools(_ctx: _Context, _params: object) -> types.ListToolsResult:
        opening.begin()  # whoever looks at the tools will use one
        return types.ListToolsResult(tools=[_declared(name) for name in TOOLS])

    async def call_tool(ctx: _Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        if params.name not in TOOLS:
            raise MCPError(
                types.INVALID_PARAMS, f"There is no tool {params.name[:100]!r}; there are {', '.join(TOOLS)}."
            )
        try:
            caller = _let_in(ctx, TOOLS[params.name].right)
            async with slots.one():
                given = await to_thread.run_sync(run, params.name, params.arguments or {}, caller)
        except AdvisorError as e:
            return _failed(str(e))
        except ValidationError as e:
            return _failed(_wrong(e))
        except Exception:
            log.exception("the tool %s failed", params.name)
            return _failed("Something went wrong on our side. The server's log has the details.")
        text = types.TextContent(type="text", text=given.text)
        return types.CallToolResult(content=[text], structured_content=given.result.model_dump(mode="json"))

    async def list_resources(ctx: _Context, _params: object) -> types.ListResourcesResult:
        return types.ListResourcesResult(resources=await _documents(ctx, resources.listed))

    async def list_templates(_ctx: _Context, _params: object) -> types.ListResourceTemplatesResult:
        return types.ListResourceTemplatesResult(resource_templates=resources.TEMPLATES)

    async def read(ctx: _Context, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        document = await _documents(ctx, lambda documents: resources.find(documents, str(params.uri)))
        text = types.TextResourceContents(uri=params.uri, text=document.text, mime_type=resources.MARKDOWN)
        return types.ReadResourceResult(contents=[text])

    async def _documents(ctx: _Context, use: Callable[[Mapping[str, Document]], _T]) -> _T:
        try:
            _let_in(ctx, "read")
            return await to_thread.run_sync(lambda: use(opening.get().documents))
        except resources.NoSuchResource as e:
            raise MCPError(types.INVALID_PARAMS, str(e)) from e
        except AdvisorError as e:
            raise MCPError(types.INTERNAL_ERROR, str(e)) from e

    return Server(
        "mlops-advisor",
        version=advisor.__version__,
        title="MLOps Advisor",
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_list_resource_templates=list_templates,
        on_read_resource=read,
    )


def _declared(name: str) -> types.Tool:
    tool = TOOLS[name]
    return types.Tool(
        name=name,
        title=tool.title,
        description=tool.description,
        input_schema=_lean(tool.takes.model_json_schema()),
        output_schema=_lean(tool.gives.model_json_schema(mode="serialization")),
        annotations=types.ToolAnnotations(
            title=tool.title, read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
        ),
    )


def _lean(schema: Any) -> Any:
    """The schema without pydantic's titles, which only repeat names: a chat model reads all of it, each time."""
    if isinstance(schema, dict):
        return {k: _lean(v) for k, v in schema.items() if not (k == "title" and isinstance(v, str))}
    return [_lean(v) for v in schema] if isinstance(schema, list) else schema


def _let_in(ctx: _Context, right: str) -> Caller | None:
    """Who calls; None over standard input, where only one can. Raises NotAllowed."""
    if ctx.request is None:
        return None
    from advisor.channels.mcp.gate import CALLER, allow

    caller: Caller = ctx.request.scope[CALLER]
    allow(caller, right)
    return caller


def _failed(text: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)], is_error=True)


def _wrong(error: ValidationError) -> str:
    """Which arguments are wrong and why, without repeating what was sent."""
    lines = [
        f"- {'.'.join(map(str, e['loc'])) or 'arguments'}: {e['msg']}" for e in error.errors(include_url=False)[:20]
    ]
    return "The arguments are not acceptable:\n" + "\n".join(lines)
