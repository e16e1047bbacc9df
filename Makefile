# The commands of the README. Everything is installed in .venv; nothing else is touched.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= $(shell scripts/find_python)
VENV := .venv
BIN := $(VENV)/bin
# The lock is for Python 3.12; on 3.11 and 3.13 the newest versions that fit are tested.
LOCK = $(shell $(BIN)/python -c 'import sys; sys.version_info[:2] == (3, 12) and print("--constraint requirements-dev.lock")')
CHAOS_OUT ?= chaos-out
STAMP := $(VENV)/.installed
STAMP_DEV := $(VENV)/.installed-dev
NMMA := .nmma
STAMP_NMMA := $(NMMA)/.installed
# The tests against NMMA run where `make nmma` was, unless another environment is named.
WITH_NMMA = $(shell test -z "$$NMMA_PYTHON" -a -e $(STAMP_NMMA) && echo NMMA_PYTHON=$(abspath $(NMMA)/bin/python))

.PHONY: help install demo nmma test test-quick chaos fuzz bench calibrate check format clean

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(STAMP)  ## Install nmma-fit, make-jobs and nmma-fitter in .venv

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { scripts/find_python --explain; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(STAMP): $(VENV)/bin/python pyproject.toml requirements-dev.lock
	@$(BIN)/python scripts/install.py "nmma_fitter and 64 packages (0.7 GB)" $(LOCK) --editable .
	@touch $@

$(STAMP_DEV): $(STAMP)
	@$(BIN)/python scripts/install.py "what the tests need (22 packages, 0.3 GB)" $(LOCK) --editable '.[dev]'
	@touch $@

demo: $(STAMP)  ## Fit four simulated transients with four models each, here
	@scripts/demo $(BIN)

nmma: $(STAMP_NMMA)  ## Install NMMA in .nmma for its tests (Python 3.12, 1.2 GB)

$(NMMA)/bin/python:
	$(PYTHON) -m venv $(NMMA)

$(STAMP_NMMA): $(NMMA)/bin/python requirements-nmma.lock
	@$(NMMA)/bin/python scripts/install.py "NMMA and its packages (1.2 GB)" --no-deps --requirement requirements-nmma.lock
	@touch $@

test: $(STAMP_DEV)  ## Run all tests (NMMA_FITTER_TEST_INSTALL=1: also as root)
	@echo "All tests: about 4,200, and 30 minutes on two idle cores. make test-quick runs a part, without services."
	@scripts/install_test_packages
	$(WITH_NMMA) $(BIN)/python -m pytest $(PYTEST_ARGS)

test-quick: $(STAMP_DEV)  ## Run the tests that need no service and no whole fit
	$(BIN)/python -m pytest --quick $(PYTEST_ARGS)

chaos: $(STAMP_DEV)  ## Kill the poller anywhere, count losses (CHAOS_OUT, CHAOS_ARGS)
	$(BIN)/python tests/chaos --out $(CHAOS_OUT) $(CHAOS_ARGS)

fuzz: $(STAMP_DEV)  ## Read a million damaged files with each reader (FUZZ_ARGS)
	$(BIN)/python tests/fuzz $(FUZZ_ARGS)

bench: $(STAMP_DEV)  ## Time fits, here and in NMMA (BENCH_ARGS, NMMA_ARGS)
	$(BIN)/python benchmarks/likelihoods.py
	$(BIN)/python validation/timing.py --cores 2 $(BENCH_ARGS)
	$(BIN)/python benchmarks/nmma.py $(NMMA_ARGS)

calibrate: $(STAMP_DEV)  ## Simulate, fit, compare with the truth (CALIBRATE_ARGS)
	$(BIN)/python validation/calibrate.py $(CALIBRATE_ARGS)

check: $(STAMP_DEV)  ## Run the linter and the type checker
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(STAMP_DEV)  ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:  ## Remove .venv, .nmma and the caches
	rm -rf $(VENV) $(NMMA) .pytest_cache .mypy_cache .ruff_cache .hypothesis
