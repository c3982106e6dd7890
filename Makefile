# Everything a user or CI needs, in words. `make` alone lists it.
SHELL := /bin/bash
BIN := .venv/bin
ARGS ?=
# Nothing of the caller's Python reaches ours.
unexport PYTHONHOME PYTHONPATH PYTHONSAFEPATH PYTHONSTARTUP PYTHONOPTIMIZE PYTHONWARNINGS
# The Python that is named by PYTHON, else the environment's own, else the first that is new enough.
INSTALL = @if [ -n "$(PYTHON)" ]; then set -- "$(PYTHON)"; else set -- $(BIN)/python python3 python3.13 python3.12 python3.11; fi; \
	for python; do \
		! "$$python" -c 'import shutil, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || exec "$$python" -m simulation.installation; \
	done; \
	echo "✗ Python 3.11 or newer with its standard modules is needed, and none of these is that: $$*" >&2; \
	echo "  remedy: as root: apt-get install python3 python3-venv (Debian 12, Ubuntu 24.04 or newer);" \
		"or name one: make PYTHON=/usr/bin/python3.12 …" >&2; exit 1
# Docker's own compose where it is, else the older program of that name.
COMPOSE = $(shell docker compose version >/dev/null 2>&1 && echo docker compose || command -v docker-compose)
NEED_COMPOSE = @no() { echo "✗ $$1" >&2; echo "  remedy: as root: $$2; runs need neither: make simulate" >&2; exit 1; }; \
	[ -n "$(COMPOSE)" ] || no "neither 'docker compose' nor 'docker-compose' is here" "apt-get install docker.io docker-compose"; \
	! command -v docker >/dev/null || docker version >/dev/null 2>&1 || no "no Docker engine answers" "dockerd &"
# For every Python that pyproject.toml allows: a package that only one of them needs stands there with its condition.
RESOLVE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --extra install \
	--custom-compile-command 'make lock'
STRIPE_MOCK_VERSION = $(shell sed -n 's|.*image: stripe/stripe-mock:||p' docker-compose.sim.yml)

.DEFAULT_GOAL := help
.PHONY: help runbooks setup tools simulate sabotage mutants determinism sweep test fuzz naive fast check bench bench-campaign bench-find bench-gateway bench-kills bench-planted gate closure images stripe-mock promtool up down test-containers lock snapshot openapi figures clean

help: ## Show this list
	@echo "Founder absence simulation"; echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo; echo "  ARGS passes options on: make simulate ARGS='--seed 7'"

setup: ## Create .venv with what a run needs, from requirements.lock (the other targets do it when needed)
	$(INSTALL)

tools: ## Add what tests and development need, from requirements-dev.lock (their targets do it when needed)
	$(subst simulation.installation,simulation.installation tools,$(INSTALL))

simulate: setup ## Run the 14 founderless days and print the verdict
	@$(BIN)/simulate run $(ARGS)

runbooks: setup ## Lint every runbook, then carry each out in three ways: recovered, rolled back, failed safely
	@$(BIN)/simulate runbook lint
	@$(BIN)/simulate runbook test $(ARGS)

sabotage: setup ## Plant every defect and see whether the jury names it
	@$(BIN)/simulate sabotage --all $(ARGS)

mutants: tools ## Change one thing at a time in the platform's source, a sample; the jury must name 80 % of it
	@$(BIN)/simulate mutants $(ARGS)

determinism: setup ## Run every scenario twice (20 seeds of the default one), idle and under load: equal histories
	@$(BIN)/simulate determinism $(ARGS)
	@$(BIN)/simulate determinism --load $(ARGS)

sweep: setup ## Put every kind of fault on a contest, over the edges of its fields (3,500 short runs: hours)
	@$(BIN)/simulate sweep $(ARGS)

test: tools ## Run every test; at the end, what was skipped and how to have it
	@echo "… every test, two at a time: some ten minutes on two free cores; how far it is stands at the end of each line"
	@$(BIN)/pytest -n 2 --dist worksteal $(ARGS)

fast: check ## Lint, types, contracts and the unit tests: before every commit
	$(BIN)/pytest -n auto tests/unit $(ARGS)

check: tools ## Lint, types, import contracts
	$(BIN)/pip check --quiet || { echo "requirements.lock does not fit pyproject.toml: make lock"; exit 1; }
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fuzz: tools ## Try malformed files of every kind that is read: 100,000 (INPUTS=1000: fewer; FUZZ_SEED=7: others)
	FUZZ_INPUTS=$(or $(INPUTS),100000) $(BIN)/pytest tests/unit/fuzz -k malformed -s $(ARGS)

naive: tools ## A backend that looks first and acts then, where two deliveries meet: caught for 100 seeds (SEEDS=1-10: fewer)
	NAIVE_SEEDS=$(or $(SEEDS),1-100) $(BIN)/pytest tests/acceptance/test_statements_of_processes.py -k credits_twice $(ARGS)

bench-campaign: tools ## Runs a minute of campaigns: workers, shards, a Dask cluster on loopback; memory as they grow
	$(BIN)/python -m simulation.proof.bench.campaign $(ARGS)

bench-find: setup ## Planted defects found in a CPU minute by each way to draw faults
	$(BIN)/python -m simulation.sabotage.bench --find $(ARGS)

bench-gateway: setup ## What the gateway before the database costs a backend in processes of its own (5 minutes)
	$(BIN)/python -m simulation.proof.bench.gateway $(ARGS)

bench-kills: setup ## Kill a campaign's workers ten times, and shard it: nothing is lost, all files are equal
	$(BIN)/python -m simulation.proof.bench.kills $(ARGS)

bench-planted: setup ## Shrink ten planted defects with a dozen faults each: two faults, 40 runs at most (an hour)
	$(BIN)/python -m simulation.sabotage.bench --shrink $(ARGS)

bench: setup ## Time the default run beside the same SQL replayed bare
	$(BIN)/python -m simulation.proof.bench $(ARGS)

gate: setup ## The nightly gate: several seeds, in containers, with stripe-mock (ARGS='--seeds 1-5')
	@$(BIN)/simulate gate $(ARGS)

closure: setup ## May the iteration close? What is missing, with the command for each
	@$(BIN)/simulate closure $(ARGS)

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
	$(NEED_COMPOSE)
	@$(COMPOSE) -f docker-compose.sim.yml up -d

down: ## Take them down again
	$(NEED_COMPOSE)
	@$(COMPOSE) -f docker-compose.sim.yml down --volumes

test-containers: tools ## The container tests; no engine or no image is a failure here, not a skip
	SIMULATE_REQUIRE_DOCKER=1 $(BIN)/pytest tests/integration/containers $(ARGS)

lock: tools ## Resolve the dependencies anew into requirements.lock and requirements-dev.lock
	$(RESOLVE) --output-file requirements.lock pyproject.toml
	$(RESOLVE) --extra dev --constraint requirements.lock --output-file requirements-dev.lock pyproject.toml

snapshot: setup ## Write fixtures/schema.snapshot.sql from the migrations
	$(BIN)/python -m simulation.promotion.snapshot

openapi: setup ## Write fixtures/openapi.json from what the platform's endpoints declare
	$(BIN)/python -m simulation.targets.builtin.openapi > fixtures/openapi.json

reference: setup ## Write simulation/REFERENCE.md and scenarios/README.md from the code
	@$(BIN)/simulate reference --write

figures: setup ## Write the counts in README (defects, checks, runbooks ...) as they are today
	@$(BIN)/python -m simulation.figures

clean: ## Remove what runs and tests left behind (not the reports)
	rm -rf "$$(readlink -f .venv)" .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
