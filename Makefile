# Bytes to Transformers. `make` lists the targets. Works with GNU make 3.81 (macOS) and later.

# An interpreter the pinned set is made for: python3 when it is 3.11 to 3.13, else one beside it.
FITS   := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
              $$p -c '$(FITS)' 2>/dev/null && { echo $$p; exit; }; done; echo python3)
PORT   ?= 8000

VENV := .venv
BIN  := $(VENV)/bin
PIP  := $(BIN)/python -m pip --disable-pip-version-check
HTML := _build/html
PAGE := $(HTML)/index.html

NOTEBOOKS = $(sort $(wildcard chapters/*.ipynb chapters/appendix/*.ipynb))
NBVAL     = --nbval --nbval-current-env --nbval-cell-timeout=300 --nbval-sanitize-with=tests/nbval_sanitize.cfg
TRAIN_LANGUAGE_ID ?= b2t.language_id

# say what to do when the step before it failed (no comma in the message: make would cut it there)
or_say = || { printf '\n%s\n' "$(strip $(1))" >&2; exit 1; }

.DEFAULT_GOAL := help
.PHONY: help book serve test check lab notebooks colab bench widgets classroom grade repo train-language-id test-notebooks clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' Makefile

# ---- reading -----------------------------------------------------------------------------------

book: $(VENV)/.book-ready  ## build the pages from the stored outputs and print where the first one is
	@rm -rf $(HTML)
	@$(BIN)/jupyter-book build . --all -W --keep-going -q >/dev/null \
	    $(call or_say,The book did not build. Each warning above counts as an error and names its file and line. 'make clean' starts afresh.)
	@echo "The first page: $(CURDIR)/$(PAGE)"

serve: book  ## build, then serve the pages on localhost (PORT=8000)
	@echo "Open http://localhost:$(PORT)/ (Ctrl-C stops)"
	@$(BIN)/python -m http.server $(PORT) --bind 127.0.0.1 --directory $(HTML) >/dev/null 2>&1 \
	    $(call or_say,Could not serve. If port $(PORT) is taken: make serve PORT=8001)

# ---- trusting ----------------------------------------------------------------------------------

test: $(VENV)/.test-ready book  ## everything: unit tests, doctests, notebooks, the book and its pages
	@$(BIN)/python -m pytest $(NBVAL) tests lib/b2t $(NOTEBOOKS) \
	    $(call or_say,A test failed: the lines above say which. One file alone: $(BIN)/python -m pytest tests/NAME.py \
	    -- if a notebook no longer prints what it stores and the new output is right: make notebooks)

check: $(VENV)/.test-ready  ## ruff format and lint, fast tests
	@$(BIN)/ruff format --check $(call or_say,Formatting differs. Put it right with: $(BIN)/ruff format)
	@$(BIN)/ruff check $(call or_say,Lint. Some of it mends itself: $(BIN)/ruff check --fix)
	@$(BIN)/python -m pytest -q -m "not slow and not pages"

test-notebooks:  ## nbval alone, with an interpreter that is there already (PYTHON=python3), on its GPU if any
	@$(PYTHON) -c "import torch, nbval, matplotlib, regex, tiktoken, tokenizers" \
	    $(call or_say,$(PYTHON) lacks a package that the chapters need: $(PYTHON) -m pip install torch matplotlib regex tiktoken tokenizers nbval)
	@PYTHONPATH=$(CURDIR)/lib $(PYTHON) -m pytest -o addopts= -o filterwarnings= -p no:cacheprovider $(NBVAL) $(NOTEBOOKS)

colab: $(VENV)/.test-ready  ## each notebook alone, from its first cell, under Colab's versions; with times
	@$(BIN)/python -m pytest -q --durations=0 --durations-min=3 tests/test_colab.py

bench: $(VENV)/.test-ready book  ## ours against the usual ones, timed: 50 minutes (BENCH="encoding --quick" runs a part)
	@$(BIN)/python -m tests.benchmarks $(BENCH)

# ---- writing -----------------------------------------------------------------------------------

lab: $(VENV)/.test-ready  ## JupyterLab on the chapters
	@$(BIN)/jupyter lab chapters

notebooks: $(VENV)/.test-ready  ## execute every chapter, normalise it and save it
	@CUDA_VISIBLE_DEVICES= $(BIN)/python -m b2t.book.notebooks run $(NOTEBOOKS)

widgets: $(VENV)/.test-ready  ## bundle the widgets' sources into lib/b2t/widgets/static (Node comes with the tests)
	@cd lib/b2t/widgets && PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --silent && PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent build \
	    $(call or_say,The bundles could not be built: the message is above.)
	@$(BIN)/python -m b2t.widgets.export

# ---- teaching ----------------------------------------------------------------------------------

classroom: $(VENV)/.test-ready  ## chapters without and with solutions, and graded assignments, in _build/classroom
	@$(BIN)/python -m b2t.classroom build

grade: $(VENV)/.test-ready  ## grade submissions: make grade FOLDER=… (a folder for each student inside)
	@$(BIN)/python -m b2t.classroom grade "$(FOLDER)"

# ---- moving ------------------------------------------------------------------------------------

repo: $(VENV)/.test-ready  ## move to another address: make repo URL=https://github.com/OWNER/NAME
	@$(BIN)/python -m b2t.book.repository "$(URL)"

train-language-id: $(VENV)/.test-ready  ## train chapter 09's language model again and save it with its log
	@$(BIN)/python -m $(TRAIN_LANGUAGE_ID)

clean:  ## remove what was built (.venv stays)
	@rm -rf _build dist .pytest_cache .ruff_cache .hypothesis
	@find lib tests chapters -name __pycache__ -o -name .ipynb_checkpoints | xargs rm -rf

# ---- the environment: steps run again only when what they depend on has changed ------------------

$(VENV)/.made:
	@$(PYTHON) -c '$(FITS)' \
	    $(call or_say,This needs Python 3.11 to 3.13 and $(PYTHON) is another or is missing. Install one (Debian and Ubuntu: sudo apt install python3 python3-venv) and name it: make book PYTHON=python3.12)
	@$(PYTHON) -m venv $(VENV) \
	    $(call or_say,No virtual environment. On Debian and Ubuntu: sudo apt install python3-venv)
	@$(BIN)/python -c "import os, sysconfig; \
	    open(sysconfig.get_path('purelib') + '/b2t.pth', 'w').write(os.path.abspath('lib') + '\n')"
	@touch $@

$(VENV)/.book-ready: $(VENV)/.made pyproject.toml constraints.txt
	@echo "Installing what building needs"
	@$(BIN)/python lib/b2t/book/extras.py book > $(VENV)/book.txt
	@$(PIP) install -q -c constraints.txt -r $(VENV)/book.txt \
	    $(call or_say,pip could not install what building needs: its message is above. Is there a network?)
	@touch $@

$(VENV)/.test-ready: $(VENV)/.book-ready pyproject.toml constraints.txt
	@echo "Installing the rest (PyTorch among it: README.md names its smaller CPU build)"
	@$(BIN)/python lib/b2t/book/extras.py base lab classroom test > $(VENV)/test.txt
	@$(PIP) install -q -c constraints.txt -r $(VENV)/test.txt \
	    $(call or_say,pip could not install the packages of the tests: its message is above. Is there a network?)
	@touch $@
