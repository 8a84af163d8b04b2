"""Which roles the work needs, which hats one person may wear, and whom to hire first."""

from __future__ import annotations

from dataclasses import dataclass

from advisor.advice.facts import describe, models_phrase, regulated, setting, team_phrase, team_size, tracks
from advisor.advice.pay import pay_finding
from advisor.advice.words import article, count, finding, listed, role_name
from advisor.knowledge.load import Corpus
from advisor.knowledge.records import Role, Stage
from advisor.schema import Finding, Profile, Table, Value

TEAM_SOURCES = ("technolynx", "ours-judgement")
SMALL_COMPANY = 60
"""People employed below which one engineer usually wears several ML hats; our judgement."""


@dataclass(frozen=True)
class Need:
    """One role the work asks for. `worn_by` names the role that may carry it here instead of a hire."""

    role: str
    wanted: int
    have: int
    part_time: bool
    worn_by: str | None
    urgency: int
    """Higher is hired earlier."""
    reason: str

    @property
    def gap(self) -> int:
        return 0 if self.worn_by or self.part_time else max(0, self.wanted - self.have)


def needs(profile: Profile, corpus: Corpus) -> list[Need]:
    """Roles for the work as it stands, the most urgent first."""
    n, on = profile.models_in_production, tracks(profile)
    many = n is not None and n >= 10
    found: list[Need] = []

    def add(role: str, wanted: int, urgency: int, reason: str, *, part_time: bool = False) -> None:
        if role not in corpus.records["role"] or any(x.role == role for x in found):
            return
        have = profile.team.get(role, 0)
        worn = None if have >= wanted or part_time else _hat(role, profile, corpus)
        found.append(Need(role, wanted, have, part_time, worn, urgency, reason))

    if "ml" in on:
        add("data-scientist", 3 if many else 1, 70, "somebody must frame the task and evaluate the model honestly")
        if n is None or n >= 1:
            add(
                "ml-engineer",
                2 if many else 1,
                90,
                "the first production model needs tested code, a training pipeline and a release that does not "
                "hang on the scientist",
            )
        add("data-engineer", 2 if many else 1, 80, "data by hand is the first thing that breaks")
        if n is not None and n >= 3:
            add(
                "mlops-engineer",
                2 if many else 1,
                85,
                f"{models_phrase(n)} need shared releases, monitoring and rollback",
            )
        if many:
            add("platform-engineer", 2, 75, "ten or more models repay a platform team of their own")
    if "genai" in on:
        add("ai-engineer", 1, 88, "an LLM product needs retrieval, evaluation and guardrails more than training")
        add("software-engineer", 1, 60, "the product around the model is ordinary software and most of the code")
    if profile.user_facing:
        add("ai-product-manager", 1, 55, "output that customers see needs somebody who owns quality thresholds")
        add("ml-security", 1, 35, "output that outsiders can reach needs a threat model", part_time=not many)
    if regulated(profile):
        large = (profile.people or 0) >= 500 or many
        add(
            "ai-governance",
            1,
            65 if large else 40,
            "regulated or high-risk use needs risk tiers, an inventory and approvals",
            part_time=not large,
        )
    add("domain-expert", 1, 50, "acceptance and labels need subject knowledge", part_time=True)
    return sorted(found, key=lambda x: (-x.urgency, x.role))


def _hat(role: str, profile: Profile, corpus: Corpus) -> str | None:
    """The role already there that may wear this hat too, where the organisation is small enough for it."""
    team = team_size(profile)
    small = (team is not None and team < 7) or (profile.people is not None and profile.people < SMALL_COMPANY)
    # The jump from notebook to production is the one hat that data scientists drop first.
    # Nor does building pipelines teach anybody to frame a task and to judge a model.
    if not small or role in ("ml-engineer", "ai-engineer", "data-scientist"):
        return None
    record = corpus.get(Role, role)
    candidates = [r for r in record.merges_with if profile.team.get(r)]
    if not candidates and role != "ml-engineer" and "ml-engineer" in record.merges_with:
        candidates = ["ml-engineer"]
    return candidates[0] if candidates else None


def hire_order(profile: Profile, corpus: Corpus) -> list[Need]:
    """The roles with a gap, in the order to hire."""
    return [need for need in needs(profile, corpus) if need.gap]


def who(role: str, profile: Profile, corpus: Corpus) -> str:
    """Who does the work of a role here: those who have it, whoever wears the hat, or somebody still to hire."""
    name = role_name(corpus, role)
    if not profile.team or profile.team.get(role):
        return name
    if any(need.role == role for need in hire_order(profile, corpus)):
        return f"{name} (to hire)"
    worn = _hat(role, profile, corpus)
    return f"{role_name(corpus, worn)} (as {name})" if worn and profile.team.get(worn) else name


def staffing_findings(profile: Profile, corpus: Corpus) -> list[Finding]:
    """Next hire, team picture, hats, pay of the next hire and the RACI table."""
    facts = describe(profile, corpus)
    if not facts:
        return [_general(corpus)]
    wanted, order = needs(profile, corpus), hire_order(profile, corpus)
    found = [_next_hire(profile, corpus, order, wanted)]
    hats = [x for x in wanted if x.worn_by or x.part_time]
    if hats:
        found.append(_hats(profile, corpus, hats))
    found += [pay_finding(corpus, need.role, profile.country, facts) for need in order[:2]]
    found.append(_team_table(profile, corpus, wanted))
    found.append(raci(corpus, profile))
    return [f for f in found if f.text]


def _general(corpus: Corpus) -> Finding:
    return finding(
        corpus,
        "staffing.general",
        "role",
        "The usual team",
        [
            "For a proof of concept the usual team is one data scientist, one data engineer and a part-time domain "
            "expert, and no MLOps engineer (TechnoLynx)",
            "The first production model adds an ML engineer, which makes three to four people; three to five models "
            "add an MLOps engineer, five to seven people in all; ten or more models repay a platform team",
            "For an LLM product the first hire is an AI engineer, often a backend engineer who learns evaluation",
            "Hire builders before researchers",
        ],
        values=[
            Value(name="team for the first production model", low=3, high=4, unit="people"),
            Value(name="team for three to five models", low=5, high=7, unit="people"),
        ],
        doc_ids=["role/ml-engineer", "role/data-engineer", "role/mlops-engineer", "guide/small-team-mlops"],
        sources=TEAM_SOURCES,
        rank=5.0,
    )


def _next_hire(profile: Profile, corpus: Corpus, order: list[Need], wanted: list[Need]) -> Finding:
    opening = setting(profile, corpus)
    facts = describe(profile, corpus)
    if not order:
        return finding(
            corpus,
            "staffing.next-hire",
            "role",
            "Nobody to hire yet",
            [
                f"{opening}, you have no gap that asks for a hire now" if opening else "You have no gap to hire for",
                "Spend on training and on the practices of the roadmap before you add people",
            ],
            inputs=facts,
            doc_ids=["practice/ai-literacy", "guide/small-team-mlops"],
            rank=6.0,
        )
    first = order[0]
    name = role_name(corpus, first.role)
    hats = [role_name(corpus, x.role) for x in wanted if x.worn_by == first.role]
    mlops = first.role == "ml-engineer" and "mlops-engineer" not in {x.role for x in wanted}
    also = [*hats, "MLOps engineer"] if mlops else hats
    hire = f"hire {article(name)} next" + (f" who also wears the hat of {listed(also)}" if also else "")
    rest = [role_name(corpus, x.role) for x in order[1:4]]
    n = profile.models_in_production
    return finding(
        corpus,
        "staffing.next-hire",
        "role",
        f"Next hire: {name}",
        [
            f"{opening}, {hire}" if opening else hire,
            f"The reason is that {first.reason}",
            f"After that come {listed(article(r) for r in rest)}, in this order" if len(rest) > 1 else "",
            f"After that comes {article(rest[0])}" if len(rest) == 1 else "",
            "A dedicated MLOps engineer pays off from three production models or one critical one, so wait with "
            "that title"
            if mlops and n is not None
            else "",
        ],
        inputs=facts,
        values=[Value(name=x.role, low=x.gap, high=x.gap, unit="hires") for x in order],
        doc_ids=[f"role/{first.role}", *(f"role/{x.role}" for x in order[1:3]), "guide/small-team-mlops"],
        sources=TEAM_SOURCES,
        rank=6.0,
    )


def _hats(profile: Profile, corpus: Corpus, hats: list[Need]) -> Finding:
    worn = [f"{role_name(corpus, x.role)} with {role_name(corpus, x.worn_by)}" for x in hats if x.worn_by]
    part = [role_name(corpus, x.role) for x in hats if x.part_time]
    size = f"{profile.people:,} people" if profile.people is not None else "your team size"
    return finding(
        corpus,
        "staffing.hats",
        "role",
        "Hats to merge",
        [
            f"At {size} these roles can share one person: {'; '.join(worn)}" if worn else "",
            f"{listed(part)} {'needs' if len(part) == 1 else 'need'} a named person for part of the week, not a hire"
            if part
            else "",
            "Write down who wears which hat, because an unnamed hat is worn by nobody",
        ],
        inputs=describe(profile, corpus),
        doc_ids=[f"role/{x.role}" for x in hats][:3],
        rank=4.0,
    )


def _team_table(profile: Profile, corpus: Corpus, wanted: list[Need]) -> Finding:
    present = [team_phrase(r, n, corpus) for r, n in sorted(profile.team.items()) if n]
    gap = sum(x.gap for x in wanted)
    full = sum(x.wanted for x in wanted if not x.part_time and not x.worn_by)
    return finding(
        corpus,
        "staffing.team",
        "role",
        "Team now and needed",
        [
            f"Today you have {listed(present)}" if present else "You have not said who is on the team yet",
            f"The work as you describe it asks for {count(full, 'full-time person', 'full-time people')}, "
            f"of whom {count(gap, 'is', 'are') if gap else 'none is'} missing",
        ],
        inputs=describe(profile, corpus),
        values=[
            Value(name="full-time people wanted", low=full, high=full, unit="people"),
            Value(name="gap", low=gap, high=gap, unit="people"),
        ],
        table=Table(
            columns=["Role", "Have", "Want", "How", "Why"],
            rows=[
                [
                    role_name(corpus, x.role),
                    str(x.have),
                    str(x.wanted),
                    f"worn by the {role_name(corpus, x.worn_by)}"
                    if x.worn_by
                    else "part time"
                    if x.part_time
                    else "hire"
                    if x.gap
                    else "there",
                    x.reason,
                ]
                for x in wanted
            ],
        ),
        doc_ids=[f"role/{x.role}" for x in wanted if x.gap][:3],
        sources=TEAM_SOURCES,
        rank=3.0,
    )


def raci(corpus: Corpus, profile: Profile) -> Finding:
    """Who is responsible, accountable, consulted and informed at each lifecycle stage."""
    wanted = [x.role for x in needs(profile, corpus)]
    roles = [r for r in corpus.all(Role) if r.id in wanted or profile.team.get(r.id)]
    stages = sorted(corpus.all(Stage), key=lambda s: s.number)
    return finding(
        corpus,
        "staffing.raci",
        "role",
        "Who does what",
        [
            "For each lifecycle stage name one accountable person; the table shows the roles that your work asks for",
        ],
        inputs=describe(profile, corpus),
        table=Table(
            columns=["Stage", *(role_name(corpus, r.id) for r in roles)],
            rows=[[f"{s.number}. {s.name}", *(r.raci.get(s.number, "") for r in roles)] for s in stages],
        ),
        doc_ids=["practice/named-model-owner"],
        rank=1.0,
    )
