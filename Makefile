# Needs git, make and Python 3.11. Everything else is in .venv, made from the lock on first use.

PORT ?= 5000
MIRROR ?=
PRESET ?= $(shell sed -n 's/^preset: *//p' params.yaml)
JOBS = params/$(PRESET)/dvc.yaml

# Not the one in .venv, in case that is active: it may have to go.
PYTHON := $(shell PATH='$(subst $(CURDIR)/.venv/bin:,,$(PATH))'; for name in python3.11 python3; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && command -v $$name && break; done)
INSTALLED := .venv/installed

# The stages are started as `python -m pipeline`: the environment's Python comes first.
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help environment demo mini ui reference test bench sync lock

help:  ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

environment: $(INSTALLED)  ## make .venv from the lock

# With Snakemake, which runs as many jobs at a time as there are cores, and hands the finished run to DVC.
demo: $(INSTALLED)  ## run the preset of params.yaml (demo) to finished tables; `dvc repro` then finds nothing to do
	snakemake

mini: $(INSTALLED)  ## run preset mini, real motion capture, with Snakemake; MIRROR=<folder or address> instead of its sources
	$(if $(MIRROR),MIXPOSE_MIRROR='$(MIRROR)') snakemake --config preset=mini

# Published first: what DVC pulled or restored counts as published there and may be missing here. The server's job runner
# would start eight more processes, and nothing here uses it.
ui: $(INSTALLED)  ## open the finished runs in MLflow at http://localhost:5000; PORT=<number> and PRESET=<name> for others
	python -m pipeline plan --preset '$(PRESET)' && python -m pipeline publish --preset '$(PRESET)'
	MLFLOW_DISABLE_TELEMETRY=true DO_NOT_TRACK=true MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false python -m mlflow server \
		--backend-store-uri sqlite:///mlflow.db --artifacts-destination mlartifacts --workers 1 --port $(PORT)

reference: $(INSTALLED)  ## keep the finished run of a preset in results/reference; PRESET=mini for another
	python -m pipeline reference --preset '$(PRESET)'
	python -m pipeline readme

# Side by side, a file on one core: what a file's tests share is made once.
test: $(INSTALLED)  ## all tests
	python -m pytest --numprocesses auto --dist loadfile

bench: $(INSTALLED)  ## compare speeds
	python -m pytest -m benchmark tests/benchmarks -s

sync: $(INSTALLED)  ## after `dvc pull` or `dvc checkout`: tell Snakemake that the outputs are up to date
	@dvc status --quiet dvc.yaml $(JOBS) || { echo "some outputs are not up to date: run \`dvc repro\` (\`dvc status\` lists them)"; exit 1; }
	snakemake --touch --cores 1

lock: $(INSTALLED)  ## write envs/constraints.txt and environment.yaml anew; UPGRADE=1 takes new versions
	python envs/lock.py $(if $(UPGRADE),--upgrade)

# While it is being made, .venv holds a mark; found again, it means that an installation was cut off, and starts afresh.
$(INSTALLED): envs/constraints.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed, as python3.11 or python3: apt-get install python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) makes no environments: apt-get install python3.11-venv"; exit 1; }
	@if test -e .venv/unfinished; then rm -rf .venv; fi
	@test -x .venv/bin/python || { rm -rf .venv; mkdir .venv; }
	@touch .venv/unfinished
	@test -x .venv/bin/python || $(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --constraint envs/constraints.txt pip setuptools
	PYTHONWARNINGS=ignore .venv/bin/python -m pip install --quiet --constraint envs/constraints.txt \
		--no-build-isolation --editable '.[test]'
	@rm .venv/unfinished; touch $@
