# Two commands to know: `make demo` and `make test`. Both do all their set-up.
SHELL := /bin/bash
.DEFAULT_GOAL := help
UV := $(shell command -v uv 2>/dev/null || echo build/uv/bin/uv)
STAMP := .venv/.autoweave-stamp
export DO_NOT_TRACK := 1
export LANGSMITH_TRACING := false
export UV_NO_PROGRESS := 1

.PHONY: help setup demo test phoenix check bench soak clean

help: ## what each target does
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup: $(STAMP) ## the environment, from uv.lock

$(STAMP): uv.lock pyproject.toml
	@bash .ci/setup $(UV)
	@touch $@

demo: setup ## integrate the example spec into a repository of its own
	@bash examples/demo.sh

test: setup ## the whole test suite, with what it needs
	@bash tests/run.sh

phoenix: setup ## Phoenix, which shows traces, on http://127.0.0.1:6006 (installs it the first time)
	@./autoweave phoenix

check: setup ## ruff, mypy, import-linter, layout, lock
	@bash .ci/check

bench: setup ## every benchmark, printed
	@bash bench/all.sh

soak: setup ## kill -9 and race trials in the numbers of the goals
	@bash bench/soak.sh

clean: ## build products and caches, not .venv
	rm -rf build/demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
