# Everything a user or CI needs, in words. `make` alone lists it.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ARGS ?=
# Docker's own compose where it is, else the older program of that name.
COMPOSE = $(shell docker compose version >/dev/null 2>&1 && echo docker compose || echo docker-compose) -f docker-compose.sim.yml
STRIPE_MOCK_VERSION = $(shell sed -n 's|.*image: stripe/stripe-mock:||p' docker-compose.sim.yml)

.DEFAULT_GOAL := help
.PHONY: help runbooks setup simulate sabotage mutants determinism sweep test fuzz fast check bench gate images stripe-mock promtool up down test-containers lock snapshot openapi figures clean

help: ## Show this list
	@echo "Founder absence simulation"; echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo; echo "  ARGS passes options on: make simulate ARGS='--seed 7'"

setup: $(STAMP) ## Create .venv with the locked dependencies (done by the other targets when needed)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name one with: make PYTHON=/usr/bin/python3.12 setup"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q simulation  # where PYTHONDONTWRITEBYTECODE is set, nobody would do it later
	@touch $@

simulate: setup ## Run the 14 founderless days and print the verdict
	@$(BIN)/simulate run $(ARGS)

runbooks: setup ## Lint every runbook, then carry each out in three ways: recovered, rolled back, failed safely
	@$(BIN)/simulate runbook lint
	@$(BIN)/simulate runbook test $(ARGS)

sabotage: setup ## Plant every defect and see whether the jury names it
	@$(BIN)/simulate sabotage --all $(ARGS)

mutants: setup ## Change one thing at a time in the platform's source, a sample; the jury must name 80 % of it
	@$(BIN)/simulate mutants $(ARGS)

determinism: setup ## Run every scenario twice (20 seeds of the default one), idle and under load: equal histories
	@$(BIN)/simulate determinism $(ARGS)
	@$(BIN)/simulate determinism --load $(ARGS)

sweep: setup ## Put every kind of fault on a contest, over the edges of its fields (an hour)
	@$(BIN)/simulate sweep $(ARGS)

test: setup ## Run every test; at the end, what was skipped and how to have it
	$(BIN)/pytest -n 2 --dist worksteal -rs $(ARGS)

fast: check ## Lint, types, contracts and the unit tests: before every commit
	$(BIN)/pytest -n auto tests/unit $(ARGS)

check: setup ## Lint, types, import contracts
	$(BIN)/pip check --quiet || { echo "requirements.lock does not fit pyproject.toml: make lock"; exit 1; }
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fuzz: setup ## Try malformed files of every kind that is read: 100,000 (INPUTS=1000: fewer; FUZZ_SEED=7: others)
	FUZZ_INPUTS=$(or $(INPUTS),100000) $(BIN)/pytest tests/unit/fuzz -k malformed -s $(ARGS)

bench: setup ## Time the default run beside the same SQL replayed bare
	$(BIN)/python -m simulation.proof.bench $(ARGS)

gate: setup ## The nightly gate: several seeds, in containers, with stripe-mock (ARGS='--seeds 1-5')
	@$(BIN)/simulate gate $(ARGS)

images: setup ## Build both container images without a registry (FORCE=1: anew)
	@PYTHON=$(BIN)/python fixtures/images/build.sh

stripe-mock: setup ## Build the pinned stripe-mock into .venv/bin, for runs without containers (needs Go)
	@command -v go >/dev/null || { echo "stripe-mock is built with Go, which is not here: https://go.dev"; exit 1; }
	GOBIN="$(CURDIR)/$(BIN)" go install github.com/stripe/stripe-mock@$(STRIPE_MOCK_VERSION)

promtool: setup ## Unpack Debian's promtool into .venv/bin: it evaluates a run's alerts again (no service is installed)
	@command -v apt-get >/dev/null || { echo "promtool comes with Prometheus: https://prometheus.io/download, then PROMTOOL_BIN=…"; exit 1; }
	@folder=$$(mktemp -d) && cd "$$folder" && package=$$(apt-cache show promtool >/dev/null 2>&1 && echo promtool || echo prometheus) \
		&& apt-get download -qq $$package && dpkg-deb --extract $${package}_*.deb tree \
		&& install -m 755 tree/usr/bin/promtool "$(CURDIR)/$(BIN)/promtool"; made=$$?; rm -rf "$$folder"; exit $$made
	@$(BIN)/promtool --version | head -1

up: ## Keep PostgreSQL and stripe-mock of docker-compose.sim.yml up, for --environment compose
	@$(COMPOSE) up -d

down: ## Take them down again
	@$(COMPOSE) down --volumes

test-containers: setup ## The container tests; no engine or no image is a failure here, not a skip
	SIMULATE_REQUIRE_DOCKER=1 $(BIN)/pytest tests/integration/containers $(ARGS)

lock: setup ## Resolve the dependencies anew into requirements.lock
	$(BIN)/pip-compile --quiet --extra dev --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url \
		--no-emit-find-links --output-file requirements.lock pyproject.toml

snapshot: setup ## Write fixtures/schema.snapshot.sql from the migrations
	$(BIN)/python -m simulation.promotion.snapshot > fixtures/schema.snapshot.sql

openapi: setup ## Write fixtures/openapi.json from what the platform's endpoints declare
	$(BIN)/python -m simulation.targets.builtin.openapi > fixtures/openapi.json

figures: setup ## Write the counts in README (defects, checks, runbooks ...) as they are today
	@$(BIN)/python -m simulation.figures

clean: ## Remove what runs and tests left behind (not the reports)
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
