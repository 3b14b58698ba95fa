PYTHON ?= python3
BIN := .venv/bin

.PHONY: help run test notebooks lint bench colab clean

help:
	@echo "make run        train on the embedded sample faces and draw grids into test_samples/"
	@echo "make test       run the tests"
	@echo "make notebooks  execute every notebook in place"
	@echo "make lint       check style"
	@echo "make bench      measure the data pipeline against Keras' own"
	@echo "make colab REPO=owner/name   write Colab badges and install cells into the notebooks"

# `make LOCK=1 ...` installs the exact versions this was tested with.
.venv/installed: requirements.txt requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet $(if $(LOCK),--constraint requirements.lock) --editable .
	touch $@

.venv/installed_test: .venv/installed
	$(BIN)/python -m pip install --quiet $(if $(LOCK),--constraint requirements.lock) --editable ".[test]"
	touch $@

run: .venv/installed
	$(BIN)/jupyter nbconvert --execute --to notebook --output-dir runs notebooks/02_train.ipynb
	@echo "Your faces: $$(ls -d $(CURDIR)/test_samples/02_train/*) - the executed notebook: runs/02_train.ipynb"

test: .venv/installed_test
	$(BIN)/python -m pytest

notebooks: .venv/installed
	$(BIN)/jupyter nbconvert --execute --to notebook --inplace notebooks/*.ipynb

lint: .venv/installed_test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

bench: .venv/installed
	$(BIN)/python benchmarks/pipeline.py

colab: .venv/installed
	$(BIN)/python notebooks/colab.py $(REPO)

clean:
	rm -rf .venv runs
