"""Settings: defaults, the user's and the project's autoweave.toml, AUTOWEAVE_* variables, flags.

Later ones win. Only a composition root loads them, and hands single values on, never the whole.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from core import names
from core.errors import Forbidden, Invalid


class SettingInvalid(Invalid):
    """A setting has a value that cannot be used."""

    code = "AW951"
    fix = "Correct the value, or take the setting out to have the default."


class SettingUnknown(Invalid):
    """There is no setting of this name."""

    code = "AW952"
    fix = "Look at the list of settings in docs/rules/settings.md."


class SettingsUnreadable(Invalid):
    """A settings file is there and is not TOML text."""

    code = "AW953"
    fix = "Mend the file at the line that is named, or take it away."


class SettingForbidden(Forbidden):
    """A project's file may not set this: the project may be somebody else's."""

    code = "AW954"
    fix = "Set it by a flag, by the environment, or in your own configuration folder."


class HomeUnknown(Invalid):
    """No folder for AutoWeave's state can be found."""

    code = "AW955"
    fix = "Set AUTOWEAVE_HOME to a folder that this user may write."


class _Group(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
Count = Annotated[int, Field(gt=0, le=2**31)]


class StoreSettings(_Group):
    url: SecretStr  # it may hold a password; by default a SQLite file in the home folder
    busy_s: Seconds = 5.0
    lease_s: Seconds = 60.0


class GitSettings(_Group):
    remote: str  # by default a bare repository in the home folder
    hosts: tuple[str, ...] = ()  # `name` or `name:port`; no host beyond these is pushed to
    tokens: tuple[SecretStr, ...] = ()  # `host=token` each; a token goes to its own host only


class SandboxSettings(_Group):
    level: Literal["process", "confined", "isolated"] = "confined"
    cpu_s: Seconds = 10.0
    wall_s: Seconds = 30.0
    memory_mb: Count = 1024


class KubernetesSettings(_Group):
    version: Annotated[str, Field(pattern=r"^v?\d+\.\d+(\.\d+)?$")] = "1.34"


class FetchSettings(_Group):
    hosts: tuple[str, ...] | None = None  # none named: every public host
    max_bytes: Count = 5_000_000
    deadline_s: Seconds = 15.0
    redirects: Annotated[int, Field(ge=0, le=20)] = 3


class ServeSettings(_Group):
    host: str = "127.0.0.1"  # beyond loopback only with keys
    port: Annotated[int, Field(ge=0, le=65_535)] = 8000  # 0: any free one, told on stderr
    origins: tuple[str, ...] = ()  # web pages on these origins may call, no others
    max_bytes: Count = 12_000_000  # of one request's body: a spec of 8 MB fits, quoted as JSON
    rate: Count = 20_000  # requests a minute of one key
    workers: Annotated[int, Field(ge=0, le=64)] = (
        2  # runs at a time in the server's process; 0: `worker` does them
    )
    drain_s: Seconds = 20.0
    is_open: bool = True  # development mode: on loopback, while there is no key, none is asked for


class QueueSettings(_Group):
    url: SecretStr | None = None  # redis://… or postgresql://…; none: the store's own tables
    prefix: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")] = "autoweave"
    workers: Annotated[int, Field(gt=0, le=64)] = 2  # runs at a time in one `worker` process


class LlmSettings(_Group):
    model: str = "gpt-4.1-mini"  # asked only where a key or a url is given; with a slash: LiteLLM's name
    key: SecretStr | None = None
    url: str | None = None  # of a server that speaks OpenAI's protocol, if not OpenAI's own
    fallback: str | None = None
    fallback_key: SecretStr | None = None
    fallback_url: str | None = None
    timeout_s: Seconds = 20.0
    deadline_s: Seconds = 60.0  # over one whole call, every seat in it
    tokens_per_day: Count | None = None  # of one tenant
    usd_per_day: Annotated[float, Field(gt=0)] | None = None  # of one tenant


class TelemetrySettings(_Group):
    endpoint: str | None = None  # OTLP over HTTP, such as http://127.0.0.1:6006
    headers: tuple[SecretStr, ...] = ()  # `name=value` each
    sample: Annotated[float, Field(ge=0, le=1)] = 1.0  # share of the traces that is kept


class Settings(_Group):
    home: Path
    store: StoreSettings
    git: GitSettings
    sandbox: SandboxSettings = SandboxSettings()
    kubernetes: KubernetesSettings = KubernetesSettings()
    fetch: FetchSettings = FetchSettings()
    serve: ServeSettings = ServeSettings()
    queue: QueueSettings = QueueSettings()
    telemetry: TelemetrySettings = TelemetrySettings()
    llm: LlmSettings = LlmSettings()


@dataclass(frozen=True, slots=True)
class _Given:
    """A value, and where it was given, for the one line that says what is wrong with it."""

    value: Any
    place: str


def load(flags: Mapping[str, Any] | None = None, *, environ: Mapping[str, str], folder: Path) -> Settings:
    """The settings for work in `folder`. `flags` are by dotted name; None among them is not given."""
    own = _config_folder(environ) / "autoweave" / "config.toml"
    given = {
        **dict(_from_file(own)),
        **dict(_from_project(folder / "autoweave.toml")),
        **dict(_from_environ(environ)),
        **{name: _Given(value, f"flag {name}") for name, value in (flags or {}).items() if value is not None},
    }
    for name, one in given.items():
        if name not in known():
            raise _unknown(name, known(), one.place)
    home = _home(given, environ, folder)
    defaults = {
        "home": home,
        "store.url": f"sqlite:///{home / 'store.db'}",
        "git.remote": str(home / "remote.git"),
    }
    values = defaults | {name: one.value for name, one in given.items() if name != "home"}
    try:
        return Settings.model_validate(_nested(values))
    except ValidationError as error:
        raise _invalid(error, given) from error


def known() -> dict[str, Any]:
    """Every setting's dotted name and type."""
    found: dict[str, Any] = {"home": Path}
    for group, field in Settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, _Group):
            found |= {f"{group}.{n}": f.annotation for n, f in field.annotation.model_fields.items()}
    return found


def variable(name: str) -> str:
    """The environment variable of a setting: `fetch.max_bytes` is AUTOWEAVE_FETCH_MAX_BYTES."""
    return f"AUTOWEAVE_{name.replace('.', '_').upper()}"


def _config_folder(environ: Mapping[str, str]) -> Path:
    """By the XDG rules: a relative path in the variable is not used."""
    named = Path(environ.get("XDG_CONFIG_HOME") or "")
    return named if named.is_absolute() else Path(environ.get("HOME") or "/") / ".config"


def _from_file(path: Path) -> Iterator[tuple[str, _Given]]:
    if not os.path.lexists(path):
        return
    try:
        if not path.is_file() or path.stat().st_size > _FILE_BYTES:  # a pipe would be read for ever
            raise ValueError("not a plain file of at most 1 MB")
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise SettingsUnreadable(f"The settings cannot be read: {error}.", place=str(path)) from error
    for name, value in document.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{key}", _Given(one, str(path))) for key, one in value.items())
        else:
            yield name, _Given(value, str(path))


_FILE_BYTES = 1_000_000


def _from_project(path: Path) -> Iterator[tuple[str, _Given]]:
    for name, one in _from_file(path):
        if name == "sandbox.level" or name.startswith(("serve.", "queue.", "telemetry.", "llm.")):
            raise SettingForbidden(f"A project's file may not set `{name}`.", place=one.place)
        yield name, one


def _from_environ(environ: Mapping[str, str]) -> Iterator[tuple[str, _Given]]:
    """An empty variable is not given. One that begins like a group's and is none is a misspelling."""
    by_variable = {variable(name): name for name in known()}
    for key, name in ALIASES.items():
        if environ.get(key):
            yield name, _Given(environ[key], key)
    groups = tuple({variable(name.partition(".")[0]) + "_" for name in known() if "." in name})
    for key, value in sorted(environ.items()):
        if value and key in by_variable:
            name = by_variable[key]
            yield name, _Given(_split(value) if _is_list(name) else value, key)
        elif value and key.startswith(groups):
            raise _unknown(key, by_variable, key)


# Variables that other software knows too; ours, where it is set, comes after and wins.
ALIASES = {
    "REDIS_URL": "queue.url",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "telemetry.endpoint",
    "OPENAI_API_KEY": "llm.key",
}


def _is_list(name: str) -> bool:
    kind = known()[name]
    return any("tuple" in str(one) for one in (kind, *get_args(kind)))


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _unknown(name: str, among: Iterable[str], place: str) -> SettingUnknown:
    near = names.closest(name, among)
    fix = f"Did you mean `{near}`?" if near else ""
    return SettingUnknown(f"There is no setting `{name}`.", place=place, fix=fix)


def _home(given: Mapping[str, _Given], environ: Mapping[str, str], folder: Path) -> Path:
    if "home" in given:
        text = str(given["home"].value)
        user = environ.get("HOME", "")
        named = Path(user, text[2:]) if text.startswith("~/") and user else Path(text)
        return Path(folder, named).absolute()
    state = Path(environ.get("XDG_STATE_HOME") or "")
    if state.is_absolute():
        return state / "autoweave"
    user = environ.get("HOME", "")
    if not Path(user).is_absolute():
        raise HomeUnknown("Neither AUTOWEAVE_HOME nor HOME names a folder.")
    return Path(user, ".local", "state", "autoweave")


def _nested(values: Mapping[str, Any]) -> dict[str, Any]:
    whole: dict[str, Any] = {}
    for name, value in values.items():
        group, _, field = name.partition(".")
        if field:
            whole.setdefault(group, {})[field] = value
        else:
            whole[group] = value
    return whole


def _invalid(error: ValidationError, given: Mapping[str, _Given]) -> SettingInvalid:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    name = ".".join(str(part) for part in first["loc"][:2])
    one = given.get(name)
    return SettingInvalid(f"The setting `{name}` is wrong: {first['msg']}.", place=one.place if one else name)
