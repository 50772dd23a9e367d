# make book    environment, every demo chapter, the site         (what a reader does)
# make test    environment, lint, contracts, unit tests, demo chapters   (what CI does)
# make serve   open the book on this machine
# make bench   each fast thing against its slow twin, as ratios of CPU time
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
PROFILE ?= demo
CORES ?= 2
VENV := .venv
READY := $(VENV)/.ready
BIN := $(VENV)/bin

# a folder of wheels that pip is configured with, for uv too; uv refuses a folder that is not there. Asked by the
# shell when its line runs: make would ask before there is a pip.
FIND_LINKS = links="$$($(BIN)/pip config get global.find-links 2>/dev/null || $(BIN)/pip config get :env:.find-links 2>/dev/null || true)"; [ ! -d "$$links" ] || export UV_FIND_LINKS="$$links"

.PHONY: help book test lint unit demo serve bench lock clean

help:
	@sed -n 's/^# make /  make /p' Makefile

$(READY): requirements.lock pyproject.toml
	@echo "Making the environment from requirements.lock (about 4 GB of disk at most; minutes on a slow line)"
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(f"Reread is tried with Python 3.11; this is {v.major}.{v.minor}. Name another: make book PYTHON=python3.11") if v < (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q uv
	@$(FIND_LINKS); \
	  $(BIN)/uv pip install -q --python $(BIN)/python -r requirements.lock && \
	  $(BIN)/uv pip install -q --python $(BIN)/python --no-deps -e .
	@touch $@

book: $(READY)
	$(BIN)/reread build --profile $(PROFILE) --cores $(CORES)

test: lint unit demo

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/reread sync --check

unit: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/pytest -n $(CORES) --dist loadfile --cov --cov-report=term:skip-covered --cov-fail-under=90

demo: $(READY)
	$(BIN)/reread build --profile demo --cores $(CORES)
	$(BIN)/reread compare --profile demo

serve: book
	@echo "The book is at http://localhost:8000 (Ctrl-C stops)"
	@$(BIN)/python -m http.server 8000 --directory _build/site

bench: $(READY)
	for race in benchmarks/*.py; do OMP_NUM_THREADS=1 $(BIN)/python $$race; done

lock:
	$(FIND_LINKS); $(BIN)/uv pip compile --upgrade-package torch --python-version 3.11 --no-header --annotation-style line --no-emit-index-url \
	  --no-emit-find-links requirements.in -o requirements.lock
	sed -i 's/^torch==\(.*\)+cpu/torch==\1/' requirements.lock
	sed -i -E 's/^tensorflow-cpu==([^ ]+)( .*)?$$/tensorflow-cpu==\1 ; sys_platform == "linux" and platform_machine == "x86_64"\ntensorflow==\1 ; sys_platform != "linux" or platform_machine != "x86_64"/' requirements.lock

clean:
	rm -rf _build runs .reread .snakemake
