"""What deploy/ and its pages name exists: settings, commands, files, services. Without Docker, nothing more is sure."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import typer
import yaml

from advisor.channels.cli import app
from advisor.config import Settings

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"
PAGES = [ROOT / "docs" / "deploy.md", ROOT / "docs" / "mcp.md"]
FILES = sorted(p for p in DEPLOY.iterdir() if p.is_file())
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
REPLICAS = ("advisor-1", "advisor-2")

COPIED = re.compile(r"^COPY (?!.*--from)(.*)$", re.MULTILINE)
OF_COMPOSE = {"ADVISOR_TAG"}
"""Read by compose.yaml alone."""


def settings_names() -> set[str]:
    """Every variable that Settings reads."""
    names = set()
    for field, info in Settings.model_fields.items():
        alias: Any = info.validation_alias
        names |= set(alias.choices) if alias else {f"ADVISOR_{field.upper()}"}
    return names


def variables_in_the_code() -> set[str]:
    """Names in capitals that the package's code looks up, besides those of Settings."""
    found = set()
    for path in (ROOT / "advisor").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found |= set(re.findall(r"\b(?:ADVISOR|SLACK|OPENAI)_[A-Z_]+\b", node.value))
    return found


@pytest.mark.parametrize("path", [*FILES, *PAGES], ids=lambda p: p.name)
def test_every_variable_named_is_one_that_something_reads(path: Path) -> None:
    named = set(re.findall(r"\b(?:ADVISOR|SLACK|OPENAI)_[A-Z_]*[A-Z]\b", path.read_text("utf-8")))
    of_settings = {n for n in named if n.startswith("ADVISOR_")}
    elsewhere = variables_in_the_code()
    assert of_settings - settings_names() - OF_COMPOSE - elsewhere == set()
    assert named - of_settings - settings_names() - elsewhere == set()


def commands(of: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, of
    for name, command in getattr(of, "commands", {}).items():
        yield from commands(command, (*path, name))


COMMANDS = dict(commands(typer.main.get_command(app)))


RUNS = re.compile(r"(?:\badvisor|--rm index) ([a-z]+(?: .*)?)$")


def command_lines(text: str) -> Iterator[list[str]]:
    """The words after `advisor`, or after the service that runs it, in every line of code."""
    blocks = re.findall(r"```\w*\n(.*?)```", text, re.DOTALL)
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    for line in "\n".join([*blocks, *inline]).splitlines():
        if found := RUNS.search(line.split(" #")[0].rstrip()):
            yield found.group(1).split()


@pytest.mark.parametrize("path", [*PAGES, DEPLOY / "advisor.service"], ids=lambda p: p.name)
def test_every_command_named_exists_with_its_options(path: Path) -> None:
    text = path.read_text("utf-8")
    lines = list(command_lines(text if path.suffix == ".md" else f"```\n{text}```"))
    assert lines
    for words in lines:
        name = tuple(words[:2]) if tuple(words[:2]) in COMMANDS else tuple(words[:1])
        assert name in COMMANDS, f"advisor {' '.join(words)}"
        known = {o for p in COMMANDS[name].params for o in (*p.opts, *p.secondary_opts)} | {"--help"}
        assert {w.split("=")[0] for w in words if w.startswith("--")} <= known, f"advisor {' '.join(words)}"


def test_the_pages_name_the_commands_that_are_looked_for() -> None:
    named = {" ".join(words[:2]) for page in PAGES for words in command_lines(page.read_text("utf-8"))}
    assert named >= {
        "keys create",
        "keys list",
        "keys revoke",
        "data backup",
        "data restore",
        "data export",
        "data erase",
    }
    assert named >= {"data sweep", "index --rebuild", "doctor", "mcp", "mcp --http"}


def test_the_services_run_commands_that_exist() -> None:
    ours = {name: s for name, s in SERVICES.items() if str(s.get("image", "")).startswith("mlops-advisor")}
    assert set(ours) >= {*REPLICAS, "index"}
    for service in ours.values():
        assert tuple(service.get("command", ["serve"])[:1]) in COMMANDS


def test_the_compose_file_holds_together() -> None:
    volumes, networks = set(COMPOSE["volumes"]), set(COMPOSE["networks"])
    for name, service in SERVICES.items():
        assert ("image" in service) or ("build" in service), name
        assert set(service.get("depends_on", {})) <= set(SERVICES), name
        assert set(service["networks"]) <= networks, name
        for mount in service.get("volumes", []):
            source = mount.split(":")[0]
            assert source in volumes or source.startswith("./"), f"{name}: {mount}"
        for on, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy" and not str(SERVICES[on]["image"]).startswith("mlops-advisor"):
                assert "healthcheck" in SERVICES[on], f"{name} waits for {on}"


def test_every_variable_of_the_compose_file_is_in_the_example() -> None:
    example = set(re.findall(r"^([A-Z_]+)=", (DEPLOY / ".env.example").read_text("utf-8"), re.MULTILINE))
    used = set(re.findall(r"\$\{([A-Z_]+)", (DEPLOY / "compose.yaml").read_text("utf-8"))) - OF_COMPOSE
    assert used == example


def test_only_the_proxy_is_open_to_the_world_and_the_stores_are_inside() -> None:
    assert [name for name, s in SERVICES.items() if "ports" in s] == ["proxy"]
    assert COMPOSE["networks"]["back"]["internal"] is True
    for name in ("db", "chroma"):
        assert SERVICES[name]["networks"] == ["back"]
    for name in (*REPLICAS, "index"):
        assert SERVICES[name]["read_only"]
        assert SERVICES[name]["cap_drop"] == ["ALL"]


def test_no_file_holds_a_secret() -> None:
    for path in FILES:
        for line in path.read_text("utf-8").splitlines():
            found = re.search(r"(?:PASSWORD|TOKEN|SECRET|KEY)(?:=|: )(\S+)", line)
            assert not found or found.group(1).startswith("${"), f"{path.name}: {line}"


def test_the_proxy_knows_the_replicas_and_lets_nobody_sign_in_by_header() -> None:
    config = (DEPLOY / "nginx.conf.template").read_text("utf-8")
    assert re.findall(r"server (advisor-\d):7860", config) == list(REPLICAS)
    assert 'proxy_set_header X-Forwarded-User "";' in config
    assert "proxy_buffering off;" in config


def test_the_image_copies_what_exists_and_runs_as_nobody() -> None:
    text = (DEPLOY / "Dockerfile").read_text("utf-8")
    for line in COPIED.findall(text):
        *sources, _target = [w for w in line.split() if not w.startswith("--")]
        assert all((ROOT / s).exists() for s in sources), line
    last = text.rsplit("\nFROM ", 1)[1]
    assert "\nUSER advisor" in last
    assert "HEALTHCHECK" in last
    sent = re.findall(r"^!(.+)$", (DEPLOY / "Dockerfile.dockerignore").read_text("utf-8"), re.MULTILINE)
    copied = {s for line in COPIED.findall(text) for s in line.split()[:-1] if not s.startswith("--")}
    assert copied == set(sent)


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")
def test_nginx_takes_the_configuration(tmp_path: Path) -> None:
    key, cert = tmp_path / "privkey.pem", tmp_path / "fullchain.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", "-keyout", key, "-out", cert],
        check=True, capture_output=True,
    )  # fmt: skip
    site = (DEPLOY / "nginx.conf.template").read_text("utf-8").replace("${SERVER_NAME}", "advisor.example.com")
    for old, new in (("/etc/nginx/tls", str(tmp_path)), ("advisor-1", "127.0.0.2"), ("advisor-2", "127.0.0.3")):
        site = site.replace(old, new)
    (tmp_path / "site.conf").write_text(site)
    http = f"access_log off; include {tmp_path}/site.conf;"
    (tmp_path / "nginx.conf").write_text(f"pid {tmp_path}/pid; error_log stderr; events {{}} http {{ {http} }}")
    done = subprocess.run(["nginx", "-t", "-c", tmp_path / "nginx.conf"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / "advisor.service"
    text = (DEPLOY / unit.name).read_text("utf-8")
    unit.write_text(text.replace("ExecStart=/opt/advisor/.venv/bin/advisor serve", "ExecStart=/bin/true"))
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Unknown" not in done.stderr
