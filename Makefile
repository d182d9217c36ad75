# Everything a developer or a newcomer types. `make run` needs Python 3.11, venv, git and make only.
SHELL := /bin/bash
export PATH := $(PATH):/usr/sbin:/sbin
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
WEB := planes/hh_control/static/index.html
WEB_PACKAGES := web/node_modules/.package-lock.json
WEB_SOURCES := $(filter-out %.tsbuildinfo,$(wildcard web/*.*)) $(shell find web/src web/public -type f)
NPM := $(BIN)/python web/npm.py
PYTEST := $(BIN)/pytest

.PHONY: help setup web run docs test check full unit two-hosts browser contract e2e faults bench bench-large bench-browser bench-rebuild bench-soak bench-peers lock protobuf clean

help:  ## show this list
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) $(WEB)  ## fill .venv with the pinned packages, and build the web application

$(STAMP): requirements/dev.txt pyproject.toml
	@echo "setting up $(VENV): about 150 packages, once (a few minutes)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed: make setup PYTHON=python3.11"; exit 1; }
	@$(BIN)/python -m pip install --disable-pip-version-check --progress-bar on \
	  --require-hashes --requirement requirements/dev.txt
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-build-isolation \
	  --no-deps --editable .
	@touch $@

web: $(WEB)  ## build the web application from its sources, if they have changed

# npm writes this file last; Node.js is this machine's or comes from PyPI with the other packages.
$(WEB_PACKAGES): web/package-lock.json web/package.json | $(STAMP)
	@echo "fetching about 300 npm packages, once (half a minute)"
	@$(NPM) ci --silent

$(WEB): $(WEB_PACKAGES) $(WEB_SOURCES)
	@echo "building the web application"
	@$(NPM) run --silent build

run: setup  ## start the platform in the foreground and show traces of a demo agent
	@$(BIN)/hh up --demo

check: setup  ## format, lint, types, imports, and the web application's own: about a minute
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	cd bench && ../$(BIN)/mypy --config-file ../pyproject.toml *.py
	$(BIN)/lint-imports
	$(BIN)/mypy web/npm.py
	$(NPM) run check
	$(NPM) run types:fresh

unit: setup  ## rules and laws: seconds
	$(PYTEST) -n 2 tests/unit tests/property tests/packaging

# Two hosts on one machine need these; root gets them from Debian, others are told what is left out.
two-hosts:
	@export PATH="$$PATH:/usr/sbin:/sbin"; for tool in ip ss nft; do \
	  command -v $$tool >/dev/null || test $$(id -u) != 0 || \
	  { timeout 120 apt-get update -qq && timeout 120 apt-get install -y -qq iproute2 nftables; \
	    break; }; done || true

# The web application is driven in Debian's own browser.
browser:
	@command -v chromium >/dev/null || test $$(id -u) != 0 || \
	  { timeout 120 apt-get update -qq && timeout 300 apt-get install -y -qq chromium; } || true

contract: setup two-hosts  ## every adapter against the real server, and use cases over them
	$(PYTEST) -n 3 tests/conformance tests/contract tests/integration

e2e: setup two-hosts browser  ## the platform as a user starts it
	$(PYTEST) tests/e2e

faults: setup  ## kill, cut, fill: nothing acknowledged is lost or doubled
	$(PYTEST) tests/faults

test: check unit contract e2e faults  ## everything that CI runs

full: test bench  ## the tests, and the measurements

bench: setup  ## measure ingestion and reading of 1,000,000 spans, into docs/performance.md (an hour)
	$(BIN)/python bench/ingest.py --keep
	$(BIN)/python bench/latency.py --keep
	$(BIN)/python bench/read.py --keep

bench-large: setup  ## reading of 10,000,000 spans (an hour and 10 GB of disk)
	$(BIN)/python bench/read.py --rows 10000000 --keep

bench-browser: setup browser  ## a session of 100,000 spans and lists of 1,000,000, in Chromium
	$(BIN)/python bench/browser.py --keep
	$(BIN)/python bench/lists.py --keep

bench-rebuild: setup  ## an index of 1,000,000 spans made anew from raw segments
	$(BIN)/python bench/rebuild.py --keep

bench-soak: setup  ## an hour at 70 % load: memory, descriptors, logs
	$(BIN)/python bench/soak.py --keep

bench-peers: setup  ## the same load to Arize Phoenix and MLflow, which are fetched from PyPI
	$(BIN)/python bench/peers.py --keep

docs: setup  ## write the references of settings and permissions from the code
	@$(BIN)/python docs/reference.py
	@$(BIN)/python docs/permissions.py

lock:  ## pin the newest packages that pyproject.toml allows (needs uv)
	$(BIN)/python -m uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header \
	  --python-version 3.11 --extra dev --output-file requirements/dev.txt pyproject.toml

protobuf: setup  ## make hh_core/wire/pb from schema/ (needs uv; the pin keeps the runtime's floor)
	$(BIN)/python -m uv run --no-project --isolated --with 'grpcio-tools==1.78.0' \
	  python -m grpc_tools.protoc -I schema --python_out=hh_core/wire/pb \
	  --pyi_out=hh_core/wire/pb telemetry.proto controller.proto

clean:  ## remove what was built, not the data
	rm -rf $(VENV) web/node_modules planes/hh_control/static dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
