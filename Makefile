# One front for the two environments; see ARCHITECTURE.md. `make help` lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help
export RASA_TELEMETRY_ENABLED := false
export OMP_NUM_THREADS ?= 1
export MAX_NUMBER_OF_PREDICTIONS ?= 60
export PYTHONUNBUFFERED := 1

BRAIN := .venv/bin
SERVICES := services/.venv/bin
LAUNCH := cd services && .venv/bin/python -m launcher


.PHONY: help setup setup-tests run train walk fixtures test check lint unit unit-brain unit-services dialogue web-check e2e \
        access-matrix fuzz vulnerabilities backup restore restore-test \
        bench bench-understanding bench-handoff bench-chaos bench-storm bench-hosts bench-console bench-load evaluate replay web clean

help: ## this list
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 22

setup: ## install what is missing (uv, both environments, the spaCy pipeline)
	@python3 scripts/setup.py

setup-tests:
	@python3 scripts/setup.py --tests

run: setup ## set up and run everything; Ctrl-C stops it
	@$(LAUNCH) run

train: setup ## train the bot when the present model is not current
	@$(LAUNCH) train

fixtures: setup ## print the demo data by name, as one JSON object
	@$(LAUNCH) fixtures

test: setup-tests check unit web-check dialogue e2e ## set up and run all tests

check: setup lint ## format, lint, types, import contracts

lint:
	@echo "check | ruff";         $(BRAIN)/ruff check . && $(BRAIN)/ruff format --check .
	@echo "check | mypy brain";   $(BRAIN)/mypy addons actions
	@echo "check | mypy services"; cd services && .venv/bin/mypy desk shop launcher
	@echo "check | imports";      $(BRAIN)/lint-imports --no-cache && cd services && .venv/bin/lint-imports --no-cache

unit: setup-tests ## unit and contract tests; the two environments use one core each
	@$(MAKE) --no-print-directory -j2 --output-sync=target unit-brain unit-services

unit-brain:
	@echo "test  | brain: actions, addons, contracts"
	@$(BRAIN)/python -m pytest -q tests --ignore=tests/e2e --ignore=tests/dialogue

unit-services:
	@echo "test  | services: desk, shop, launcher"
	@cd services && .venv/bin/python -m pytest -q tests

dialogue: train ## rasa data validate, the end-to-end stories, 600 random dialogues
	@mkdir -p var/log
	@echo "test  | rasa data validate"
	@$(BRAIN)/rasa data validate --fail-on-warnings > var/log/validate.log 2>&1 || { tail -40 var/log/validate.log; exit 1; }
	@echo "test  | rasa test core"
	@$(BRAIN)/rasa test core --e2e -s tests/test_stories.yml --fail-on-prediction-errors --out results \
	   > var/log/test_core.log 2>&1 || { tail -40 var/log/test_core.log; cat results/failed_test_stories.yml; exit 1; }
	@grep -hE 'Accuracy|Correct' var/log/test_core.log | tail -4
	@echo "test  | 600 random dialogues"
	@BATON_WALK_DIALOGUES=$${BATON_WALK_DIALOGUES:-600} $(BRAIN)/python -m pytest -q tests/dialogue

access-matrix: ## who may do what: print the table and put it into docs/security.md
	@cd services && .venv/bin/python tests/desk/access_table.py

fuzz: setup-tests ## schemathesis and hypothesis against desk, shop and sockets; writes docs/fuzz.md
	@python3 scripts/setup.py --fuzz
	@$(SERVICES)/python bench/fuzz.py --report

vulnerabilities: setup ## known holes of the locked packages of the public-facing environment, from PyPI
	@$(SERVICES)/python scripts/vulnerabilities.py

backup: setup ## everything into a new folder while it runs: INTO=folder (var/backups)
	@$(LAUNCH) backup --into $(abspath $(or $(INTO),var/backups))

restore: setup ## a backup into an empty place: FROM=folder
	@test -n "$(FROM)" || { echo "make restore FROM=folder that 'make backup' made"; exit 2; }
	@$(LAUNCH) restore --source $(abspath $(FROM))

restore-test: setup ## backup under load and restore, and every earlier schema to the newest; SQLite and PostgreSQL
	@cd services && .venv/bin/python -m pytest -v tests/desk/test_backup_restore.py tests/desk/test_every_version.py

walk: train ## 2,000 random dialogues (seven minutes of a core)
	@$(BRAIN)/python -m pytest -q tests/dialogue

web-check: setup ## prove that the committed front ends match their sources
	@python3 scripts/web.py check

web: ## build the front ends (needs Node 20 or newer)
	@python3 scripts/web.py build

e2e: setup-tests train ## the whole story in a real browser against the running system
	@python3 scripts/web.py packages
	@cd services && .venv/bin/python -m pytest -q ../tests/e2e -c pyproject.toml --rootdir .. --confcutdir ../tests/e2e

bench: bench-understanding bench-handoff bench-chaos bench-load ## everything that measures

bench-understanding: setup ## our understanding against jieba + DIET on the same lines (half an hour)
	@$(BRAIN)/python -m bench.understanding

bench-handoff: train ## does the right customer reach a person, at once, and only one
	@$(BRAIN)/python bench/handoff.py
	@$(SERVICES)/python bench/handoff_latency.py
	@$(SERVICES)/python bench/handoff_stress.py

bench-chaos: train ## messages lost or doubled while processes are killed
	@$(SERVICES)/python bench/chaos.py

STORM := --every 4 --browsers 16 --customers 16 --pause 0.15
bench-storm: setup-tests ## more than 100 kills on each database through a bad network; see docs/chaos.md
	@$(SERVICES)/python bench/chaos_storm.py --database sqlite --kills 105 $(STORM)
	@$(SERVICES)/python bench/chaos_storm.py --database postgresql --kills 110 $(STORM)

bench-hosts: train ## several hosts (network namespaces): one lost, one cut off, Redis gone, rolling restart; needs root
	@$(SERVICES)/python bench/hosts.py

bench-console: setup-tests ## how fast the console is with 2,000 conversations, and the search over 20,000 messages
	@$(SERVICES)/python bench/console.py
	@$(SERVICES)/python bench/search.py

bench-load: train ## latency, throughput and memory of the desk, alone and with the bot
	@$(SERVICES)/python bench/load.py
	@$(SERVICES)/python bench/load_bot.py

replay: setup ## which stored decisions the present playbook would take differently
	@mkdir -p var
	@cd services && .venv/bin/python -m desk.export --out ../var/conversations.jsonl
	@$(BRAIN)/python -m addons.escalation.replay var/conversations.jsonl

evaluate: train ## every figure of understanding on tests/data, and on your own lines: BATON_EVAL_DIR=folder
	@$(BRAIN)/python -m bench.evaluate $(if $(JSON),--json $(JSON))

clean: ## remove what was generated (not the environments)
	rm -rf models results var/log .rasa/cache addons/spacy_zh
