"""What the rules compute from a profile: assessments, reports, what to ask next, comparisons, costs."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, Field, model_validator
from starlette.concurrency import run_in_threadpool

from advisor.advice import questionnaire
from advisor.advice.changes import recorded
from advisor.advice.charts import break_even_lines, charts, cost_ranges
from advisor.advice.cost_findings import break_even_finding, cost_findings, plan_cost
from advisor.advice.costs import Range, assume, with_changes
from advisor.advice.roadmap import roadmap
from advisor.advice.tool_findings import compare_tools, status
from advisor.channels.api.auth import Caller, Door
from advisor.channels.api.bodies import Body, reads, taking
from advisor.channels.api.common import After, IdPath, Key, Limit, Page, json_of
from advisor.channels.api.keeping import PROFILE, READING, WRITING, utc
from advisor.channels.api.problems import responses
from advisor.channels.api.slots import Slots
from advisor.channels.session import Answers, Desk
from advisor.errors import InputError
from advisor.report.build import build
from advisor.report.write import FORMS
from advisor.schema import AnswerValue, Chart, Finding, Intent, PracticeAnswer, Profile, Versions

MEDIA = {
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
    "md": "text/markdown; charset=utf-8",
    "json": "application/json",
}
DRAWN: tuple[Intent, ...] = ("assess", "next", "cost", "threat")
COMPUTING = responses(401, 403, 408, 413, 422, 429, 503)


class AssessRequest(Body):
    """An organisation to assess: a profile, or the name of a kept one."""

    profile: Profile | None = None
    profile_key: Key | None = None
    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    save: bool = False

    @model_validator(mode="after")
    def _one(self) -> AssessRequest:
        if (self.profile is None) == (self.profile_key is None):
            raise ValueError("send either profile or profile_key")
        return self


class AssessmentOut(BaseModel):
    """Everything computed from one profile; with an id where it was saved."""

    id: str | None = None
    name: str = ""
    at: dt.datetime
    profile: Profile
    findings: list[Finding]
    charts: list[Chart]
    versions: Versions


class AssessmentSummary(BaseModel):
    """A saved assessment as the list shows it."""

    id: str
    name: str
    at: dt.datetime


class ReportRequest(Body):
    """A report to write."""

    profile: Profile
    format: Literal["html", "md", "json", "pdf"] = "html"


class QuestionOut(BaseModel):
    """A question of the assessment. Answer it in the profile, under `practices` and this practice's id."""

    practice: str
    question: str
    why: str
    hint: str
    decides: str
    answers: list[AnswerValue]
    proposal: PracticeAnswer | None


class QuestionnaireOut(BaseModel):
    """The next questions, the most telling first, and how far a first result is."""

    items: list[QuestionOut]
    answered: int
    remaining: int
    minutes: int


class CompareRequest(Body):
    """Tools to put side by side, by id."""

    tools: Annotated[list[Annotated[str, Field(max_length=100)]], Field(min_length=2, max_length=8)]
    profile: Profile | None = None


class RangeIn(Body):
    """Two ends of an assumption."""

    low: Annotated[float, Field(ge=0, le=1e12)]
    high: Annotated[float, Field(ge=0, le=1e12)]

    @model_validator(mode="after")
    def _ordered(self) -> RangeIn:
        if self.low > self.high:
            raise ValueError("low must not exceed high")
        return self


Assumption = Literal[
    "people", "base_pay", "loaded", "platform", "requests", "input_tokens", "output_tokens", "input_price",
    "output_price", "overhead", "gpus", "gpu_price", "self_host_factor", "tokens_per_second",
]  # fmt: skip


class EstimateRequest(Body):
    """An organisation whose costs to estimate, and figures of one's own in place of our assumptions."""

    profile: Profile
    assumptions: Annotated[dict[Assumption, RangeIn], Field(default_factory=dict)]


class FindingsOut(BaseModel):
    """What the rules found, with charts where there are any."""

    findings: list[Finding]
    charts: list[Chart] = []
    versions: Versions


def assess_routes(door: Door, desk: Desk, slots: Slots) -> APIRouter:
    """Assessments, reports, the questionnaire, comparisons and estimates."""
    router = APIRouter(prefix="/v1", tags=["assess"])
    _assessments(router, door, desk, slots)
    _computed(router, door, desk, slots)
    return router


def _assessments(router: APIRouter, door: Door, desk: Desk, slots: Slots) -> None:
    advisor = desk.advisor

    @router.post(
        "/assessments",
        response_model=AssessmentOut,
        openapi_extra=taking(AssessRequest, {"profile": PROFILE}),
        responses=WRITING,
    )
    async def assess(body: AssessRequest = Depends(reads(AssessRequest)), caller: Caller = door.needs("ask")) -> Any:
        """Assess an organisation: levels, gaps, plan, hires, costs, threats; keep it where `save` is true."""
        records = desk.records.of(caller.owner)

        def made() -> AssessmentOut:
            profile = body.profile or records.profiles.get(body.profile_key or "")
            findings = recorded(profile, advisor.corpus)
            name = body.name or profile.name or "Assessment"
            id = records.assessments.save(None, name, profile, findings, advisor.versions) if body.save else None
            return _whole(advisor, id, name, dt.datetime.now(dt.UTC), profile, findings, advisor.versions)

        async with slots.one():
            return json_of(await run_in_threadpool(made))

    @router.get("/assessments", response_model=Page[AssessmentSummary], responses=READING)
    def listed(limit: Limit = 20, after: After = None, caller: Caller = door.needs("read")) -> Any:
        """Saved assessments, latest first."""
        found, onward = desk.records.of(caller.owner).assessments.page(limit, after)
        return json_of(Page(items=[AssessmentSummary(id=e.id, name=e.name, at=utc(e.at)) for e in found], next=onward))

    @router.get("/assessments/{id}", response_model=AssessmentOut, responses=READING)
    def one(id: IdPath, caller: Caller = door.needs("read")) -> Any:
        """A saved assessment, as it was computed then; its charts are drawn by today's rules."""
        a = desk.records.of(caller.owner).assessments.get(id)
        return json_of(_whole(advisor, a.id, a.name, utc(a.at), a.profile, a.findings, a.versions))

    @router.delete("/assessments/{id}", status_code=204, response_class=Response, responses=READING)
    def delete(id: IdPath, caller: Caller = door.needs("ask")) -> Response:
        """Remove a saved assessment; gone already is fine."""
        desk.records.of(caller.owner).assessments.delete(id)
        return Response(status_code=204)


def _computed(router: APIRouter, door: Door, desk: Desk, slots: Slots) -> None:
    advisor = desk.advisor

    @router.post(
        "/reports",
        dependencies=[door.needs("ask")],
        openapi_extra=taking(ReportRequest, {"profile": PROFILE, "format": "md"}),
        response_class=Response,
        responses={
            200: {
                "description": "The report, as a file",
                "content": {
                    media.split(";")[0]: {"schema": {"type": "object" if form == "json" else "string"}}
                    for form, media in MEDIA.items()
                },
            },
            **COMPUTING,
        },
    )
    async def report(body: ReportRequest = Depends(reads(ReportRequest))) -> Response:
        """Write the report on an organisation: a web page, a PDF, Markdown or JSON."""

        def made() -> str | bytes:
            today = dt.date.today()
            return FORMS[f".{body.format}"](
                build(body.profile, advisor.corpus, advisor.documents, advisor.versions, today)
            )

        async with slots.one():
            file = await run_in_threadpool(made)
        named = {"Content-Disposition": f'attachment; filename="mlops-report.{body.format}"'}
        return Response(file, media_type=MEDIA[body.format], headers=named)

    @router.get("/questionnaire", response_model=QuestionnaireOut, responses=READING)
    def questions(
        profile_key: Annotated[str | None, Query(pattern=r"^[A-Za-z0-9_.:-]{1,200}$")] = None,
        n: Annotated[int, Query(ge=1, le=10, description="How many questions at most.")] = 1,
        caller: Caller = door.needs("read"),
    ) -> Any:
        """What to ask next about a kept profile, or about an organisation of which nothing is known."""
        profile = desk.records.of(caller.owner).profiles.get(profile_key) if profile_key else Profile()
        far = questionnaire.progress(profile, advisor.corpus)
        items = _questions(profile, advisor, n)
        return json_of(
            QuestionnaireOut(items=items, answered=far.answered, remaining=far.remaining, minutes=far.minutes)
        )

    @router.post(
        "/compare",
        dependencies=[door.needs("ask")],
        response_model=FindingsOut,
        openapi_extra=taking(CompareRequest, {"tools": ["mlflow", "wandb"]}),
        responses=COMPUTING,
    )
    async def compare(body: CompareRequest = Depends(reads(CompareRequest))) -> Any:
        """Put tools side by side, and say which to take here and why."""
        known = advisor.corpus.records["tool"]
        ids = list(dict.fromkeys(body.tools))
        if strange := [id for id in ids if id not in known]:
            raise InputError(f"Not a tool of this corpus: {', '.join(strange)[:300]}.", "GET /v1/tools lists them.")
        if len(ids) < 2:
            raise InputError("Two different tools are needed.", "Name another one.")

        def made() -> FindingsOut:
            found = compare_tools(ids, body.profile or Profile(), advisor.corpus)
            found += [status(advisor.corpus, id) for id in ids]
            return FindingsOut(findings=found, versions=advisor.versions)

        return json_of(await run_in_threadpool(made))

    @router.post(
        "/estimate",
        dependencies=[door.needs("ask")],
        response_model=FindingsOut,
        openapi_extra=taking(EstimateRequest, {"profile": PROFILE, "assumptions": {"people": {"low": 2, "high": 3}}}),
        responses=COMPUTING,
    )
    async def estimate(body: EstimateRequest = Depends(reads(EstimateRequest))) -> Any:
        """Estimate what a year costs, part by part, and what the plan costs."""

        def made() -> FindingsOut:
            profile, corpus = body.profile, advisor.corpus
            a = assume(profile, corpus)
            a = with_changes(a, {field: Range(r.low, r.high) for field, r in body.assumptions.items()})
            found = cost_findings(profile, corpus, a)
            if all(f.rule != "costs.break-even" for f in found):
                found.append(break_even_finding(profile, corpus, a))
            if items := roadmap(profile, corpus).items:
                weeks = Range(sum(i.effort.low for i in items), sum(i.effort.high for i in items))
                found.append(plan_cost(profile, corpus, weeks, a))
            drawn = [*cost_ranges(profile, corpus, a), *break_even_lines(a)]
            return FindingsOut(findings=found, charts=drawn, versions=advisor.versions)

        async with slots.one():
            return json_of(await run_in_threadpool(made))


def _whole(
    advisor: Answers,
    id: str | None,
    name: str,
    at: dt.datetime,
    profile: Profile,
    findings: list[Finding],
    versions: Versions,
) -> AssessmentOut:
    drawn = [c for intent in DRAWN for c in charts(intent, profile, advisor.corpus)]
    return AssessmentOut(id=id, name=name, at=at, profile=profile, findings=findings, charts=drawn, versions=versions)


def _questions(profile: Profile, advisor: Answers, n: int) -> list[QuestionOut]:
    """Up to n questions, as they would come if each was answered with `unknown`."""
    found: list[QuestionOut] = []
    while len(found) < n and (item := questionnaire.next_item(profile, advisor.corpus)):
        found.append(
            QuestionOut(
                practice=item.practice.id,
                question=item.question,
                why=item.why,
                hint=item.hint,
                decides=item.decides,
                answers=["yes", "partly", "no", "unknown", "n/a"],
                proposal=item.proposal,
            )
        )
        profile = questionnaire.answer(profile, item.practice.id, "unknown")
    return found
