# make run   process a video into a package   (VIDEOS="a.mp4 b.mov"; without: a built-in sample)
# make test  lint, type check and run all tests
# make lab   open the notebooks in JupyterLab
# make bench measure speed and memory, print JSON
# make lint  ruff and mypy alone
# make browser      get a Chromium for the tests of the page, which are skipped without one
# make screenshots  take the pictures of the page anew   (VIDEOS="…"; without: the sample)
# make cluster-demo  run a job on a scheduler and two workers of its own, as on several machines

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
OUTPUT ?=
SAMPLE := notebooks/work/sample.mp4

.PHONY: run test lint lab bench browser screenshots cluster-demo clean

run: $(VENV)/ready $(if $(VIDEOS),,$(SAMPLE))
	$(BIN)/videoprep run $(or $(VIDEOS),$(SAMPLE)) $(if $(OUTPUT),--output $(OUTPUT))

test: lint
	$(BIN)/python -m pytest -n 2 $(PYTEST_ARGS)

lint: $(VENV)/ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lab: $(VENV)/ready $(SAMPLE)
	cd notebooks && ../$(BIN)/jupyter lab

bench: $(VENV)/ready-dev
	$(BIN)/python -m benchmarks

browser: $(VENV)/ready-dev
	.ci/browser

screenshots: browser
	$(BIN)/python examples/screenshots.py $(VIDEOS)

cluster-demo: $(VENV)/ready
	$(BIN)/python examples/cluster_demo.py $(VIDEOS)

clean:
	rm -rf $(VENV) notebooks/work .mypy_cache .pytest_cache .ruff_cache

$(VENV)/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

$(VENV)/ready-dev: $(VENV)/ready
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $@

$(SAMPLE): | $(VENV)/ready
	$(BIN)/videoprep sample $@
