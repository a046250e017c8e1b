# Everything that a fresh machine needs is Python (3.11 or newer) and make.
#   make prove    the worked example: derive, prove and print the gradients of a 3x3 input under a 2x2 filter
#   make test     every test
#   make docs     the site
#   make links    its links to other sites, over the network
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
SETUP  := pyproject.toml symconv/__init__.py

.DEFAULT_GOAL := prove
.PHONY: prove test lint docs links bench bench-lowering bench-page campaign frameworks golden clean

prove: $(VENV)/.base
	@$(BIN)/symconv prove

test: $(VENV)/.test
	$(BIN)/python -m pytest -n auto --dist worksteal

lint: $(VENV)/.lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The site, in docs/_build/html; its pictures and live pages are made by symconv. Any warning is an error.
docs: $(VENV)/.docs
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

# The links that lead out of the site: asks the network, so it is run by hand, before a release.
links: $(VENV)/.docs
	$(BIN)/python -m sphinx -q -b linkcheck docs docs/_build/links

bench: $(VENV)/.test
	$(BIN)/python -m tests.benchmarks

# The lowered code against the libraries that are installed (`make frameworks`); `--write` writes docs/benchmarks.md.
bench-lowering: $(VENV)/.test
	$(BIN)/python -m tests.benchmarks.lowering

# The page in headless Chromium: until it can be used, after a slider moves, when an entry is pointed at.
bench-page: $(VENV)/.test
	$(BIN)/pip install --quiet --editable '.[page-tests]'
	$(BIN)/python -m tests.benchmarks.page

# Near-miss theorems and spoilt certificates, 10,000 of each: none may be accepted that states something false. Then the
# corpus of wrong backwards, all of which must be refuted, and correct libraries on 10,000 layers each.
campaign: $(VENV)/.test
	$(BIN)/python -m tests.campaign --near-misses 10000 --corrupted 10000 --seed 1
	$(BIN)/python -m tests.audit_campaign --layers 10000 --seed 1

# PyTorch (CPU), JAX, z3, cvc5, numba, Sphinx, and Playwright, which drives the Chromium of this machine: the tests that ask
# them run where they are installed, and skip elsewhere.
frameworks: $(VENV)/.base
	$(BIN)/pip install --quiet --editable '.[frameworks,second-opinion,numba,docs,page-tests]'

# Writes the golden texts anew; look at the difference before you commit it.
golden: $(VENV)/.test
	SYMCONV_UPDATE_GOLDEN=1 $(BIN)/python -m pytest -q tests

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.base: $(BIN)/python $(SETUP)
	$(BIN)/pip install --quiet --editable .
	touch $@

$(VENV)/.test: $(BIN)/python $(SETUP)
	$(BIN)/pip install --quiet --editable '.[test]'
	touch $@

$(VENV)/.docs: $(BIN)/python $(SETUP)
	$(BIN)/pip install --quiet --editable '.[docs]'
	touch $@

$(VENV)/.lint: $(BIN)/python $(SETUP)
	$(BIN)/pip install --quiet --editable '.[lint]'
	touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info docs/_build docs/_made
