from __future__ import annotations

from collections.abc import Callable

from tools import plans

Make = Callable[..., plans.Plan]


def test_the_summary_counts(make: Make) -> None:
    assert plans.summary(make()) == "Plan: 2 to add, 1 to change, 1 to destroy."


def test_the_tree_reads_like_a_tree(make: Make) -> None:
    assert plans.tree(make(), width=60) == (
        "├─ apps/shop/base/\n"
        "│  ├─ - configmap.yaml -1\n"
        "│  ├─ + deployment.yaml +2\n"
        "│  └─ ~ service.yaml +1 -1\n"
        "└─ argocd/apps/\n"
        "   └─ + shop.yaml +1\n"
    )


def test_the_text_fits_sixty_columns(make: Make) -> None:
    files = {"apps/shop/" + "long-name-" * 9 + ".yaml": b"kind: ClusterRole\n"}
    finding = {"rule": "AW401", "severity": "error", "file": "x" * 90, "message": "why " * 40}
    ledger = {"entries": [{"document": "d", "check": "c" * 80, "status": "fail", "findings": [finding]}]}
    text = plans.text(make(files=files, base={}, ledger=ledger, module="m" * 63), width=60)

    # A diff's own lines are never cut: the terminal wraps them.
    before, _, after = text.partition("--- /dev/null")
    beside = before + after.partition("Checks")[2]
    assert max(len(line) for line in beside.split("\n")) <= 60


def test_the_text_holds_tree_diff_ledger_and_risk(make: Make) -> None:
    text = plans.text(make(), width=60)

    assert "~ service.yaml" in text
    assert "+port: 81" in text
    assert "✔ schema: 1 pass" in text
    assert "not run" not in text
    assert "1 skipped: no policies for it" in text
    assert text.endswith("Plan: 2 to add, 1 to change, 1 to destroy.\n")
    assert "Risk: medium" in text


def test_diffs_come_alone_when_asked(make: Make) -> None:
    told = plans.diffs(make(), full=True)

    assert told.startswith("--- a/apps/shop/base/configmap.yaml\n+++ /dev/null\n")
    assert told.count("\n+++ ") == 4
    assert plans.diffs(make(base={}, files={})) == ""


def test_an_empty_plan_says_so(make: Make) -> None:
    assert "No changes." in plans.text(make(base={}, files={}))


def test_a_missing_ledger_is_said_not_hidden(make: Make) -> None:
    assert "Checks  none were made" in plans.text(make(ledger={}))


def test_one_reason_for_many_documents_is_told_once(make: Make) -> None:
    entries = [
        {"document": f"d{n}", "check": "schema", "status": "not_run", "reason": "no schema"}
        for n in range(50)
    ]
    entries.append({"document": "(set)", "check": "sandbox", "status": "pass", "reason": "level seccomp"})
    text = plans.text(make(ledger={"entries": entries}))

    assert "    50 not run: no schema\n" in text
    assert "    sandbox: level seccomp\n" in text


def test_names_and_contents_cannot_drive_the_terminal(make: Make) -> None:
    bad = "\x1b[2J\x9b31m\u202e\r"
    finding = {"rule": bad, "severity": bad, "file": bad, "message": bad}
    ledger = {
        "entries": [{"document": bad, "check": bad, "status": bad, "findings": [finding], "reason": bad}]
    }
    text = plans.text(
        make(module=bad, tenant=bad, branch=bad, ledger=ledger, files={"apps/shop/a.yaml": bad.encode()}),
        full=True,
    )

    assert not {"\x1b", "\x9b", "\u202e", "\r"} & set(text)


def test_color_is_used_only_when_asked(make: Make) -> None:
    assert "\x1b[32m" in plans.text(make(), color=True)
    assert "\x1b" not in plans.text(make(), color=False)


def test_models_and_documents_show_counts_unless_asked(make: Make) -> None:
    plan = make(
        base={}, files={"apps/shop/openapi.yaml": b"title: shop\n", "apps/shop/models/a.py": b"A = 1\n"}
    )

    assert "title: shop" not in plans.text(plan)
    assert "+ openapi.yaml +1" in plans.text(plan)
    assert "+title: shop" in plans.text(plan, full=True)
    assert "+A = 1" in plans.text(plan, full=True)
