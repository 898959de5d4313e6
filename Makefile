# Tallygate's commands. Each sets up what it needs and is missing first; `make help` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo release test lint samples soak bench servers advisories setup toolchain clean

# Where the sample messages with their check.py are, and which program reads them.
SAMPLES ?= ../shared/samples
TALLYGATE ?= target/debug/tallygate
# How many transactions a soak sends.
COUNT ?= 200000
# Of the power cuts and failing disks, which of them a soak tries.
DISK_SEEDS ?= 100..400
# Of the random runs over a log and a store in memory, which of them a soak tries; of those over servers it tries them from the
# first on, until COUNT transactions went through.
SEEDS ?= 10000..60000
# How long each abuse goes on beside honest partners in a soak, in minutes; built as it ships, since times are judged.
SOAK_MINUTES ?= 1
# How often a broker is restarted under appends, or messages.
RESTARTS ?= 60
# The commit whose program takes part in a rolling restart beside this one, or that program itself.
OTHER_COMMIT ?= main
OTHER ?=
# More arguments for what is run by demo, servers and bench.
ARGS ?=
# Whether bench ends with 1 where an aim is missed: CHECK=1.
CHECK ?=

help: ## list the commands
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 20

demo: toolchain ## build everything quickly and run the whole chain, with sample partners sending, until Ctrl-C
	@echo "==> building; the first time this takes some minutes on two cores"
	@setup/cargo build -p tallygate -p tallygate-componentize --no-default-features
	@. setup/env.sh && policies/build.sh target/policies
	@exec target/debug/tallygate demo $(ARGS)

release: toolchain ## build what is deployed, its symbols and line tables in a file beside it
	@setup/cargo build --release -p tallygate -p tallygate-componentize
	@. setup/env.sh && policies/build.sh --release target/policies
	@setup/split-symbols target/release/tallygate

test: setup ## all checks and tests, also those with real servers and clients
	@setup/run-checks test

lint: toolchain ## formatting, clippy, dependencies and their licences
	@setup/install-deny
	@setup/run-checks lint

samples: toolchain ## read the sample messages in SAMPLES, and mutants of them, with the stock policies and compare
	@test -f $(SAMPLES)/check.py || { echo "no check.py in $(SAMPLES): name the folder, make samples SAMPLES=…" >&2; exit 1; }
	@setup/install-clients
	@setup/install-schemas
	@setup/cargo build --bin tallygate
	@. setup/env.sh && policies/build.sh target/policies
	@python3 $(SAMPLES)/check.py target/policies --tallygate $(TALLYGATE)
	@.servers/venv/bin/python tests/formats/check.py .servers/schemas target/policies --tallygate $(TALLYGATE) --samples $(SAMPLES)

soak: setup ## kill, lose, hang and cut off everything in turn and at random, on servers and clusters, and recount (COUNT=… SEEDS=from..to OTHER_COMMIT=…)
	@policies/build.sh target/policies
	@setup/cargo test -p tallygate-host --test policies leave_others -- --ignored --nocapture
	@setup/cargo test -p tallygate-serve --test serve leave_others -- --ignored --nocapture
	@TALLYGATE_SEEDS=$(SEEDS) setup/cargo test -p tallygate-aggregator --lib whatever_is_lost -- --nocapture
	@TALLYGATE_SOAK=$(COUNT) TALLYGATE_SEEDS=$(DISK_SEEDS) setup/cargo test -p tallygate --test e2e whatever_the_disk_does -- --nocapture
	@TALLYGATE_RESTARTS=$(RESTARTS) setup/cargo test -p tallygate-stream --test contract after_every_restart -- --nocapture
	@TALLYGATE_RESTARTS=$(RESTARTS) setup/cargo test -p tallygate-queue --test contract no_confirmed_message_is_passed_over -- --nocapture
	@SOAK_MINUTES=$(SOAK_MINUTES) setup/cargo test --release -p tallygate --test e2e do_not_notice_an_abuse -- --ignored --nocapture
	@TALLYGATE_SOAK=$(COUNT) setup/cargo test -p tallygate --test e2e whatever_is_killed -- --nocapture --test-threads=1
	@TALLYGATE_SOAK=$(COUNT) TALLYGATE_SEEDS=$(SEEDS) setup/cargo test -p tallygate --test e2e in_any_order -- --ignored --nocapture
	@TALLYGATE_SOAK=$(COUNT) TALLYGATE_SEEDS=$(SEEDS) setup/cargo test -p tallygate --test e2e on_clusters -- --ignored --nocapture
	@$(if $(OTHER),,setup/build-other $(OTHER_COMMIT))
	@TALLYGATE_OTHER=$(abspath $(or $(OTHER),target/other/target/debug/tallygate)) setup/cargo test -p tallygate --test e2e of_two_versions -- --ignored --nocapture

bench: setup ## measure, each figure beside a floor (ARGS="a b" for some of them, CHECK=1 to fail where an aim is missed)
	@setup/install-servers --with-peer
	@setup/cargo build --release -p tallygate -p tallygate-bench -p tallygate-componentize
	@policies/build.sh --release target/policies
	@setup/build-javascript target/policies/javascript.wasm
	@setup/split-symbols target/release/tallygate
	@target/release/tallygate-bench $(if $(CHECK),--check) $(ARGS)

servers: setup ## start real RabbitMQ, Kafka and Cassandra and print their addresses, until Ctrl-C
	@setup/cargo build -q -p tallygate-test-servers
	@exec target/debug/tallygate-test-servers $(ARGS)

advisories: toolchain ## ask the RustSec database, fetched from where it lives, about the dependencies
	@setup/install-deny
	@.servers/bin/cargo-deny check advisories

setup: toolchain ## install what building and testing need, and nothing else
	@setup/install-servers
	@setup/install-clients
	@setup/install-schemas
	@setup/install-deny

toolchain:
	@setup/install-toolchain

clean: ## remove what was built; what setup fetched, in .servers/, stays
	@rm -rf target policies/target
