"""Ask the advisor from a program: `python examples/ask.py "What should we do next?"`, with `advisor serve` running."""

import sys

from advisor.client import AdvisorClient, ApiError
from advisor.schema import Profile

question = " ".join(sys.argv[1:]) or "What should we do next?"
profile = Profile(people=25, team={"data-scientist": 2}, models_in_production=1)

try:
    with AdvisorClient() as advisor, advisor.stream(question, profile=profile) as events:
        for event in events:
            if event.kind == "sentence":
                print(event.text, end="", flush=True)
            elif event.kind == "restart":
                print("\n\n(The connection was lost; once more from the start.)\n")
            elif event.answer:
                print("\n")
                for c in event.answer.citations:
                    print(f"[{c.n}] {c.title}: “{c.quote}” {c.url or ''}")
except ApiError as e:
    sys.exit(str(e))
