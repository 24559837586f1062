# Only make and python3 are assumed: uv comes from the package index when it is not there.
SHELL := /bin/sh
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# `uv` may be a shim that does not work here, so it is asked and not only looked for.
UV := $(shell if uv --version >/dev/null 2>&1; then command -v uv; else echo .tools/uv; fi)
UV_RUN := $(UV) run --locked --no-sync

PYTEST_ARGS ?=
PROGRAMS ?= 2000
SEED ?= 7
CORE_TESTS := tests/core tests/program tests/residency tests/gcp/test_accepted_programs.py tests/money tests/proof/test_strategies.py tests/proof/test_verification.py

.PHONY: help setup run test check format bench prove agree mutations coverage pulumi clean

help: ## Say what can be made
	@python3 -c "import re; [print(f'  make {name:10}{text}') for name, text in re.findall(r'^([a-z]+):.*?## (.*)$$', open('Makefile').read(), re.M)]"

setup: .venv/.ready ## Get uv, Python 3.13 and the locked dependencies
	@echo "Ready: $$($(UV_RUN) isthmus --version). Now: make run, make test"

run: .venv/.ready ## Put a day of real orders through the brokerage, and sum it up
	$(UV_RUN) isthmus run

test: .venv/.ready .tools/frameworks/.ready ## Run the tests, without the long proofs
	$(UV_RUN) pytest -m "not long" $(PYTEST_ARGS)

check: .venv/.ready ## Check format, lint, types and layers
	$(UV_RUN) ruff format --check .
	$(UV_RUN) ruff check .
	$(UV_RUN) mypy
	$(UV_RUN) mypy tests/typing/awaited.py
	$(UV_RUN) basedpyright
	$(UV_RUN) lint-imports --no-logo

format: .venv/.ready ## Format the code, and repair what lint can repair
	$(UV_RUN) ruff format .
	$(UV_RUN) ruff check --fix .

bench: .venv/.ready ## Measure speed against the raw limit, in ratios
	$(UV_RUN) python -m benchmarks

prove: .venv/.ready ## Run the long proofs: simulation, kill tests, many more examples
	HYPOTHESIS_PROFILE=long $(UV_RUN) pytest -m "long or not long" $(PYTEST_ARGS)

agree: .venv/.ready ## Have PROGRAMS=2000 random programs played everywhere, and compare
	$(UV_RUN) python -m tests.agreement --programs $(PROGRAMS) --seed $(SEED)

mutations: .venv/.ready ## Make seeded mistakes in copies of the tree, and see whether random programs show each
	$(UV_RUN) python tests/agreement/mutations.py

coverage: .venv/.ready ## Measure which branches of core its own tests take; 95 % at least
	$(UV_RUN) pytest -m "not long" $(CORE_TESTS) --cov --cov-branch --cov-report=term-missing:skip-covered --cov-fail-under=95 $(PYTEST_ARGS)

pulumi: .venv/.ready ## Build the Pulumi command for the tests of provisioning, once for this user
	@$(UV_RUN) python tools/pulumi/build.py

clean: ## Remove what setup and the tests made
	rm -rf .venv .tools build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage .coverage.* htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.tools/uv: tools/bootstrap.py
	python3 tools/bootstrap.py .tools
	@touch $@

# The frameworks that the plugin is tested with. Without npm those tests are skipped, and say so.
.tools/frameworks/.ready: $(wildcard tests/serverless/frameworks/*/package-lock.json)
	@mkdir -p .tools/frameworks && cp -R tests/serverless/frameworks/. .tools/frameworks
	@if command -v npm >/dev/null; then \
	  for one in osls serverless; do \
	    npm ci --prefix .tools/frameworks/$$one --ignore-scripts --no-audit --no-fund --silent & pids="$$pids $$!"; \
	  done; \
	  for pid in $$pids; do wait $$pid || exit 1; done; \
	fi
	@touch $@

.venv/.ready: pyproject.toml uv.lock .python-version $(filter .tools/uv,$(UV))
	@$(UV) sync --locked --quiet --extra azure --extra google --extra pulumi --extra serverless || { \
	  echo "Setup needs Python 3.13 and the package index. Without a python3.13 of its own this machine must let uv" >&2; \
	  echo "download one; or name yours: UV_PYTHON=/path/to/python3.13 make $(MAKECMDGOALS)" >&2; exit 1; }
	@touch $@
