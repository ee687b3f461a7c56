# make run [MUSIC=folder] [OUT=folder]   import a folder of music, leave tables and a notebook
# make lab                               open JupyterLab on the notebooks
# make test                              lint, types and all tests
# make test-ray                          the tests that need Ray, in an environment of their own (.venv-ray)
# make torture                           hostile files and faults, and long fuzzing (about half an hour)
# make bench [MUSIC=folder]              the benchmarks, beside their peers
# make docs                              the documentation, with every cell run, in build/docs
# make docs-links                        does every link of it lead somewhere (needs a network)
# make smoke PYTHON=python3.13 VENV=.venv-3.13    an import of the sample, and nothing else
# PYTHON=python3.12                      chooses the interpreter (3.11 to 3.14)
# JOBS=4                                 tests at a time

PYTHON ?= python3
MUSIC ?= data/sample
OUT ?= results
JOBS ?= 3
VENV ?= .venv
BIN := $(VENV)/bin
RAY_VENV := $(if $(filter command line,$(origin VENV)),$(VENV),.venv-ray)
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: run smoke lab test test-ray torture bench docs docs-links clean
.DEFAULT_GOAL := run

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "wkmp_lab needs Python 3.11 or newer, got " + sys.version)'
	$(PYTHON) -m venv $(VENV)

# libchromaprint is used where the system has it; else the ffmpeg of a wheel computes fingerprints.
$(VENV)/.installed: pyproject.toml $(BIN)/python
	@echo "Installing wkmp_lab into $(VENV) (a few minutes the first time) ..."
	$(PIP) install --upgrade pip
	$(PIP) install --editable .
	$(BIN)/python -c 'import chromaprint' 2>/dev/null || $(PIP) install --editable '.[chromaprint]'
	$(BIN)/python -c 'from wkmp_lab.runner.worker import warm_up; warm_up()'
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(PIP) install --editable '.[test,docs]'
	@touch $@

$(VENV)/.installed-scale: $(VENV)/.installed-test
	$(PIP) install --editable '.[scale]'
	@touch $@

$(VENV)/.installed-bench: $(VENV)/.installed-test
	$(PIP) install --editable '.[bench]'
	@touch $@

$(VENV)/.installed-docs: $(VENV)/.installed
	$(PIP) install --editable '.[docs]'
	@touch $@

# A kernel that is run here, and by nobody else, need not warn that its talk is not encrypted.
$(VENV)/ipython/profile_default/ipython_kernel_config.py: $(BIN)/python
	@mkdir -p $(@D)
	@echo "c.IPKernelApp.log_level = 'ERROR'" > $@

run: $(VENV)/.installed $(VENV)/ipython/profile_default/ipython_kernel_config.py
	$(BIN)/python -m wkmp_lab import "$(MUSIC)" --out "$(OUT)"
	IPYTHONDIR="$(abspath $(VENV)/ipython)" WKMP_LAB_MUSIC="$(abspath $(MUSIC))" WKMP_LAB_OUT="$(abspath $(OUT))" $(BIN)/python -m nbconvert --log-level=ERROR --to html --execute \
	  --ExecutePreprocessor.timeout=86400 --output-dir "$(OUT)" --output 01_import notebooks/01_import.ipynb
	@echo "Tables and 01_import.html are in $(OUT)/"

smoke: $(VENV)/.installed
	$(BIN)/python -m wkmp_lab import data/sample --offline --store "$(VENV)/smoke.wkmp.db" --out "$(VENV)/smoke"
	rm -rf "$(VENV)/smoke" "$(VENV)/smoke.wkmp.db"*

lab: $(VENV)/.installed
	$(BIN)/python -m jupyterlab --notebook-dir notebooks

test: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n $(JOBS) --cov=wkmp_lab

# Apart from the others: Ray is large, and with it installed they would start it.
test-ray:
	$(MAKE) VENV="$(RAY_VENV)" "$(RAY_VENV)/.installed-scale"
	"$(RAY_VENV)/bin/python" -m pytest tests/runner/clusters/test_ray.py tests/library/test_import_on_ray.py

# atheris has wheels for few systems; what needs it is skipped where there is none.
torture: $(VENV)/.installed-test
	-$(PIP) install 'atheris>=3'
	$(BIN)/python -m pytest --timeout 3600 --hypothesis-profile torture tests/torture tests/io tests/fingerprinting/test_fingerprint.py \
	  tests/test_flavors.py tests/display/test_safe_text.py tests/tables/test_tables.py tests/library/store tests/library/test_interrupts.py tests/runner/test_starting.py

bench: $(VENV)/.installed-bench
	$(BIN)/python benchmarks/run_all.py --music "$(MUSIC)"

docs: $(VENV)/.installed-docs
	$(BIN)/python -m sphinx --nitpicky --fail-on-warning --keep-going --quiet --doctree-dir build/docs-doctrees docs build/docs
	@echo "The documentation is in build/docs/index.html"

docs-links: $(VENV)/.installed-docs
	$(BIN)/python -m sphinx --builder linkcheck --quiet --doctree-dir build/docs-doctrees docs build/docs-links

clean:
	rm -rf $(VENV) build dist artifacts docs/tutorials/*.ipynb *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
