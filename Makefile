# PYTHON=python3.11 chooses the interpreter; FRESH=1 makes the demo start over;
# ARGS='-k cameras' goes to pytest; ARGS=-n0 tests in one process.
export PYTHON ?=
export WHEELS ?= ../shared/wheels

run := .venv/bin/python
processes := -n auto --maxprocesses 4 --dist worksteal
doctested := $(addprefix nrsfm_distill_mm/,geometry nrsfm synthetic)

.PHONY: help demo test lint format typecheck setup full clean

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile

demo: setup  ## train a teacher and its student on synthetic humans, and draw them
	@$(run) tools/quick_start.py $(if $(filter 1,$(FRESH)),--fresh)

test: setup  ## the tests, and the doctests of the mathematics
	@OMP_NUM_THREADS=1 $(run) -m pytest $(processes) --doctest-modules $(ARGS) \
		tests $(doctested)

lint: setup  ## style and spelling
	@$(run) -m ruff check .
	@$(run) -m codespell_lib .

format: setup  ## let ruff lay out the code
	@$(run) -m ruff check --quiet --fix . || true
	@$(run) -m ruff format .

typecheck: setup  ## mypy, strict, on the mathematics
	@$(run) -m mypy

setup:  ## .venv: the light stack, once
	@scripts/setup.sh light

full:  ## .venv-full: with compiled mmcv and MMDetection, to detect people
	@scripts/setup.sh full

clean:  ## remove the environments and the caches
	@rm -rf .venv .venv-full .venv*.log .venv*.unfinished build *.egg-info
	@rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -prune -exec rm -rf {} +
