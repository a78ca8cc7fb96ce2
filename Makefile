# `make` lists the targets. `make demo` and `make test` install what they need on their first call.
SHELL := /bin/bash
VENV  := .venv
BIN   := $(VENV)/bin
STAMP := $(VENV)/.installed

# uv if there is one (make UV= turns it off), else pip; the first Python on the path that is new enough and can make a venv
UV := $(shell uv --version >/dev/null 2>&1 && command -v uv)
ifndef PYTHON
PYTHON := $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$p; break; }; done)
endif
CONSTRAINTS := -c constraints.txt
export UV_HTTP_TIMEOUT ?= 600
export PIP_DEFAULT_TIMEOUT ?= 180
export MPLBACKEND ?= agg

.DEFAULT_GOAL := help
.PHONY: help install demo real test facts fuzz export readme docs thesis lock results bench clean distclean

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1|/' | awk -F'|' '{printf "  make %-10s %s\n", $$1, $$2}'

install: $(STAMP) ## everything into .venv, at the tested versions (several GB: PyTorch)

# The stamp is newer than what it was made from, so a second call installs nothing. The environment is mended, never remade.
$(STAMP): settings.ini setup.py pyproject.toml constraints.txt
ifneq ($(UV),)
	@test -x $(BIN)/python || $(UV) venv --quiet --python $(or $(PYTHON),3.11) $(VENV)
	$(UV) pip install --python $(BIN)/python --compile-bytecode $(CONSTRAINTS) -e '.[dev]'
else
	@test -n "$(PYTHON)" || { echo 'No Python of 3.11 or later with the venv module was found: install one, or name it: make PYTHON=/path/to/python'; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip
	$(BIN)/python -m pip install --disable-pip-version-check $(CONSTRAINTS) -e '.[dev]'
endif
	@touch $@

demo: $(STAMP) ## the whole argument on made data, in a quarter of an hour on two cores: runs/demo/report.html
	$(BIN)/cxr-weakloc demo $(ARGS)

# nothing is learned from these films: see nbs/86_evaluation.real.ipynb
real: ARGS += $(if $(FOLDER),--folder $(FOLDER)) $(if $(REFINED),--refined $(REFINED)) $(if $(OUT),--out $(OUT))
real: $(STAMP) ## figures on real films, from ../shared/real or FOLDER=..., `name value low high n` a line
	@$(BIN)/cxr-weakloc real $(ARGS)

test: $(STAMP) ## run every notebook, and check that what is generated from them is in step
	@$(BIN)/python .ci/test_nbs.py $(ARGS)

facts: $(STAMP) ## what the real tables hold (VinDr-CXR, NIH, OpenI), a name and a value a line
	@$(BIN)/python -c "from cxr_weakloc.data.intake import facts; print('\\n'.join(f'{k} {v}' for k,v in facts().items()))"

fuzz: $(STAMP) ## 20,000 damaged files through every reader; prepare, killed twenty times (a quarter of an hour)
	$(BIN)/python benchmarks/fuzz.py $(ARGS)
	$(BIN)/python benchmarks/kill_prepare.py

export: $(STAMP) ## notebooks -> package, all.py, sidebar, README
	$(BIN)/python .ci/export.py

readme: $(STAMP) ## nbs/index.ipynb -> README.md (no Quarto needed)
	$(BIN)/python .ci/readme.py

docs: $(STAMP) ## the site, into _docs (needs Quarto; ARGS=--check prepares and checks the pages without it)
	$(BIN)/python .ci/docs.py $(ARGS)

thesis: $(STAMP) ## the thesis as one PDF: thesis.pdf (no Quarto needed)
	$(BIN)/python .ci/thesis.py $(ARGS)

# To move to newer versions: make distclean; make install CONSTRAINTS= ; make test; make lock. Then commit constraints.txt.
lock: $(STAMP) ## write the versions that .venv holds to constraints.txt
	$(BIN)/python .ci/lock.py
	@touch $(STAMP)

results: $(STAMP) ## the study of the thesis (hours): results/phantom/results.csv
	$(BIN)/cxr-weakloc run --out results/phantom --seeds 0 1 2 $(ARGS)

bench: $(STAMP) ## what the steps cost on this machine, heatmap engines and scores beside their peers: benchmarks/results/
	$(BIN)/python benchmarks/steps.py
	$(BIN)/python benchmarks/heatmaps.py
	$(BIN)/python benchmarks/scores.py
	$(BIN)/python benchmarks/refine.py

clean: ## remove what docs, builds and caches left
	rm -rf _docs _proc build dist *.egg-info
	find . -path ./$(VENV) -prune -o \( -name __pycache__ -o -name .ipynb_checkpoints -o -name '.*.part' \) -print0 | xargs -0 rm -rf

distclean: clean ## clean, and remove .venv
	rm -rf $(VENV)
