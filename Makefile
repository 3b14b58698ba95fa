PYTHON ?= python3
BIN := .venv/bin
MINUTES ?= 20

.PHONY: help run app test test-browser notebooks lint bench compare colab clean

help:
	@echo "make run        train on the embedded sample faces and draw grids into test_samples/"
	@echo "make app        refine faces on a page in your browser"
	@echo "make test       run the tests"
	@echo "make test-browser   run those that need a browser, installing one where apt-get can"
	@echo "make notebooks  execute every notebook in place"
	@echo "make lint       check style"
	@echo "make bench      measure the data pipeline against Keras' own"
	@echo "make compare    train every recipe for MINUTES=20 and judge them alike; goes on where it was interrupted"
	@echo "make colab REPO=owner/name   write Colab badges and install cells into the notebooks"
	@echo "make clean      remove .venv"

# `make LOCK=1 ...` installs the exact versions this was tested with.
.venv/installed$(LOCK): requirements.txt requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet $(if $(LOCK),--constraint requirements.lock) --editable .
	touch $@

.venv/tested$(LOCK): .venv/installed$(LOCK)
	$(BIN)/python -m pip install --quiet $(if $(LOCK),--constraint requirements.lock) --editable ".[test]"
	touch $@

run: .venv/installed$(LOCK)
	@echo "Training for a few minutes; grids appear in test_samples/02_train on the way."
	$(BIN)/python notebooks/execute.py --output-dir runs notebooks/02_train.ipynb
	@echo "Your faces are in $(CURDIR)/test_samples/02_train, the executed notebook in $(CURDIR)/runs/02_train.ipynb"

.venv/app$(LOCK): .venv/installed$(LOCK)
	$(BIN)/python -m pip install --quiet $(if $(LOCK),--constraint requirements.lock) --editable ".[app]"
	touch $@

app: .venv/app$(LOCK)
	@echo "Open http://127.0.0.1:8866 in your browser; Ctrl-C ends it."
	$(BIN)/voila app/refine.ipynb --no-browser --Voila.ip=127.0.0.1 --port=8866 --Voila.log_level=WARN

test: .venv/tested$(LOCK)
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not timing"
	$(BIN)/python -m pytest -m timing

test-browser: .venv/tested$(LOCK)
	command -v chromedriver || $$(command -v sudo) apt-get install -y chromium chromium-driver
	$(BIN)/python -m pytest tests/test_browser.py

notebooks: .venv/installed$(LOCK)
	$(BIN)/python notebooks/execute.py notebooks/*.ipynb

lint: .venv/tested$(LOCK)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

bench: .venv/installed$(LOCK)
	$(BIN)/python benchmarks/pipeline.py

compare: .venv/installed$(LOCK)
	$(BIN)/python -m facegen_keras compare --out runs/comparison --minutes $(MINUTES)

colab: .venv/installed$(LOCK)
	$(BIN)/python notebooks/colab.py $(REPO)

clean:
	rm -rf .venv
