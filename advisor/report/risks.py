"""What can go wrong, which rules may bind, and what this report does not know."""

from __future__ import annotations

from advisor.advice.asks import asks
from advisor.advice.charts import threat_bars
from advisor.advice.facts import describe
from advisor.advice.questionnaire import next_item, proposed
from advisor.advice.questions import next_questions
from advisor.advice.threats import exposures, regulation_findings, threat_findings
from advisor.advice.words import listed, lower_first, record_title, role_name
from advisor.knowledge.records import Regulation
from advisor.report.case import Case, cap
from advisor.report.model import Block, Figures, Grid, Heading, Point, Points, Row, Section, Text
from advisor.schema import Intent

MOST_THREATS, MOST_QUESTIONS, MOST_RULES = 12, 10, 5


def threats(c: Case) -> Section:
    """The threats that apply, worst first, with the next safeguard due and its owner."""
    found = exposures(c.profile, c.corpus, c.aim)
    if not found:
        return Section("threats", "What can go wrong", (Text("No threat of our list is known to apply."),))
    overview, *worst = threat_findings(c.profile, c.corpus, n=3)
    rows = []
    for e in found[:MOST_THREATS]:
        due = e.open[0] if e.open else None
        rows.append(
            Row(
                (
                    e.threat.name,
                    str(e.threat.severity),
                    f"{len(e.open)} of {len(e.due)}",
                    due.text if due else "In place by your answers; test it once a quarter",
                    cap(role_name(c.corpus, due.owner if due else e.threat.owner)),
                ),
                c.sources.of_docs([f"threat/{e.threat.id}"]),
            )
        )
    blocks: list[Block] = [
        c.text(overview),
        Figures(tuple(threat_bars(found)), "Severity is our judgement of the harm where the threat applies."),
        Points(tuple(c.point(f) for f in worst)),
        Grid(
            f"The {len(rows)} worst of {len(found)} threats that apply",
            ("Threat", "Severity", "Open safeguards", "Next safeguard due", "Owner"),
            tuple(rows),
            (24, 10, 13, 37, 16),
            cited=3,
        ),
    ]
    return Section("threats", "What can go wrong", tuple(blocks))


def regulation(c: Case) -> Section:
    """Pointers to law and standards."""
    notice = Text("These are pointers for your own review. They are not legal advice.", rule="threats.regulation")
    found = regulation_findings(c.profile, c.corpus, n=MOST_RULES)
    blocks: list[Block] = [notice]
    if found:
        texts = [f.model_copy(update={"text": f.text.replace(_NOTICE, "").strip()}) for f in found]
        blocks.append(Points(tuple(c.point(f) for f in texts)))
    else:
        blocks.append(Text("Your facts name no country, sector or rule that our corpus can look up."))
    if unknown := _unknown_rules(c):
        blocks.append(Text(f"You also named {listed(unknown)}, of which our corpus holds no record."))
    return Section("regulation", "Regulation", tuple(blocks), new_page=False)


def _unknown_rules(c: Case) -> list[str]:
    """Stated rules that no record is about, so that silence is not taken for clearance."""
    known = {word.lower() for r in c.corpus.all(Regulation) for word in (r.id, r.name)}
    return [r for r in c.profile.regulations if r.lower() not in known]


_NOTICE = "This is a pointer for your own review and not legal advice."


def unknowns(c: Case) -> Section:
    """The unanswered questions that decide most, facts nobody stated, and proposals that wait."""
    blocks: list[Block] = []
    asked = next_questions(c.profile, c.corpus, MOST_QUESTIONS)
    if asked:
        rows = [
            Row((p.question, f"{cap(p.dimension)}, level {p.level}", cap(lower_first(p.evidence[0].rstrip(".")))),
                c.sources.of_docs([f"practice/{p.id}"]))
            for p in asked
        ]  # fmt: skip
        first = next_item(c.profile, c.corpus)
        decides = f" About the first of them: {first.decides}" if first and first.practice == asked[0] else ""
        blocks += [
            Text(f"These unanswered questions would narrow your levels most, in this order.{decides}",
                 rule="assess.next-questions"),
            Grid("Questions that decide most", ("Question", "Decides", "What would show it"), tuple(rows),
                 (48, 18, 34)),
        ]  # fmt: skip
    missing = list(dict.fromkeys(q for intent in _INTENTS for q in asks(intent, c.profile)))
    if missing:
        blocks += [Heading("Facts nobody has stated"), Points(tuple(_question(q) for q in missing))]
    waiting = proposed(c.profile, c.corpus)
    if waiting:
        rows = [Row((record_title(c.corpus, "practice", id), a.answer, cap(a.evidence))) for id, a in waiting.items()]
        blocks += [
            Text("Your other facts suggest these answers. They count for nothing until somebody confirms them."),
            Grid("Waiting for confirmation", ("Practice", "Suggested", "Because"), tuple(rows), (45, 15, 40)),
        ]
    if not blocks:
        blocks.append(Text("Every practice that can apply is answered, and every fact that the rules use is stated."))
    return Section("unknowns", "What we do not know", tuple(blocks))


_INTENTS: tuple[Intent, ...] = ("assess", "next", "hire", "tool", "cost", "threat")


def _question(text: str) -> Point:
    return Point("", text)


def assumptions(c: Case) -> Section:
    """The facts as they were given, how each is known, what was left out, and what is our own judgement."""
    how = {"said": "said", "confirmed": "confirmed", "inferred": "inferred, not confirmed"}
    blocks: list[Block] = []
    if describe(c.profile):
        known = [f"{f.replace('_', ' ')} ({how[p]})" for f, p in sorted(c.profile.provenance.items())]
        rest = "Everything else was said and not checked." if known else "They were said and not checked."
        more = f"Known beyond being said: {', '.join(known)}. " if known else ""
        blocks.append(Text(f"The facts on the first page are taken as given. {more}{rest}"))
    own = [
        "The nine stages and the working levels 0 to 4 are ours, in the spirit of Stone et al. 2025; the paper's own "
        "text was only partly available.",
        "Answers are self-reported unless evidence is noted; nobody has inspected anything for this report.",
        f"Improvement work is planned at {c.plan.capacity:g} person-weeks a quarter, from {c.plan.capacity_reason}.",
        "Effort ranges are for a team that has done neither before; a practice that is partly there counts half.",
        "Money is a planning estimate at dated unit prices and no offer.",
    ]
    blocks += [Heading("Judgements of ours"), Points(tuple(_question(t) for t in own))]
    if c.assessment.reasons:
        rows = [Row((record_title(c.corpus, "practice", id), cap(why))) for id, why in c.assessment.reasons.items()]
        blocks.append(Grid("Practices left out as not about you", ("Practice", "Why"), tuple(rows), (50, 50)))
    return Section("assumptions", "Assumptions", tuple(blocks))
