# The only commands a newcomer needs. `make run` and `make test` set up everything they use.
PORT ?= 8000
HOST ?= 127.0.0.1
DATA ?= ./data
PYTHON ?= python3
WORKERS ?= 2
VENV := .venv
BIN := $(VENV)/bin
SETUP := $(PYTHON) tools/setup.py
export PORT HOST DATA
.DEFAULT_GOAL := help
.PHONY: help setup setup-dev setup-test run test fidelity check bench screenshots clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

setup: ## Virtual environment, pinned packages, bundled front end
	@$(SETUP) run

setup-dev:
	@$(SETUP) dev

setup-test:
	@$(SETUP) test

run: setup ## Start the playground and print its address (PORT, HOST, DATA)
	@mkdir -p "$(DATA)"
	@$(BIN)/python manage.py migrate --verbosity 0
	@exec $(BIN)/python manage.py runplayground

test: setup-test ## All tests, the ones in a real browser too (ARGS="-k word" for some, WORKERS=1 for one after the other)
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(ARGS)

fidelity: setup-test ## The recordings' own tools against the running product, in real time (half an hour)
	@PLAYGROUND_ALL=1 $(BIN)/python -m pytest tests/fidelity -s $(ARGS)

check: setup-dev ## ruff, sizes, mypy --strict, import contracts, tsc --checkJs
	$(BIN)/ruff check .
	$(BIN)/python tools/sizes.py
	$(BIN)/mypy --strict cluster_core
	$(BIN)/lint-imports
	$(BIN)/python tools/setup.py exec tsc

bench: setup-test ## Measure; prints a table and writes benchmarks/latest.json
	@$(BIN)/python -m benchmarks $(ARGS)

screenshots: setup-test ## Take docs/screenshots/*.png in light, dark and phone size
	@$(BIN)/python -m pytest tests/browser/test_screenshots.py tests/browser/test_live.py -q --screenshots $(ARGS)

clean: ## Remove everything that was built (not ./data)
	rm -rf $(VENV) node_modules static/dist static/dev/dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
