# The commands of the project; "make" alone lists them.

# the first of these that is there; PYTHON=… names another one
PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3; do \
	command -v $$name >/dev/null && $$name -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && \
	echo $$name && break; done)
VENV := .venv
BIN := $(VENV)/bin
OUTPUT ?=
SAMPLE := notebooks/work/sample.mp4

.DEFAULT_GOAL := help
.PHONY: help run install test lint compat lab bench browser screenshots cluster-demo clean

help:  ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/ready $(if $(VIDEOS),,$(SAMPLE))  ## process videos into a package (VIDEOS="a.mp4 b.mov"; without: a built-in sample)
	$(BIN)/videoprep run $(or $(VIDEOS),$(SAMPLE)) $(if $(OUTPUT),--output $(OUTPUT))

install: $(VENV)/ready  ## install everything into .venv, for a service that cannot write to this folder
	$(BIN)/python -m compileall -q videoprep_nb

test: lint  ## lint, type check and run all tests
	$(BIN)/python -m pytest -n 3 --dist worksteal $(PYTEST_ARGS)

lint: $(VENV)/ready-dev  ## ruff, mypy, the layers of the code, and its dependencies
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/deptry .

compat: $(VENV)/ready-dev  ## resolve the dependencies for each Python that is allowed, without installing
	.ci/compat

lab: $(VENV)/ready $(SAMPLE)  ## open the notebooks in JupyterLab
	cd notebooks && ../$(BIN)/jupyter lab

bench: $(VENV)/ready-dev  ## measure speed and memory, print JSON
	$(BIN)/python -m benchmarks

browser: $(VENV)/ready-dev  ## get a Chromium for the tests of the page, which are skipped without one
	.ci/browser

screenshots: browser  ## take the screenshots of the page anew (VIDEOS="…"; without: the sample)
	$(BIN)/python examples/screenshots.py $(VIDEOS)

cluster-demo: $(VENV)/ready  ## a long video on four workers, as on several machines; one is killed (VIDEOS="a.mp4"; without: the sample)
	$(BIN)/python examples/cluster_demo.py $(VIDEOS)

clean:  ## delete the virtual environment and what was made
	rm -rf $(VENV) notebooks/work .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

$(VENV)/ready: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed and none was found; name one: make PYTHON=…"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

$(VENV)/ready-dev: $(VENV)/ready
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $@

$(SAMPLE): | $(VENV)/ready
	$(BIN)/videoprep sample $@
