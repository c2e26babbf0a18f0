"""Settings: where a value may come from, which one wins, and what one line says when it is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from core import settings
from core.errors import AppError

ROOT = Path(__file__).resolve().parents[2]
ENVIRON = {"HOME": "/home/ann"}


def load(folder: Path, *, flags: dict[str, Any] | None = None, **environ: str) -> settings.Settings:
    return settings.load(flags, environ={**ENVIRON, **environ}, folder=folder)


def config(folder: Path, text: str) -> str:
    (folder / "xdg" / "autoweave").mkdir(parents=True)
    (folder / "xdg" / "autoweave" / "config.toml").write_text(text)
    return str(folder / "xdg")


def test_the_defaults_need_nothing_but_a_home(tmp_path: Path) -> None:
    found = load(tmp_path)

    assert found.home == Path("/home/ann/.local/state/autoweave")
    assert found.store.url.get_secret_value() == "sqlite:////home/ann/.local/state/autoweave/store.db"
    assert found.git.remote == "/home/ann/.local/state/autoweave/remote.git"
    assert (found.git.hosts, found.fetch.hosts, found.sandbox.level) == ((), None, "confined")


def test_flag_beats_variable_beats_project_beats_own_file(tmp_path: Path) -> None:
    xdg = config(tmp_path, "[fetch]\nredirects = 1\nmax_bytes = 1\ndeadline_s = 1\n[store]\nbusy_s = 1\n")
    (tmp_path / "autoweave.toml").write_text("[fetch]\nredirects = 2\nmax_bytes = 2\ndeadline_s = 2\n")
    environ = {"XDG_CONFIG_HOME": xdg, "AUTOWEAVE_FETCH_REDIRECTS": "3", "AUTOWEAVE_FETCH_MAX_BYTES": "3"}

    found = load(tmp_path, flags={"fetch.redirects": 4, "fetch.max_bytes": None}, **environ)

    assert (found.fetch.redirects, found.fetch.max_bytes) == (4, 3)
    assert (found.fetch.deadline_s, found.store.busy_s) == (2, 1)


@pytest.mark.parametrize(
    ("environ", "home"),
    [
        ({"AUTOWEAVE_HOME": "/srv/aw"}, "/srv/aw"),
        ({"AUTOWEAVE_HOME": "~/aw"}, "/home/ann/aw"),
        ({"AUTOWEAVE_HOME": "state"}, "{folder}/state"),
        ({"AUTOWEAVE_HOME": ""}, "/home/ann/.local/state/autoweave"),
        ({"XDG_STATE_HOME": "/var/state"}, "/var/state/autoweave"),
        ({"XDG_STATE_HOME": "relative"}, "/home/ann/.local/state/autoweave"),
        ({"XDG_STATE_HOME": "/var/state", "AUTOWEAVE_HOME": "/srv/aw"}, "/srv/aw"),
    ],
)
def test_the_home_follows_the_xdg_rules(tmp_path: Path, environ: dict[str, str], home: str) -> None:
    assert load(tmp_path, **environ).home == Path(home.format(folder=tmp_path))


def test_store_and_remote_move_with_the_home(tmp_path: Path) -> None:
    found = load(tmp_path, AUTOWEAVE_HOME="/srv/aw")

    assert found.store.url.get_secret_value() == "sqlite:////srv/aw/store.db"
    assert found.git.remote == "/srv/aw/remote.git"


def test_a_list_in_a_variable_is_separated_by_commas(tmp_path: Path) -> None:
    found = load(
        tmp_path, AUTOWEAVE_GIT_HOSTS="github.com, git.example.com:8443,", AUTOWEAVE_FETCH_HOSTS="a.b"
    )

    assert found.git.hosts == ("github.com", "git.example.com:8443")
    assert found.fetch.hosts == ("a.b",)


@pytest.mark.parametrize(
    ("name", "value"),
    [("FETCH_DEADLINE_S", "soon"), ("FETCH_DEADLINE_S", "0"), ("FETCH_DEADLINE_S", "-1"),
     ("FETCH_DEADLINE_S", "nan"),
     ("FETCH_DEADLINE_S", "inf"), ("FETCH_MAX_BYTES", "5MB"), ("FETCH_REDIRECTS", "-1"),
     ("STORE_BUSY_S", "1e9"),
     ("SANDBOX_LEVEL", "none"), ("SANDBOX_MEMORY_MB", "0"), ("KUBERNETES_VERSION", "latest")],
)  # fmt: skip
def test_a_wrong_value_is_one_line_that_names_its_place(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(settings.SettingInvalid) as refused:
        load(tmp_path, **{f"AUTOWEAVE_{name}": value})

    assert refused.value.place == f"AUTOWEAVE_{name}"
    assert "\n" not in refused.value.message


def test_a_wrong_value_in_a_file_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "autoweave.toml").write_text("[fetch]\nredirects = 'three'\n")

    with pytest.raises(settings.SettingInvalid, match=r"fetch\.redirects") as refused:
        load(tmp_path)

    assert refused.value.place == str(tmp_path / "autoweave.toml")


def test_a_wrong_value_of_a_flag_names_the_flag(tmp_path: Path) -> None:
    with pytest.raises(settings.SettingInvalid) as refused:
        load(tmp_path, flags={"kubernetes.version": "new"})

    assert refused.value.place == "flag kubernetes.version"


@pytest.mark.parametrize(
    ("text", "fix"),
    [("[fetch]\nredirect = 3\n", "`fetch.redirects`"), ("hom = '/x'\n", "`home`"),
     ("[stor]\nurl = 'x'\n", "`store.url`"),
     ("store = 3\n", ""), ("[store.url]\nx = 1\n", ""), ("[zzz]\nqqq = 1\n", "")],
)  # fmt: skip
def test_an_unknown_name_in_a_file_is_refused(tmp_path: Path, text: str, fix: str) -> None:
    (tmp_path / "autoweave.toml").write_text(text)

    with pytest.raises((settings.SettingUnknown, settings.SettingInvalid)) as refused:
        load(tmp_path)

    assert fix in refused.value.fix


def test_a_misspelt_variable_is_refused(tmp_path: Path) -> None:
    with pytest.raises(settings.SettingUnknown) as refused:
        load(tmp_path, AUTOWEAVE_FETCH_DEADLINE="3")

    assert "AUTOWEAVE_FETCH_DEADLINE_S" in refused.value.fix


def test_variables_of_other_parts_are_left_alone(tmp_path: Path) -> None:
    assert load(tmp_path, AUTOWEAVE_CORPUS="/x", AUTOWEAVE_TEST_JOBS="4").home


@pytest.mark.parametrize("raw", [b"[fetch\n", b"\xff\xfe", b"a = 1\na = 2\n", b"x = " + b"[" * 5000])
def test_a_file_that_is_no_toml_is_said(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "autoweave.toml").write_bytes(raw)

    with pytest.raises(settings.SettingsUnreadable) as refused:
        load(tmp_path)

    assert refused.value.place == str(tmp_path / "autoweave.toml")


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: os.symlink("nowhere", path)])
def test_what_is_no_plain_file_is_not_read(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "autoweave.toml")

    with pytest.raises(settings.SettingsUnreadable, match="plain file"):
        load(tmp_path)


def test_a_settings_file_has_a_limit(tmp_path: Path) -> None:
    (tmp_path / "autoweave.toml").write_text("#" * 1_000_001)

    with pytest.raises(settings.SettingsUnreadable, match="1 MB"):
        load(tmp_path)


def test_a_projects_file_may_not_weaken_the_sandbox(tmp_path: Path) -> None:
    (tmp_path / "autoweave.toml").write_text("[sandbox]\nlevel = 'process'\n")

    with pytest.raises(settings.SettingForbidden):
        load(tmp_path)


def test_ones_own_file_may_choose_the_sandbox(tmp_path: Path) -> None:
    xdg = config(tmp_path, "[sandbox]\nlevel = 'isolated'\n")

    assert load(tmp_path, XDG_CONFIG_HOME=xdg).sandbox.level == "isolated"


def test_without_any_home_the_way_out_is_named(tmp_path: Path) -> None:
    with pytest.raises(settings.HomeUnknown, match="AUTOWEAVE_HOME"):
        settings.load(environ={}, folder=tmp_path)

    assert settings.load(environ={"AUTOWEAVE_HOME": "/srv/aw"}, folder=tmp_path).home == Path("/srv/aw")


def test_the_stores_password_is_shown_nowhere(tmp_path: Path) -> None:
    environ = {"AUTOWEAVE_STORE_URL": "postgresql://u:hunter2@h/d"}

    assert "hunter2" not in repr(load(tmp_path, **environ)) + load(tmp_path, **environ).model_dump_json()
    (tmp_path / "autoweave.toml").write_text("[store.url]\npassword = 'hunter2'\n")
    with pytest.raises(AppError) as refused:
        load(tmp_path)
    assert "hunter2" not in f"{refused.value.to_dict()} {refused.value.__cause__}"


def test_settings_cannot_be_changed(tmp_path: Path) -> None:
    found = load(tmp_path)

    with pytest.raises(ValidationError, match="frozen"):
        found.fetch.redirects = 9


@pytest.mark.parametrize("name", sorted(settings.known()))
def test_every_setting_is_explained(name: str) -> None:
    assert f"`{name}`" in (ROOT / "docs" / "rules" / "settings.md").read_text()


def test_reading_settings_loads_no_library_but_pydantic() -> None:
    heavy = {"sqlalchemy", "pydantic_settings", "yaml", "ssl", "http.client"}
    probe = f"import sys; from core import settings; assert not {heavy} & set(sys.modules)"

    done = subprocess.run(
        [sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
