# Everything there is to do here. Needs make and Python 3.11 to 3.14; the rest is set up on demand.
# `make` lists the targets.

SHELL := /bin/sh
.DEFAULT_GOAL := help

# Looked for in this order; PYTHON=/path/to/python names one.
PYTHONS := $(PYTHON) python3.14 python3.13 python3.12 python3.11 python3
BIN := .venv/bin
# A database server for the demo is started on this folder; SERVE=0 prints and ends.
DATA := ./demo-data
SERVE := 1

.PHONY: help demo test lint types imports bench eval docs-check lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .venv/runtime.stamp ## import a sample household, show its books, serve them (SERVE=0: only show)
	@$(BIN)/mintflow demo --data "$(DATA)" $(if $(filter 0,$(SERVE)),--no-serve,--serve)

# All tests run side by side, a process for each processor; some of them (ARGS) in one.
SIDE_BY_SIDE := -n auto --dist loadfile --no-loadscope-reorder
test: lint types imports ## all checks and all tests
	$(BIN)/pytest $(or $(ARGS),$(SIDE_BY_SIDE))

lint: .venv/dev.stamp ## style and format (make format repairs most of it)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

.PHONY: format
format: .venv/dev.stamp ## repair style and format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: .venv/dev.stamp ## mypy, strict
	$(BIN)/mypy

imports: .venv/dev.stamp ## the rooms import one way
	$(BIN)/lint-imports --no-logo

bench: .venv/dev.stamp ## speeds, each with its baseline from the same run
	$(BIN)/python -m benchmarks $(ARGS)

eval: .venv/dev.stamp ## how right the categorizer is, by difficulty and country; writes its page
	$(BIN)/python -m evaluation

docs-check: .venv/dev.stamp ## links and house rules of the documents
	$(BIN)/pytest tests/tidy

# The full list is locked first and holds the two others to its versions. UPGRADE=1 takes newer ones.
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-annotate --no-header $(if $(UPGRADE),--upgrade) pyproject.toml
lock: .venv/dev.stamp ## lock the dependencies again after a change in pyproject.toml
	$(COMPILE) --extra embedded --group dev --output-file requirements-dev.lock
	$(COMPILE) --extra embedded --constraints requirements-dev.lock --output-file requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-annotate --no-header --group build --constraints requirements-dev.lock \
		--output-file requirements-build.lock

clean: ## remove what was built here (never a data folder)
	rm -rf .venv dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

PIP = $(BIN)/python -m pip --disable-pip-version-check --quiet install

.venv/dev.stamp: .venv/runtime.stamp requirements-dev.lock
	@echo "Installing what the tests need."
	@$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@

.venv/runtime.stamp: requirements.lock requirements-build.lock pyproject.toml
	@$(BIN)/python -c '' 2>/dev/null || $(MAKE) --no-print-directory .venv-new
	@echo "Installing what MintFlow needs."
	@$(PIP) --require-hashes -r requirements.lock -r requirements-build.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: .venv-new
.venv-new:
	@for python in $(PYTHONS); do \
		"$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null || continue; \
		"$$python" -c 'import ensurepip' 2>/dev/null || { without_pip="$$python"; continue; }; \
		echo "Making .venv with $$("$$python" -V)."; \
		exec "$$python" -m venv --clear .venv; \
	done; \
	if [ -n "$$without_pip" ]; then \
		echo "$$without_pip has no ensurepip: install its venv package" \
			"(on Debian and Ubuntu: apt install python3-venv)." >&2; \
	else \
		echo "No Python 3.11 to 3.14 was found among: $(PYTHONS)." \
			"Install one, or name one: make PYTHON=/path/to/python3 ..." >&2; \
	fi; \
	exit 1
