# Thin shells over `python -m tools.*`. `make help` lists the targets.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv/bin
BROKER := data_plane/broker
ARGS ?=
SECONDS ?= 60
TARGET ?=
STEPS ?= 3000000
SEED ?= 1

.DEFAULT_GOAL := help
.PHONY: help run setup setup-tests test test-broker test-console test-terraform test-browser test-python check fix lock openapi limits protocol terraform terraform-docs clients-matrix demo pictures bench-broker simulation durability fuzz clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9%-]+:.*## / {printf "  %-22s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: setup ## set up and start the service on ./data (ARGS="--port 9000" passes options on)
	@exec $(VENV)/headrace up --data-dir data $(ARGS)

setup: ## virtual environment, locked dependencies, release broker, console
	@$(PYTHON) -m tools.setup

setup-tests: ## what `setup` does, and what tests and checks need
	@$(PYTHON) -m tools.setup --tests

test: setup-tests ## set up and run every test
	@$(VENV)/python -m tools.test

test-broker: setup-tests ## the broker's tests alone
	@$(VENV)/python -m tools.test broker

test-terraform: setup-tests ## the Terraform provider's Go tests alone
	@$(VENV)/python -m tools.test terraform

test-console: setup-tests ## the tests of the console's parts alone
	@$(VENV)/python -m tools.test console

test-browser: setup-tests ## the tests in a browser alone
	@$(VENV)/python -m tools.test browser

test-python: setup-tests ## the Python tests alone, without those in a browser
	@$(VENV)/python -m tools.test python clients

check: setup-tests ## format, lint, types, import contracts, generated files; never edits
	@$(VENV)/python -m tools.check

fix: setup-tests ## format and mend what can be mended by itself; make generated files again
	@$(VENV)/python -m tools.fix

lock: setup-tests ## make the hash-pinned locks again (ARGS=--upgrade for the newest)
	@$(VENV)/python -m tools.lock $(ARGS)

openapi: setup-tests ## write api/openapi.json
	@$(VENV)/python -m api.openapi

limits: setup-tests ## write docs/limits.md of the code and the table of limits
	@$(VENV)/python -m tools.limits.page

protocol: setup-tests ## generate the wire codec from Kafka's message definitions
	@$(VENV)/python -m tools.protocol

terraform: ## build the Terraform provider into build/terraform
	@$(PYTHON) -m tools.go --build

terraform-docs: ## write the Terraform provider's documentation
	@cd terraform/provider && go run ./cmd/docs

clients-matrix: setup-tests ## run every client and write docs/clients.md of what was found
	@$(VENV)/python -m tools.clients_page

demo: setup-tests ## the main job on real data, with a broker killed under load
	@$(VENV)/python -m tools.demo $(ARGS)

pictures: setup-tests ## take the pictures of the readme again
	@$(VENV)/python -m tools.pictures

bench-broker: setup-tests ## our broker beside Apache Kafka, into docs/benchmarks.md (ARGS=--quick to try it)
	@$(VENV)/python -m bench.broker $(ARGS)

simulation: setup-tests ## the storage on a simulated disk for STEPS steps, from SEED on; the bugs of the museum
	@cd $(BROKER) && HEADRACE_SIMULATION_STEPS=$(STEPS) HEADRACE_SIMULATION_SEED=$(SEED) \
		cargo test --release --locked --quiet --package headrace-commit --features museum --test simulation

fuzz: setup-tests ## the broker's fuzz targets with coverage, SECONDS each (TARGET=requests for one); keeps what covers more
	@$(VENV)/python -m tools.fuzz --seconds $(SECONDS) $(if $(TARGET),--target $(TARGET))

durability: setup-tests ## kills, power cuts, failing syncs and rot in full, as root (ARGS="--small kill")
	@$(VENV)/python -m bench.durability $(ARGS)

proof-%: setup-tests ## prove one promise (proof-list names them); prints one JSON line
	@$(VENV)/python -m bench.proofs $*

clean: ## remove everything that was built or fetched (not ./data)
	rm -rf .venv build $(BROKER)/target
