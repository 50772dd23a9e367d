# make book    environment, every demo chapter, the site         (what a reader does)
# make book TORCH=cuda    the same with the CUDA build of torch (6.9 GB in place of 3.4 to 4)
# make environment    the environment alone, in .venv
# make test    environment, lint, contracts, unit tests, demo chapters   (what CI does)
# make test-commands   every command that the book prints, and every legal choice (hours on two cores)
# make serve   open the book on this machine
# make bench   each fast function against its reference, as ratios of CPU time
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
PROFILE ?= demo
CORES ?= 2
TORCH ?= cpu
VENV := .venv
READY := $(VENV)/.ready$(if $(filter cpu,$(TORCH)),,-$(TORCH))
BIN := $(VENV)/bin

INSTALL = $(BIN)/uv pip install -q --python $(BIN)/python -r requirements.lock $(if $(filter cpu,$(TORCH)),,--reinstall-package torch)
BACKEND := $(if $(filter cuda,$(TORCH)),auto,$(TORCH))

# A folder of wheels that pip is configured with is given to uv too; uv refuses a folder that is absent.
FIND_LINKS = links="$$($(BIN)/pip config get global.find-links 2>/dev/null || $(BIN)/pip config get :env:.find-links 2>/dev/null || true)"; [ ! -d "$$links" ] || export UV_FIND_LINKS="$$links"

.PHONY: help environment book test lint unit demo test-commands serve bench lock clean

help:
	@sed -n 's/^# make /  make /p' Makefile

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(f"Reread needs Python 3.11 to 3.13; this is {v.major}.{v.minor}. TensorFlow 2.21 needs h5py 3.14, which has no wheel for 3.14. Name another: make book PYTHON=python3.11") if not (3, 11) <= v < (3, 14) else None'
	@echo "Making the environment from requirements.lock, torch for $(TORCH) (3.4 to 4 GB of disk; 6.9 GB with CUDA)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q uv
	@$(FIND_LINKS); \
	  if [ "$(TORCH)" = cpu ] && ls "$${UV_FIND_LINKS:-/nowhere}"/torch-*+cpu* >/dev/null 2>&1; then $(INSTALL); \
	  elif ! UV_HTTP_RETRIES=0 $(INSTALL) --torch-backend=$(BACKEND) 2>$(VENV)/torch.log; then \
	    echo "The index of torch builds for $(TORCH) does not answer (see $(VENV)/torch.log); torch comes from the configured index, on Linux with CUDA."; \
	    $(INSTALL); \
	  fi; \
	  $(BIN)/uv pip install -q --python $(BIN)/python --no-deps -e .
	@touch $@

environment: $(READY)

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

test-commands: $(READY)
	$(BIN)/reread build --profile demo --cores $(CORES) --no-site
	OMP_NUM_THREADS=1 $(BIN)/pytest -m commands --durations=20 tests/chapters

serve: book
	@echo "The book is at http://localhost:8000 (Ctrl-C stops)"
	@$(BIN)/python -m http.server 8000 --directory _build/site

bench: $(READY)
	for race in $(filter-out benchmarks/unit.py,$(wildcard benchmarks/*.py)); do OMP_NUM_THREADS=1 $(BIN)/python $$race; done

lock:
	$(FIND_LINKS); $(BIN)/uv pip compile --upgrade-package torch --python-version 3.11 --no-header --annotation-style line --no-emit-index-url \
	  --no-emit-find-links requirements.in -o requirements.lock
	sed -i 's/^torch==\(.*\)+cpu/torch==\1/' requirements.lock
	sed -i -E 's/^tensorflow-cpu==([^ ]+)( .*)?$$/tensorflow-cpu==\1 ; sys_platform == "linux" and platform_machine == "x86_64"\ntensorflow==\1 ; sys_platform != "linux" or platform_machine != "x86_64"/' requirements.lock

clean:
	rm -rf _build runs .reread .snakemake
