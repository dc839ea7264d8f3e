# One target for each task. Needs make and Python 3.11 or 3.12; everything else is installed into this folder.
# Options: PYTHON=/path/to/python3.12 (which Python), TEXT=… (say), FILE=… (talk), TESTS=… ARGS=… (test), ARGS=… (bench).

BIN := .venv/bin
TESTS ?= $(wildcard tests/unit tests/contract tests/integration tests/chaos)
WORKERS ?= 2
# The pages mostly wait for sound, which takes as long as it is, so there are more of them than cores.
PAGES ?= 3
export PYTHON
# Container images often set it. Without compiled files, each start compiles all modules again: 3 s of CPU.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test test-fast fuzz chaos soak audit test-engines test-compose e2e check lint fmt talk say inspect dead doctor bench web docs lock env dashboard clean setup setup-dev setup-stt models higgs-env higgs-models

help: ## list these targets
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-16s %s\n", $$1, $$2 }'

run: setup ## start everything on this machine; Ctrl-C stops it (LAN=1: also serve phones in the home network, by HTTPS)
	@scripts/web.sh build
	@$(BIN)/tertulia run --fetch-models $(if $(filter-out 0,$(LAN)),--lan) $(ARGS)

test: setup-dev ## unit, contract, integration and chaos tests (TESTS=tests/unit/llm ARGS=-x)
	@echo "test: $(TESTS)"
	@$(BIN)/python -m pytest -n $(WORKERS) $(ARGS) $(TESTS)

test-fast: setup-dev ## unit and contract tests on in-memory fakes, within a minute: no Redis, no processes
	@$(BIN)/python -m pytest -n $(WORKERS) -m "not slow" $(ARGS) tests/unit tests/contract

fuzz: setup-dev ## random inputs for everything that reads what comes from outside (ARGS="--inputs 200000 --seed 1")
	@$(BIN)/python -m tests.fuzz $(ARGS)

test-engines: setup-dev setup-stt higgs-env models ## whisper and kokoro on their real weights; the full engines, each in an environment of its own
	@echo "test-engines: whisper, kokoro"
	@$(BIN)/python -m pytest -n $(WORKERS) $(ARGS) tests/engines/whisper tests/engines/languages tests/engines/tts/test_kokoro.py
	@echo "test-engines: realtimestt"
	@.venv-stt/bin/python -m pytest -n $(WORKERS) -k "realtimestt or smart_turn or faster_whisper" $(ARGS) tests/engines/stt tests/contract/test_recognition_engines.py
	@echo "test-engines: higgs"
	@.venv-higgs/bin/python -m pytest -m higgs $(ARGS) tests/engines/tts tests/contract/test_speech_engines.py

e2e: setup-dev ## the page in a real browser (needs chromium, firefox-esr and pulseaudio; pictures in build/screenshots)
	@scripts/web.sh build
	@echo "e2e: tests/e2e"
	@$(BIN)/python -m pytest -n $(PAGES) -m e2e $(ARGS) tests/e2e

check: lint test ## all that must be green before a commit: lint, then test

test-compose: setup-dev ## the containers of docker-compose.yml, talked to while faults occur (needs a Docker engine)
	@echo "test-compose: tests/compose"
	@$(BIN)/python -m pytest -m compose -o faulthandler_timeout=3600 $(ARGS) tests/compose

lint: setup-dev ## style, format, types, architecture, and the page's own checks
	@echo "lint: style (ruff check)"
	@$(BIN)/ruff check --quiet
	@echo "lint: format (ruff format)"
	@$(BIN)/ruff format --quiet --check
	@echo "lint: types (pyright)"
	@$(BIN)/pyright
	@echo "lint: architecture (import-linter)"
	@$(BIN)/lint-imports
	@echo "lint: width of Markdown lines"
	@$(BIN)/python -m scripts.markdown_width
	@scripts/web.sh check

fmt: setup-dev ## format the Python code and fix what can be fixed
	@$(BIN)/ruff check --quiet --fix-only
	@$(BIN)/ruff format

say: setup ## say one thing to a running Tertulia (TEXT="Hello everybody")
	@$(BIN)/tertulia say "$${TEXT:-Hello everybody!}"

talk: setup ## speak a WAV file to a running Tertulia (FILE=hello.wav)
	@test -n "$$FILE" || { echo "talk: which recording? make talk FILE=hello.wav" >&2; exit 2; }
	@$(BIN)/tertulia talk "$$FILE"

inspect: setup ## show what is in Redis, and explain it (ARGS="last", ARGS="--follow")
	@$(BIN)/tertulia inspect $(ARGS)

dead: setup ## work that was given up (ARGS=list, ARGS="show ID", ARGS="retry --all")
	@$(BIN)/tertulia dead $(or $(ARGS),list)

doctor: setup ## look for what keeps Tertulia from running, and say what to do
	@$(BIN)/tertulia doctor

chaos: setup-dev ## break a whole Tertulia while people talk, and check every frame (ARGS="--turns 2000 --faults 1000 --seed 1")
	@nice $(BIN)/python -m tests.chaos.rig $(ARGS)

soak: setup-dev ## talk for an hour, and see whether anything grows (ARGS="--minutes 5")
	@nice $(BIN)/python -m tests.chaos.rig.soak $(ARGS)

audit: setup-dev ## look for known vulnerabilities in all that is pinned
	@$(BIN)/python scripts/audit.py

bench: setup-dev ## measure latency and throughput on this machine
	@$(BIN)/python -m bench $(ARGS)

web: setup ## build the page
	@scripts/web.sh build

docs: setup-dev ## build the documentation as a site, into build/site; a broken link is an error
	@$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going -c docs -d build/site-cache . build/site
	@echo "docs: build/site/index.html"

lock: setup ## pin the newest dependencies that fit, by hash, into requirements/
	@scripts/lock.sh --upgrade

env: setup ## write .env.example from the settings classes
	@$(BIN)/python scripts/env_example.py

dashboard: setup ## write the Grafana dashboard from scripts/dashboard_rows.py
	@$(BIN)/python -m scripts.dashboard

clean: ## delete what was installed and built here (not data/, not .env)
	@echo "clean: .venv, .venv-stt, .venv-higgs, .tools, the built page, caches"
	@rm -rf .venv .venv-stt .venv-higgs .tools build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache \
		services/gateway/src/tertulia_gateway/static services/gateway/web/node_modules
	@find cli services shared tests bench scripts -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

setup: ## install what runs (the other targets do this when needed)
	@MAKE_TARGET=$(firstword $(MAKECMDGOALS)) scripts/setup.sh run

setup-stt: setup ## install the stt engine realtimestt, into .venv-stt (1.5 GB)
	@scripts/stt.sh

models: setup ## download all models of fetch-models, checked by hash, into data/models (350 MB)
	@$(BIN)/tertulia fetch-models --all

higgs-env: setup ## install the tts engine higgs, into .venv-higgs (2 GB, more with CUDA)
	@scripts/higgs.sh

higgs-models: higgs-env ## fetch the weights of the tts engine higgs (13 GB)
	@.venv-higgs/bin/python -m tertulia_tts.engines.higgs.weights

setup-dev: ## install what runs, tests and checks
	@MAKE_TARGET=$(firstword $(MAKECMDGOALS)) scripts/setup.sh dev
