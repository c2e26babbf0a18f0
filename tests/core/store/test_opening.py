"""Opening a store: made once and whole, refused when damaged, exposed, newer or not to be written."""

from __future__ import annotations

import os
import re
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from core import store
from core.errors import AppError
from core.store import engine, schema
from core.testing import Clock
from tests.postgres import Server

ROOT = Path(__file__).resolve().parents[3]


def filled(path: Path, runs: int = 50) -> str:
    url = f"sqlite:///{path}"
    with store.open(url) as db:
        for number in range(runs):
            db.runs.admit("acme", graph="integrate", key=str(number), input={"pad": "x" * 500})
    return url


def test_a_new_store_is_for_its_owner_alone(tmp_path: Path) -> None:
    filled(tmp_path / "state" / "store.db")

    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "state").iterdir()} == {0o600}


def test_making_a_store_leaves_nothing_else_behind(tmp_path: Path) -> None:
    filled(tmp_path / "store.db")

    assert [file.name for file in tmp_path.iterdir()] == ["store.db"]


def test_sqlite_waits_for_the_disk(tmp_path: Path) -> None:
    with store.open(filled(tmp_path / "store.db", 1)) as db, db._database.engine.connect() as raw:
        pragmas = {name: raw.exec_driver_sql(f"PRAGMA {name}").scalar() for name in _WANTED}

    assert pragmas == _WANTED


_WANTED = {
    "journal_mode": "wal",
    "synchronous": 2,
    "foreign_keys": 1,
    "busy_timeout": 5000,
    "trusted_schema": 0,
}


@pytest.mark.postgres
def test_postgres_waits_for_the_disk(server: Server) -> None:
    with store.open(server.url()) as db, db._database.engine.connect() as raw:
        shown = {
            name: raw.exec_driver_sql(f"SHOW {name}").scalar() for name in ("fsync", "synchronous_commit")
        }

    assert shown == {"fsync": "on", "synchronous_commit": "on"}


def test_the_migrated_tables_are_the_ones_the_code_asks(url: str) -> None:
    with store.open(url) as db:
        eye = inspect(db._database.engine)
        made = {
            table: {column["name"] for column in eye.get_columns(table)} for table in eye.get_table_names()
        }

    assert made == {name: set(table.columns.keys()) for name, table in schema.metadata.tables.items()}


def test_opening_again_migrates_nothing(url: str) -> None:
    clock = Clock()
    store.open(url, now=clock).close()
    clock.move(60)

    with store.open(url, now=clock) as db, db._database.engine.connect() as raw:
        steps = raw.execute(schema.versions.select().order_by(schema.versions.c.version)).all()

    assert steps == [(number, clock() - 60) for number in range(1, len(schema.STEPS) + 1)]


def test_a_store_of_a_newer_version_is_refused_untouched(url: str) -> None:
    with store.open(url) as db:
        db._database.write(lambda raw: raw.execute(schema.versions.insert().values(version=99, applied=0.0)))

    with pytest.raises(store.StoreNewer, match="99"):
        store.open(url)


def test_an_older_store_is_brought_forward(url: str) -> None:
    """As a store of before the first step: the table of steps is there and empty."""
    parsed = engine.parse(url)
    if parsed.drivername == "sqlite":
        path = Path(str(parsed.database))
        path.parent.mkdir()
        with sqlite3.connect(path) as raw:
            raw.execute("CREATE TABLE store_version (version INTEGER PRIMARY KEY, applied DOUBLE PRECISION)")
        raw.close()
    else:
        bare = engine.start(parsed, busy_s=5)
        with bare.begin() as db:
            db.execute(
                text("CREATE TABLE store_version (version INTEGER PRIMARY KEY, applied DOUBLE PRECISION)")
            )
        bare.dispose()

    with store.open(url) as opened:
        assert opened.runs.admit("acme", graph="integrate", key="k", input={}).state == "admitted"


def test_tables_of_somebody_else_are_not_taken_for_ours(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "store.db") as raw:
        raw.execute("CREATE TABLE runs (whatever TEXT)")
    raw.close()

    with pytest.raises(store.StoreCorrupt, match="not one of ours"):
        store.open(f"sqlite:///{tmp_path}/store.db")


@pytest.mark.parametrize("keep", [0, 7, 100, 4096, 9000])
def test_a_cut_file_is_damage_and_is_left_as_it_is(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "store.db"
    url = filled(path)
    os.truncate(path, keep)
    before = path.read_bytes()

    with pytest.raises(store.StoreCorrupt) as refused:
        store.open(url)

    assert refused.value.place == str(path)
    assert not refused.value.retryable
    assert path.read_bytes() == before


@pytest.mark.parametrize("page", range(1, 9))
def test_an_overwritten_page_is_damage(tmp_path: Path, page: int) -> None:
    path = tmp_path / "store.db"
    url = filled(path)
    with path.open("r+b") as file:
        file.seek(page * 4096)
        file.write(b"\xff" * 4096)

    with pytest.raises(store.StoreCorrupt):
        store.open(url)


def test_another_file_in_the_place_of_an_open_store_is_not_used(tmp_path: Path) -> None:
    path, theirs = tmp_path / "store.db", tmp_path / "theirs.db"
    filled(theirs)
    with store.open(filled(path, 1)) as db:
        theirs.replace(path)
        before = path.read_bytes()
        db._database.engine.dispose()  # as when a connection is lost or another thread needs one

        with pytest.raises(store.StoreReplaced):
            db.runs.admit("acme", graph="integrate", key="k", input={})

    assert path.read_bytes() == before


def test_no_new_store_is_made_where_an_open_one_was_removed(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with store.open(filled(path, 1)) as db:
        path.unlink()
        db._database.engine.dispose()

        with pytest.raises(store.StoreUnavailable):
            db.runs.admit("acme", graph="integrate", key="k", input={})

    assert not path.exists()


def test_a_store_of_another_tenant_answers_no_question(tmp_path: Path) -> None:
    with store.open(f"sqlite:///{tmp_path}/theirs.db") as db:
        theirs = db.runs.admit("other", graph="integrate", key="k", input={})
        db.threads.create("other", "t", metadata={})
    (tmp_path / "theirs.db").rename(tmp_path / "store.db")

    with store.open(f"sqlite:///{tmp_path}/store.db") as db:
        assert (db.runs.of("acme"), db.threads.search("acme", metadata={})) == ((), ())
        with pytest.raises(store.RunUnknown):
            db.runs.get("acme", theirs.id)


def test_text_in_the_place_of_a_store_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.write_text("dear diary, today I was nearly a database" * 200)

    with pytest.raises(store.StoreCorrupt, match="not a SQLite database"):
        store.open(f"sqlite:///{path}")

    assert path.read_text().startswith("dear diary")


@pytest.mark.parametrize("mode", [0o444, 0o400])
def test_a_read_only_file_is_refused_even_to_root(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "store.db"
    url = filled(path)
    path.chmod(mode)

    with pytest.raises(store.StoreReadOnly):
        store.open(url)


def test_a_store_that_becomes_read_only_says_so(tmp_path: Path) -> None:
    with store.open(filled(tmp_path / "store.db")) as db:
        with db._database.engine.connect() as raw:
            raw.exec_driver_sql("PRAGMA query_only = ON")

        with pytest.raises(store.StoreReadOnly):
            db.runs.admit("acme", graph="integrate", key="k", input={})


@pytest.mark.parametrize("mode", [0o602, 0o622, 0o666, 0o777])
def test_a_file_that_anybody_may_write_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "store.db"
    url = filled(path)
    path.chmod(mode)

    with pytest.raises(store.StoreExposed):
        store.open(url)


def test_a_folder_in_which_anybody_may_replace_it_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    url = filled(folder / "store.db")
    folder.chmod(0o777)

    with pytest.raises(store.StoreExposed):
        store.open(url)


def test_a_link_does_not_hide_where_the_store_lies(tmp_path: Path) -> None:
    filled(tmp_path / "open" / "store.db")
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "link.db").symlink_to(tmp_path / "open" / "store.db")

    with pytest.raises(store.StoreExposed):
        store.open(f"sqlite:///{tmp_path}/link.db")


@pytest.mark.parametrize(
    "url",
    ["", "store.db", "sqlite://", "sqlite:///:memory:", "sqlite:///a.db?mode=memory", "mysql://u@h/d",
     "postgresql://u@h", "sqlite+aiosqlite:///x", "postgresql://u:pw@h:port/d", "file:///etc/passwd"],
)  # fmt: skip
def test_an_unusable_url_is_refused(url: str) -> None:
    with pytest.raises(store.StoreUrlInvalid):
        store.open(url)


@pytest.mark.postgres
def test_no_message_holds_the_password(server: Server) -> None:
    url = "postgresql://someone:hunter2secret@127.0.0.1:1/none"

    with pytest.raises(AppError) as refused:
        store.open(url)

    error = refused.value
    assert isinstance(error, store.StoreUnavailable)
    assert "hunter2secret" not in repr((error.to_dict(), str(error), error.place, str(error.__cause__)))


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(store.StoreUnavailable, match="cannot be made"):
        store.open(f"sqlite:///{tmp_path}/file/store.db")


def test_asking_for_the_store_module_loads_no_sql_library() -> None:
    probe = "import sys; from core import store; store.key('a', {}, version='1', templates='');" \
        " assert not {'sqlalchemy', 'sqlite3', 'psycopg'} & set(sys.modules)"  # fmt: skip

    done = subprocess.run(
        [sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr


def test_every_error_of_the_store_is_offered_by_it() -> None:
    own = {name for name, value in vars(store.errors).items() if re.match(r"AW7", getattr(value, "code", ""))}

    assert own <= set(store.__all__)
