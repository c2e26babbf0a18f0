"""The command line as people and programs use it: a process, its two streams and its exit code."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
SPEC = "examples/orders/openapi.yaml"


class Shell:
    """Runs ./autoweave with a home of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.env = {"PATH": os.environ["PATH"], "HOME": str(home), "AUTOWEAVE_HOME": str(home / "state")}

    def __call__(
        self, *args: str, stdin: bytes = b"", cwd: Path = ROOT, **env: str
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [ROOT / "autoweave", *args],
            input=stdin, cwd=cwd, env={**self.env, **env}, capture_output=True, timeout=120, check=False,
        )  # fmt: skip
        return subprocess.CompletedProcess(args, done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.fixture
def aw(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_help_imports_no_heavy_library() -> None:
    probe = "import sys; sys.argv=['x', '--help']; import cli\ntry: cli.main()\nexcept SystemExit: pass\n"
    probe += "heavy = {'langchain_core', 'langgraph', 'litellm', 'pydantic', 'sqlalchemy', 'git', 'yaml'}\n"
    probe += "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"

    done = subprocess.run([ROOT / ".venv/bin/python", "-c", probe], cwd=ROOT, capture_output=True, check=True)

    assert done.stderr.strip() == b"[]"


def test_a_dry_run_imports_no_langgraph() -> None:
    probe = (
        "import sys\n"
        f"sys.argv=['x', 'integrate', {SPEC!r}, '--dry-run', '-q', '-o', 'json']\n"
        "import cli\ntry: cli.main()\nexcept SystemExit: pass\n"
        "heavy = {'langchain_core', 'langgraph', 'litellm', 'sqlalchemy', 'datamodel_code_generator'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )

    done = subprocess.run([ROOT / ".venv/bin/python", "-c", probe], cwd=ROOT, capture_output=True, check=True)

    assert done.stderr.strip() == b"[]"


@pytest.mark.parametrize(
    "args",
    [["nonsense"], ["integrate"], ["integrate", "x", "--nope"], ["plan", "x", "--replicas", "many"], []],
    ids=lambda args: " ".join(args) or "nothing",
)
def test_wrong_usage_is_64(aw: Shell, args: list[str]) -> None:
    done = aw(*args)

    assert done.returncode == 64
    assert done.stderr


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (["integrate", "missing.yaml", "--dry-run"], "AW120"),
        (["integrate", "README.md", "--dry-run"], "AW1"),
        (["integrate", SPEC, "--dry-run", "--env", "oops"], "AW903"),
        (["integrate", SPEC, "--dry-run", "--image", "app:latest"], "AW305"),
        (["integrate", SPEC, "--dry-run", "--sandbox", "none"], "AW951"),
        (["integrate", SPEC, "--dry-run", "--kubernetes", "1.2"], "AW4"),
        (["integrate", SPEC, "--dry-run", "-f", "missing.yaml"], "AW902"),
        (["integrate", "https://localhost/openapi.yaml", "--dry-run"], "AW8"),
        (["integrate", "http://example.com/openapi.yaml", "--dry-run"], "AW8"),
        (["integrate", SPEC, "--dry-run", "--git-remote", "ext::sh -c x"], "AW"),
        (["apply", "missing.plan"], "AW902"),
        (["apply", "README.md"], "AW503"),
        (["validate", "missing"], "AW906"),
        (["explain", "AW000"], "AW905"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_an_expected_failure_names_its_code_and_the_next_step(aw: Shell, args: list[str], code: str) -> None:
    done = aw(*args)

    assert done.returncode == 1
    assert f"error {code}" in done.stderr
    assert "  next  " in done.stderr
    assert "Traceback" not in done.stderr


def test_every_code_that_is_shown_can_be_explained(aw: Shell) -> None:
    done = aw("explain", "aw901")

    assert done.returncode == 0
    assert done.stdout.startswith("AW901 · ")


def test_integrate_publishes_and_a_second_time_changes_nothing(aw: Shell) -> None:
    first = aw("integrate", SPEC, "--yes")
    second = aw("integrate", SPEC, "--yes")

    assert first.returncode == second.returncode == 0
    assert "published on main" in first.stdout
    assert second.stdout.startswith("No changes.")


def test_without_a_yes_and_without_a_person_it_waits_and_says_so(aw: Shell) -> None:
    done = aw("integrate", SPEC)

    assert done.returncode == 1
    assert "AW901" in done.stderr
    assert aw("runs", "list", "--tenant", "bakery").stdout.strip().endswith("waiting")
    assert aw("integrate", SPEC, "--yes").returncode == 0


def test_a_person_at_a_terminal_is_asked(aw: Shell) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [ROOT / "autoweave", "integrate", SPEC, "-q"],
        stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, env=aw.env,
    )  # fmt: skip
    os.write(ours, b"no\n")

    out, err = process.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)

    assert process.returncode == 1
    assert b" to add, 0 to change, 0 to destroy." in out
    assert b"Apply this plan?" in err
    assert b"AW923" in err


def test_plan_then_apply_does_exactly_the_plan(aw: Shell, tmp_path: Path) -> None:
    file = tmp_path / "orders.plan"

    planned = aw("plan", SPEC, "--out", str(file), "--detailed-exitcode")
    applied = aw("apply", str(file), "--yes", "-o", "json")
    again = aw("apply", str(file), "--yes", "-o", "json")

    assert planned.returncode == 2
    assert applied.returncode == again.returncode == 0
    assert json.loads(applied.stdout) == json.loads(again.stdout)
    assert aw("plan", SPEC, "--detailed-exitcode").returncode == 0


def test_a_changed_plan_file_is_refused(aw: Shell, tmp_path: Path) -> None:
    file = tmp_path / "orders.plan"
    aw("plan", SPEC, "--out", str(file))
    file.write_text(file.read_text().replace('"tenant": "bakery"', '"tenant": "rival"'))

    done = aw("apply", str(file), "--yes")

    assert done.returncode == 1
    assert "AW504" in done.stderr


def test_a_plan_whose_base_moved_is_refused(aw: Shell, tmp_path: Path) -> None:
    file = tmp_path / "orders.plan"
    aw("plan", SPEC, "--out", str(file))
    aw("integrate", SPEC, "--yes", "--replicas", "4")

    done = aw("apply", str(file), "--yes")

    assert done.returncode == 1
    assert "AW520" in done.stderr


def test_diff_ends_with_one_when_there_are_differences(aw: Shell) -> None:
    before = aw("diff", SPEC)
    aw("integrate", SPEC, "--yes")
    after = aw("diff", SPEC)

    assert (before.returncode, after.returncode) == (1, 0)
    assert "+++ b/apps/orders/base/deployment.yaml" in before.stdout


@pytest.mark.parametrize(("form", "read"), [("json", json.loads), ("yaml", yaml.safe_load)])
def test_results_are_data_on_stdout_and_words_on_stderr(aw: Shell, form: str, read: object) -> None:
    done = aw("plan", SPEC, "-o", form)

    found = read(done.stdout)  # type: ignore[operator]  # one of the two readers above
    assert found["ledger"]["ok"]
    assert found["summary"] == f"Plan: {len(found['changes'])} to add, 0 to change, 0 to destroy."
    assert "reading the spec" in done.stderr


def test_a_failure_is_data_too(aw: Shell) -> None:
    done = aw("plan", "missing.yaml", "-o", "json")

    assert json.loads(done.stdout)["problem"]["code"] == "AW120"


def test_the_spec_may_come_from_stdin(aw: Shell) -> None:
    text = (ROOT / SPEC).read_bytes()

    done = aw("plan", "-", "--name", "orders", "--image", "registry.example.com/o:1", stdin=text)

    assert done.returncode == 0, done.stderr
    assert "Plan: " in done.stdout


def test_a_narrow_terminal_is_not_overrun_by_the_tree(aw: Shell) -> None:
    done = aw("plan", SPEC, "-q", COLUMNS="60")

    tree = done.stdout.partition("--- /dev/null")[0]
    assert max(len(line) for line in tree.splitlines()) <= 60


def test_color_is_for_terminals_and_on_request(aw: Shell) -> None:
    assert "\x1b[" not in aw("plan", SPEC).stdout
    assert "\x1b[" in aw("plan", SPEC, FORCE_COLOR="1").stdout
    assert "\x1b[" not in aw("plan", SPEC, FORCE_COLOR="1", NO_COLOR="1").stdout


def test_validate_accepts_what_integrate_wrote(aw: Shell, tmp_path: Path) -> None:
    aw("integrate", SPEC, "--yes")
    tree = tmp_path / "tree"
    remote = aw.home / "state" / "remote.git"
    subprocess.run(["git", "clone", "--quiet", str(remote), str(tree)], check=True)

    done = aw("validate", ".", cwd=tree)

    assert done.returncode == 0, done.stdout
    assert "Validation passed" in done.stdout


def test_validate_fails_on_a_bad_manifest_in_each_form(aw: Shell, tmp_path: Path) -> None:
    (tmp_path / "pod.yaml").write_text("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {}\n")

    runs = {
        form: aw("validate", str(tmp_path), "--format", form) for form in ("text", "json", "junit", "sarif")
    }

    assert {done.returncode for done in runs.values()} == {1}
    assert "<testsuite" in runs["junit"].stdout
    assert json.loads(runs["sarif"].stdout)["version"] == "2.1.0"
    assert not json.loads(runs["json"].stdout)["ok"]


def test_an_empty_folder_does_not_pass(aw: Shell, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    assert aw("validate", str(tmp_path / "empty")).returncode == 1


def test_validate_reports_on_a_spec(aw: Shell) -> None:
    done = aw("validate", SPEC)

    assert done.returncode == 0, done.stdout
    assert "0 errors" in done.stdout


def test_lowering_the_sandbox_shows_in_the_ledger(aw: Shell) -> None:
    done = aw("plan", SPEC, "--sandbox", "process", "-o", "json")

    notes = [each for each in json.loads(done.stdout)["ledger"]["entries"] if each["check"] == "sandbox"]
    assert "level process" in notes[0]["reason"]


def test_doctor_says_what_the_machine_gives(aw: Shell) -> None:
    done = aw("doctor", "-o", "json")

    parts = {row["part"]: row for row in json.loads(done.stdout)}
    known = {"autoweave", "git", "sandbox", "store", "engines", "server", "keys", "queue", "telemetry"}
    assert set(parts) == known
    assert parts["git"]["ok"]


def test_a_git_token_without_its_host_is_refused_and_not_shown(aw: Shell) -> None:
    done = aw("plan", SPEC, AUTOWEAVE_GIT_TOKENS="s3cret-token-value")

    assert done.returncode == 1
    assert "AW909" in done.stderr
    assert "s3cret" not in done.stdout + done.stderr


def test_a_home_that_cannot_be_written_is_said(aw: Shell) -> None:
    done = aw("integrate", SPEC, "--yes", AUTOWEAVE_HOME="/proc/nowhere")

    assert done.returncode == 1
    assert "AW791" in done.stderr
    assert "Traceback" not in done.stderr


def test_damaged_checkpoints_are_said_and_left_as_they_are(aw: Shell) -> None:
    file = aw.home / "state" / "checkpoints.db"
    file.parent.mkdir()
    file.write_text("no database at all, but long enough to be looked at")

    done = aw("integrate", SPEC, "--yes")

    assert "AW792" in done.stderr
    assert file.read_text().startswith("no database")
    file.unlink()
    assert aw("integrate", SPEC, "--yes").returncode == 0


def test_a_url_is_fetched_by_the_rules_of_fetch(aw: Shell) -> None:
    done = aw("plan", "https://127.0.0.1/openapi.yaml")

    assert done.returncode == 1
    assert "error AW8" in done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(aw: Shell, shell: str) -> None:
    done = aw("completion", shell)

    assert "_AUTOWEAVE_COMPLETE" in done.stdout


def test_graph_draw_prints_the_picture(aw: Shell) -> None:
    assert "approve" in aw("graph", "draw").stdout


def test_the_launcher_works_from_another_folder(aw: Shell, tmp_path: Path) -> None:
    assert aw("--version", cwd=tmp_path).stdout.startswith("autoweave, version")


def test_trace_prints_one_tree_from_command_to_commit(aw: Shell) -> None:
    done = aw("integrate", SPEC, "--yes", "--trace")

    tree = done.stderr[done.stderr.index("trace ") :].splitlines()
    assert sum(line.startswith("trace ") for line in tree) == 1
    assert tree[1].startswith("autoweave ")
    assert any("integrate.commit" in line and "commit=" in line for line in tree)
