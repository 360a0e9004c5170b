# Needs Python ≥ 3.11 and make, nothing else: PostgreSQL and Redis come as wheels. docs/development.md tells more.

PORT ?= 8000
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
PY := .venv/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --quiet install --require-hashes
UV := .venv/bin/uv pip install --quiet --python $(PY) --require-hashes
RUNTIME := requirements.txt requirements-local.txt
MESSAGES := $(wildcard locale/*/LC_MESSAGES/*.po)
# What Python compiles is kept even where the shell forbids it: each of our many processes would compile it anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help run setup setup-dev test lint types rules compiled format bench mutants lock stop clean

help:
	@echo 'make run [PORT=8000]  set everything up and open the portal with a demo company'
	@echo '                      (with AMO_BASE_URL and AMO_TOKEN set: with that amoCRM account)'
	@echo '                      (with AMO=none: without amoCRM, beginning with the import of a file)'
	@echo 'make test             set everything up, lint, all tests'
	@echo 'make setup            virtualenv and packages only'
	@echo 'make lint | format    check | rewrite the code'
	@echo 'make mutants          break the rooms that think and see whether a test notices (half an hour)'
	@echo 'make bench            measure the targets of docs/performance'
	@echo 'make lock             resolve requirements*.in again'
	@echo 'make stop | clean     stop the embedded servers | and remove all they and setup made'

run: setup
	@exec $(PY) -m devtools.run --port $(PORT) $(if $(AMO),--amo $(AMO))

setup: .venv/installed .local/messages

setup-dev: setup .venv/installed-dev

# Two lanes more than cores, since tests wait for databases, workers and browsers; each has databases of its own, and an idle one
# takes over what another has not begun.
LANES ?= $(shell echo $$(($$(nproc 2>/dev/null || sysctl -n hw.logicalcpu 2>/dev/null || echo 1) + 2)))
test: setup-dev
	@$(MAKE) --no-print-directory --jobs 2 --output-sync types compiled
	@$(PY) -m pytest -q -n $(LANES) --maxprocesses 4 --dist worksteal; code=$$?; \
		$(PY) -m devtools.embedded stop --test; exit $$code

CHECKED := SECRET_KEY=only-to-look-at-the-code-0123456789-abcdef
lint: setup-dev
	@$(MAKE) --no-print-directory --jobs 2 --output-sync types rules

# Types take as long as all other checks together.
types:
	$(CHECKED) $(PY) -m mypy

rules:
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	.venv/bin/lint-imports
	env $$($(PY) -m devtools.embedded urls --test) $(CHECKED) $(PY) manage.py makemigrations --check --dry-run
	$(PY) -m devtools.messages check

# Asserts are rewritten and modules compiled once, while types are checked, and not by each lane; errors are the lanes' to tell.
compiled: rules
	@$(PY) -m pytest -q --collect-only >/dev/null 2>&1 || true

format: setup-dev
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

bench: setup-dev
	@$(PY) -m bench

mutants: setup-dev
	@$(PY) -m devtools.mutants

# Later lists are resolved under the pins of the earlier ones, so all three install together.
LOCK := .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	--no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' $(LOCK_FLAGS)
lock: setup-dev
	$(LOCK) requirements-setup.in -o requirements-setup.txt
	$(LOCK) requirements.in -o requirements.txt
	$(LOCK) -c requirements.txt requirements-local.in -o requirements-local.txt
	$(LOCK) -c requirements.txt -c requirements-local.txt requirements-dev.in -o requirements-dev.txt

stop: .venv/installed
	@$(PY) -m devtools.embedded stop
	@$(PY) -m devtools.embedded stop --test

clean: stop
	rm -rf .venv .local/postgres .local/redis .local/test staticfiles static/vendor

.venv/bin/python:
	@test -n '$(PYTHON)' || { echo 'There is no Python 3.11 or newer on the PATH.' >&2; exit 1; }
	@$(PYTHON) -m venv --clear .venv || { \
		rm -rf .venv; echo "$(PYTHON) lacks the venv module (Debian's package python3-venv)." >&2; exit 1; }

# uv takes seconds where pip takes a minute, but does not read pip's own configuration: where pip alone is told where
# packages come from, it does it all.
install = { $(PIP) -r requirements-setup.txt && $(UV) $(1:%=-r %) 2>/dev/null; } || $(PIP) $(1:%=-r %)

# The stamps are older than a list of packages exactly when that list has changed.
.venv/installed: $(RUNTIME) requirements-setup.txt | .venv/bin/python
	@echo 'Installing packages…'
	@$(call install,$(RUNTIME))
	@touch $@

.venv/installed-dev: requirements-dev.txt .venv/installed
	@echo 'Installing the tools of tests…'
	@$(call install,$(RUNTIME) requirements-dev.txt)
	@touch $@

.local/messages: $(MESSAGES) | .venv/installed
	@$(PY) -m devtools.messages compile
	@mkdir -p $(@D) && touch $@
