# Everything runs in .venv, made with the plain venv module and pip from the lock files.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo serve install test lint bench browser screenshots lock clean
export PIP_DISABLE_PIP_VERSION_CHECK := 1

help: ## show these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- the environment: a stamp a set, so that nothing is installed twice --------------------------

$(VENV)/.runtime: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Pincite needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	@echo "Installing into $(VENV) (a few minutes the first time) ..."
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install -qq -r requirements.lock
	@$(BIN)/pip install -qq --no-deps -e .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	@echo "Installing the development tools into $(VENV) ..."
	@$(BIN)/pip install -qq -r requirements-dev.lock
	@touch $@

install: $(VENV)/.runtime ## install what running needs into .venv

# Debian's Chromium where none is found and we may install it; npm only fetches axe-core. What is
# then still missing is said in a sentence, with what to do.
browser: $(VENV)/.dev ## install Chromium and axe-core for the browser tests
	@packages=; \
	$(BIN)/python -m tests.page.installed chromium >/dev/null 2>&1 || packages='chromium fonts-dejavu-core'; \
	command -v npm >/dev/null || packages+=' npm'; \
	if [ -n "$$packages" ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "Installing $$packages ..."; \
	  export DEBIAN_FRONTEND=noninteractive; \
	  apt-get update -qq </dev/null || true; \
	  apt-get install -qq --no-install-recommends $$packages </dev/null >/dev/null; \
	fi
	@command -v npm >/dev/null || { echo 'There is no npm to install axe-core with: install Node.js.' >&2; exit 1; }
	@cd tests/page/axe && npm ci --prefer-offline --loglevel=error >/dev/null
	@$(BIN)/python -m tests.page.installed

# --- running -------------------------------------------------------------------------------------

# Exit code 3 is an honest "the sources don't answer this"; any other than 0 is a failure.
define ask
@printf '\n== %s ==\n$$ pincite ask "%s"\n\n' '$(1)' '$(2)'
@$(BIN)/pincite ask '$(2)' || [ $$? -eq 3 ]
endef

demo: $(VENV)/.runtime ## ask the sample articles three questions
	$(call ask,A plain question,How much are the Ukrainian rare earth deposits in the proposed deal worth?)
	$(call ask,The two articles disagree,Did the Saudi Arabia meeting take place before or after the Trump-Putin phone call?)
	$(call ask,The articles do not answer,What is the capital of Australia?)
	@printf '\n%s\n%s\n%s\n' \
	  'Ask your own:  $(BIN)/pincite ask "Who is quoted in the articles?"' \
	  'Open the page: $(BIN)/pincite serve' \
	  'Run the tests: make test'

serve: $(VENV)/.runtime ## show the page over the sample articles (make serve ARGS="--library DIR")
	@$(BIN)/pincite serve $(ARGS)

test: lint ## lint, check types and run the tests (make test ARGS="-k name")
	@$(BIN)/pytest -rs $(or $(ARGS),-n 2)

lint: $(VENV)/.dev ## ruff and mypy
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet . || { $(BIN)/ruff format --check .; exit 1; }
	@$(BIN)/mypy --no-error-summary

bench: $(VENV)/.runtime ## measure speed (make bench DATA=folder)
	@$(if $(DATA),,echo "No data folder given: make bench DATA=folder names one with a questions.jsonl.")
	@$(BIN)/python benchmarks/speed.py $(if $(DATA),'$(DATA)')

screenshots: browser ## take the pictures of the page in docs/images
	@$(BIN)/python -m benchmarks.screenshots

# --- keeping -------------------------------------------------------------------------------------

# A fresh resolve of pyproject.toml's ranges on the oldest Python we support. Both files are
# replaced only when both resolves worked; a pin that isn't name==version stops it.
lock: ## resolve requirements.lock and requirements-dev.lock again
	@dir=$$(mktemp -d); trap 'rm -rf "$$dir"' EXIT; \
	$(PYTHON) -c 'import sys; sys.version_info[:2] == (3, 11) or sys.exit("The lock files are made with Python 3.11: make lock PYTHON=python3.11")'; \
	$(PYTHON) -m venv "$$dir/venv"; pip="$$dir/venv/bin/pip"; \
	"$$pip" install -qq .; \
	"$$pip" freeze --exclude pincite >"$$dir/runtime"; \
	"$$pip" install -qq -c "$$dir/runtime" '.[dev]'; \
	"$$pip" freeze --exclude pincite | { grep -vxFf "$$dir/runtime" || true; } >"$$dir/dev"; \
	"$$pip" check --quiet; \
	if grep -vE '^[A-Za-z0-9._-]+==[0-9A-Za-z.]+$$' "$$dir/runtime" "$$dir/dev"; then exit 1; fi; \
	{ echo '# Made by "make lock" from pyproject.toml; do not edit.'; cat "$$dir/runtime"; } >requirements.lock; \
	{ echo '-r requirements.lock'; echo '# Made by "make lock" from pyproject.toml; do not edit.'; cat "$$dir/dev"; } >requirements-dev.lock; \
	wc -l requirements.lock requirements-dev.lock

clean: ## remove .venv, axe-core, builds and caches
	@rm -rf $(VENV) tests/page/axe/node_modules build dist htmlcov .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
