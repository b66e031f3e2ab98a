# Two commands for a newcomer: `make run` and `make test`. Each builds .venv first if need be.
#
#   make run ARGS="--port 9000"     passes options to `vigie up`
#   make test ARGS="-k frame"       passes options to pytest
#   make setup PYTHON=python3.12    chooses the interpreter

BIN := .venv/bin
QUICK := tests/unit tests/contract tests/stories
# In the order of tests/conftest.py: else files of many tests come first, and those of slow ones last.
PYTEST := $(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder
CODE := vigie agent alerts collector dashboard twin tests tools $(wildcard bench)
export PYTHON
# Where this is set, each of the many programs that the tests start compiles all of its source anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup run test check lint fmt types docs docs-check golden bench screens dead lock clean

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

setup: ## Build .venv from requirements.lock (nothing to do when unchanged)
	@tools/setup

run: setup ## Watch this machine and the simulated reference network; data in .vigie
	$(BIN)/vigie up --data .vigie --twin $(ARGS)

test: setup ## Run the quick tests: unit, contract, stories (a minute)
	$(PYTEST) -m "not slow" $(QUICK) $(ARGS)

check: setup ## Run everything: lint, types, docs and all tests
	+@$(MAKE) --no-print-directory --jobs 2 --output-sync lint types docs-check
	$(PYTEST) tests $(ARGS)

lint: setup ## Check style, spelling and who imports whom
	$(BIN)/ruff format --check $(CODE) && $(BIN)/ruff check $(CODE)
	$(BIN)/codespell && $(BIN)/lint-imports --no-logo --cache-dir .cache/imports

fmt: setup ## Format the code, and mend what can be mended
	$(BIN)/ruff format $(CODE) && $(BIN)/ruff check --fix-only $(CODE)

types: setup ## Check types
	$(BIN)/mypy --num-workers 2

docs: setup ## Write the generated pages of docs/
	$(BIN)/python tools/docs.py

docs-check: setup ## Check that generated pages are fresh and links lead somewhere
	$(BIN)/python tools/docs.py --check

golden: setup ## Rewrite tests/golden from what the code says now; review the diff
	$(PYTEST) $(QUICK) --golden $(ARGS)

bench: setup ## Measure: memory, ingest, queries
	$(BIN)/python -m bench $(ARGS)

screens: setup ## Take pictures of the screens into docs/images (two minutes)
	$(BIN)/python tools/screens.py $(ARGS)

dead: setup ## List code that nothing seems to call (advice, not a verdict)
	-$(BIN)/vulture

.venv-lock/bin/uv:
	$(or $(PYTHON),python3) -m venv .venv-lock && .venv-lock/bin/pip install --quiet uv

lock: .venv-lock/bin/uv ## Bring requirements.lock up to date with pyproject.toml
	.venv-lock/bin/uv pip compile --quiet --upgrade pyproject.toml --all-extras --group dev \
		--universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
		--no-emit-index-url --no-header --output-file requirements.lock

clean: ## Remove what `make` built; keeps .vigie, where the readings are
	rm -rf .venv .venv-lock .cache dist screens .mypy_cache .ruff_cache .pytest_cache .hypothesis
