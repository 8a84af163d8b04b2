"""Ours beside plain LlamaIndex + Chroma, same text, same weights, same machine, same minute.

    python -m benchmarks.run [--repeat 3] [--json FILE]

Each figure comes from a process of its own; cold starts are the best of `--repeat`.
Without the packages of benchmarks/requirements.txt our side is measured alone.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from benchmarks.common import QUESTIONS

ROOT = Path(__file__).resolve().parents[1]
BASELINE_NEEDS = ("llama_index.embeddings.huggingface", "llama_index.vector_stores.chroma")

Figures = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="advisor-bench-") as folder:
        results = measure(Path(folder), args.repeat)
    table(results)
    if args.json:
        args.json.write_text(json.dumps(results, indent=1))


def measure(work: Path, repeat: int) -> dict[str, Figures]:
    """Figures by `side.step`."""
    env = {**os.environ, "ADVISOR_HOME": str(work / "home"), "HF_HUB_OFFLINE": "1", "ANONYMIZED_TELEMETRY": "False"}

    def ours(step: str) -> Figures:
        return figures([sys.executable, "-m", "benchmarks.ours", step], env)

    results = {"ours.index": ours("index")}
    results["ours.cold"] = best(lambda: ours("cold"), repeat)
    results["ours.warm"] = ours("warm")
    command = [sys.executable, "-m", "advisor.channels.cli", "ask", "How do we roll back a model?"]
    if importlib.util.find_spec("advisor.channels.cli"):
        results["ours.answer"] = best(lambda: {"first_answer_s": timed(command, env)}, repeat)
    results["ours.answers"] = ours("answers")
    results["ours.rules"] = ours("rules")
    results["ours.api"] = serve(env, "--no-page")
    results["ours.serve"] = serve(env)
    if not all(map(importable, BASELINE_NEEDS)):
        print("The baseline is not installed: pip install -r benchmarks/requirements.txt", file=sys.stderr)
        return results
    documents = work / "documents.json"
    dump_documents(documents)

    def baseline(step: str) -> Figures:
        return figures([sys.executable, "-m", "benchmarks.baseline", step, str(documents), str(work / "baseline")], env)

    results["baseline.index"] = baseline("index")
    results["baseline.cold"] = best(lambda: baseline("cold"), repeat)
    results["baseline.warm"] = baseline("warm")
    return results


def serve(env: dict[str, str], *options: str) -> Figures:
    """Seconds until API and page answer on a start with everything built, and the process's memory after use."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    begun = time.perf_counter()
    command = [sys.executable, "-m", "advisor.channels.cli", "serve", "--port", str(port), *options]
    process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        api = until(f"{address}/readyz", begun)
        for question in QUESTIONS:
            body = json.dumps({"question": question}).encode()
            request = urllib.request.Request(f"{address}/v1/ask", body, {"content-type": "application/json"})
            urllib.request.urlopen(request, timeout=30).read()
        page = 0.0 if options else until(f"{address}/", begun)
        return {"api_s": api, "page_s": page, "rss_mb": memory_mb(process.pid)}
    finally:
        process.terminate()
        process.wait(30)


def until(address: str, begun: float) -> float:
    """Seconds since `begun` when the address first answers 200."""
    while time.perf_counter() - begun < 120:
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                if answer.status == 200 and b"The page is starting" not in answer.read():
                    return time.perf_counter() - begun
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"{address} did not answer in two minutes")


def memory_mb(pid: int) -> float:
    """Resident memory of a process, in MB; 0 where the system does not tell."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), 0.0)


def dump_documents(path: Path) -> None:
    """The very text that our index is made of, as [title, text] pairs."""
    from advisor.config import load_settings
    from advisor.knowledge.load import load
    from advisor.knowledge.render import render

    documents = render(load(load_settings().corpus)).values()
    path.write_text(json.dumps([[d.title, d.text] for d in documents]), "utf-8")


def figures(command: list[str], env: dict[str, str]) -> Figures:
    run = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    lines = [line for line in run.stdout.splitlines() if line.startswith("FIGURES ")]
    if run.returncode or not lines:
        raise SystemExit(f"{' '.join(command[2:4])} failed:\n{run.stderr[-2000:]}")
    found: Figures = json.loads(lines[-1].removeprefix("FIGURES "))
    return found


def timed(command: list[str], env: dict[str, str]) -> float:
    begun = time.perf_counter()
    run = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    if run.returncode:
        raise SystemExit(f"{' '.join(command[1:4])} failed:\n{run.stderr[-2000:]}")
    return time.perf_counter() - begun


def best(take: Callable[[], Figures], repeat: int) -> Figures:
    return min((take() for _ in range(repeat)), key=lambda f: next(iter(f.values())))


def importable(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


ROWS = [
    ("cold start to first passages, s", "cold", "first_passages_s", False),
    ("cold start to first cited answer in the CLI, s", "answer", "first_answer_s", False),
    ("warm retrieval p50, ms", "warm", "p50_ms", False),
    ("warm retrieval p95, ms", "warm", "p95_ms", False),
    ("indexing, chunks/s", "index", "chunks_per_second", True),
    ("peak memory while answering, MB", "warm", "rss_mb", False),
    ("peak memory while indexing, MB", "index", "rss_mb", False),
    ("resident memory of the API process, MB", "api", "rss_mb", False),
    ("resident memory of API and page, MB", "serve", "rss_mb", False),
    ("warm keyless answer p50, ms", "answers", "p50_ms", False),
    ("warm keyless answer p95, ms", "answers", "p95_ms", False),
    ("an assessment over the whole corpus, ms", "rules", "assess_ms", False),
    ("a roadmap over the whole corpus, ms", "rules", "roadmap_ms", False),
    ("second start until the API answers, s", "serve", "api_s", False),
    ("second start until the page answers, s", "serve", "page_s", False),
]


# The baseline writes no answers and serves nothing: ours is held against its first passages and its memory.
AGAINST = {
    ("answer", "first_answer_s"): ("cold", "first_passages_s"),
    ("api", "rss_mb"): ("warm", "rss_mb"),
    ("serve", "rss_mb"): ("warm", "rss_mb"),
}


def table(results: dict[str, Figures]) -> None:
    """Print each figure of ours, the baseline's, and by how much ours is better."""
    print(f"{'':48}{'ours':>10}{'baseline':>10}{'ratio':>8}")
    for label, step, name, higher in ROWS:
        ours = results.get(f"ours.{step}", {}).get(name)
        against = AGAINST.get((step, name), (step, name))
        theirs = results.get(f"baseline.{against[0]}", {}).get(against[1])
        ratio = (ours / theirs if higher else theirs / ours) if ours and theirs else None
        cells = [f"{x:.2f}" if x is not None else "-" for x in (ours, theirs)]
        print(f"{label:48}{cells[0]:>10}{cells[1]:>10}{f'{ratio:.1f}x' if ratio else '-':>8}")


if __name__ == "__main__":
    main()
