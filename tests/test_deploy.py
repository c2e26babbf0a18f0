"""The image and the compose file: nothing floats, nothing is root, nothing is open."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from core import settings
from core.telemetry import phoenix
from core.version import VERSION
from tests.go import program
from tests.test_layout import tracked

ROOT = Path(__file__).resolve().parent.parent
CHART = ROOT / "deploy" / "chart" / "autoweave"
COMPOSE_GO = "github.com/compose-spec/compose-go/v2/cmd@v2.16.2"
SECRET = re.compile(r"PASSWORD|TOKEN|SECRET|_KEY$|HEADERS", re.IGNORECASE)


# -- the image


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile as (word, rest), with continued lines joined and build arguments filled in."""
    joined = re.sub(r"\\\n\s*", " ", (ROOT / "Dockerfile").read_text("utf-8"))
    arguments: dict[str, str] = {}
    found = []
    for line in (each.strip() for each in joined.splitlines()):
        if not line or line.startswith("#"):
            continue
        word, _, rest = line.partition(" ")
        for name, value in arguments.items():
            rest = rest.replace(f"${{{name}}}", value)
        if word == "ARG":
            arguments.update([tuple(rest.split("=", 1))])  # type: ignore[list-item]  # all have a default
        found.append((word, rest.strip()))
    return found


def stages() -> dict[str, list[tuple[str, str]]]:
    """Each stage's instructions, those of the stage it is built on included."""
    found: dict[str, list[tuple[str, str]]] = {}
    for word, rest in instructions():
        if word == "FROM":
            source, _, name = rest.partition(" AS ")
            found[name] = list(found.get(source, []))
        if found:
            found[name].append((word, rest))
    return found


def last(stage: str, word: str) -> str:
    return [rest for each, rest in stages()[stage] if each == word][-1]


def is_fixed(image: str) -> bool:
    _, _, tag = image.rpartition("/")[2].partition(":")
    return "@sha256:" in image or (any(char.isdigit() for char in tag) and tag != "latest")


def test_every_stage_starts_from_a_fixed_version() -> None:
    own = stages().keys()
    bases = {rest.partition(" AS ")[0] for word, rest in instructions() if word == "FROM"} - own

    assert bases
    assert all(is_fixed(base) for base in bases)


@pytest.mark.parametrize("stage", ["server", "phoenix"])
def test_an_image_runs_as_a_numbered_user_and_says_how_it_is(stage: str) -> None:
    user, _, group = last(stage, "USER").partition(":")

    assert int(user) > 0
    assert int(group) > 0
    assert "urlopen" in last(stage, "HEALTHCHECK")
    assert json.loads(last(stage, "CMD"))[0].startswith("/app/")
    assert json.loads(last(stage, "ENTRYPOINT")) == ["/usr/bin/tini", "--"]


def test_the_server_wants_keys_and_listens_to_all() -> None:
    assert "AUTOWEAVE_SERVE_IS_OPEN=false" in last("server", "ENV")
    assert json.loads(last("server", "CMD"))[1:] == ["serve", "--host", "0.0.0.0", "--port", "8000"]


def test_phoenix_calls_nobody_here_either() -> None:
    switched = set(last("phoenix", "ENV").split())

    assert {f"{name}={value}" for name, value in phoenix._QUIET.items()} <= switched


def test_no_image_holds_a_secret_or_fetches_a_file() -> None:
    words = {word for word, _ in instructions()}
    names = [
        pair.split("=")[0] for word, rest in instructions() if word in {"ENV", "ARG"} for pair in rest.split()
    ]

    assert "ADD" not in words
    assert [name for name in names if SECRET.search(name)] == []


def test_packages_come_from_the_lock_without_the_development_tools() -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["dependency-groups"]
    syncs = [rest for word, rest in instructions() if word == "RUN" and rest.startswith("uv sync")]

    assert len(syncs) == 2
    for sync in syncs:
        named = re.findall(r"--(?:only-)?group (\S+)", sync)
        assert "--locked" in sync
        assert set(named) <= groups.keys() - {"dev", "clients"}
    assert "--no-default-groups --group server --group postgres" in syncs[0]


def in_image() -> Iterator[str]:
    """What `.dockerignore` lets through: nothing but what it names."""
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    named = tuple(rule[1:] for rule in rules if rule.startswith("!"))
    refused = tuple(rule for rule in rules[1:] if not rule.startswith("!"))
    for path in tracked():
        name = path.relative_to(ROOT).as_posix()
        inside = any(name == each or name.startswith(f"{each}/") for each in named)
        if inside and not any(fnmatch.fnmatch(f"/{name}", rule) for rule in refused):
            yield name


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """The files of the image, over this environment's packages."""
    app = tmp_path / "app"
    for name in in_image():
        (app / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, app / name)
    (app / ".venv").symlink_to(ROOT / ".venv")
    return app


def test_nothing_else_is_in_the_image() -> None:
    rooms = {name.split("/")[0] for name in in_image()}

    assert {"autoweave", "cli.py", "server.py", "core", "graphs", "tools", "templates"} <= rooms
    assert not {"tests", "bench", "build", "deploy", ".git", ".env"} & rooms


def test_what_is_in_the_image_is_enough_to_run(image: Path, tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home")}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [str(image / "autoweave"), *words]
        return subprocess.run(command, cwd=image, env=env, capture_output=True, text=True, check=False)

    planned = run(
        "plan", "examples/orders/openapi.yaml", "--image", "registry.example.com/demo/app:1.0.0", "-q"
    )

    assert planned.returncode == 0, planned.stderr
    assert "Plan:" in planned.stdout
    assert run("explain", "AW601").returncode == 0


def test_the_image_runs_read_only_as_nobody_in_particular(image: Path, tmp_path: Path) -> None:
    """As a container has it: no right at all, and nothing to write to but /tmp and one folder."""
    home = tmp_path / "state"
    home.mkdir()
    set_by_image = dict(pair.split("=", 1) for pair in last("server", "ENV").split())
    variables = set_by_image | {"HOME": str(home), "AUTOWEAVE_HOME": str(home), "PATH": "/usr/bin:/bin"}
    walls = [
        "bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp",
        "--ro-bind", str(ROOT), str(ROOT), "--ro-bind", str(image), str(image),
        "--bind", str(home), str(home), "--chdir", str(image),
        "--unshare-user", "--uid", "10001", "--gid", "10001", "--cap-drop", "ALL", "--clearenv",
        *(word for name, value in variables.items() for word in ("--setenv", name, value)),
    ]  # fmt: skip

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*walls, *words], capture_output=True, text=True, check=False)

    if shutil.which("bwrap") is None or run("true").returncode:
        pytest.skip("group bubblewrap: bwrap is missing or may not make a user namespace")
    spec = ("examples/orders/openapi.yaml", "--image", "registry.example.com/demo/app:1.0.0")

    done = run(str(image / "autoweave"), "integrate", *spec, "--tenant", "demo", "--yes", "-q")

    assert run("touch", str(image / "x")).returncode != 0
    assert done.returncode == 0, done.stdout + done.stderr
    assert "published" in done.stdout


# -- compose


def composed() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
    return found


SERVICES = composed()["services"]


def setting_names() -> set[str]:
    return {settings.variable(name) for name in settings.known()}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_no_rights_it_does_not_need(name: str) -> None:
    service = SERVICES[name]

    assert is_fixed(service["image"])
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "build" in service or int(service["user"].partition(":")[0]) > 0
    assert {"mem_limit", "pids_limit"} <= service.keys()
    assert not {"privileged", "cap_add", "network_mode", "pid", "devices"} & service.keys()


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_says_how_it_is(name: str) -> None:
    """By its own check, or by that of the image of ours that it is built from."""
    service = SERVICES[name]
    by_image = "build" in service and "command" not in service

    assert by_image or service["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_published_on_loopback_only(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_takes_its_secrets_by_reference(name: str) -> None:
    for key, value in SERVICES[name].get("environment", {}).items():
        assert not SECRET.search(key) or re.fullmatch(r"\$\{[A-Z_]+:-\}", value)
        assert "://" not in value or "@" not in value or re.search(r":\$\{[A-Z_]+:-\}@", value)


def test_each_profile_starts_what_it_says() -> None:
    by_profile = {
        profile: {name for name, each in SERVICES.items() if profile in each["profiles"]}
        for profile in ("core", "full")
    }

    assert by_profile == {
        "core": {"autoweave"},
        "full": {"server", "worker", "postgres", "redis", "phoenix"},
    }


def test_the_queue_neither_evicts_nor_forgets() -> None:
    command = SERVICES["redis"]["command"]

    assert command[command.index("--maxmemory-policy") + 1] == "noeviction"
    assert command[command.index("--appendonly") + 1] == "yes"
    assert SERVICES["redis"]["volumes"] == ["redis:/data"]


@pytest.mark.parametrize("name", ["postgres", "redis"])
def test_the_database_and_the_queue_have_no_way_out(name: str) -> None:
    assert SERVICES[name]["networks"] == ["data"]
    assert composed()["networks"]["data"]["internal"] is True


def test_every_variable_is_a_setting() -> None:
    used = {key for each in SERVICES.values() for key in each.get("environment", {})}
    used |= set(re.findall(r"AUTOWEAVE_[A-Z_]+(?==)", (ROOT / "Dockerfile").read_text("utf-8")))
    templates = "".join(path.read_text("utf-8") for path in (CHART / "templates").rglob("*.*"))
    used |= set(re.findall(r"\bAUTOWEAVE_[A-Z_]+(?=:)|(?<=name: )AUTOWEAVE_[A-Z_]+", templates))
    used |= {f"AUTOWEAVE_{each}" for each in re.findall(r'"([A-Z]+_[A-Z]+)" \.root', templates)}

    ours = {name for name in used if name.startswith("AUTOWEAVE_")}

    assert len(ours) >= 10
    assert ours - setting_names() == set()


def test_all_three_are_of_the_product_s_version() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))
    tags = {each["image"].partition(":")[2] for each in SERVICES.values() if "build" in each}

    assert tags == {VERSION}
    assert (chart["version"], chart["appVersion"]) == (VERSION, VERSION)


@pytest.mark.go
def test_compose_s_own_loader_takes_the_file(go: str) -> None:
    loader = program(go, "compose-spec", COMPOSE_GO, built="cmd")

    done = subprocess.run(
        [loader, "--format", "json", "compose.yaml"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    loaded = json.loads(done.stdout)
    assert loaded["services"].keys() == SERVICES.keys()
    assert {each.get("internal", False) for each in loaded["networks"].values()} == {True, False}
