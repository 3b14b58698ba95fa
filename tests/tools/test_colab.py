import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell

ROOT = Path(__file__).parents[2]


@pytest.fixture
def copy(tmp_path):
    """The notebooks and the tool, in a folder of their own."""
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks", ignore=shutil.ignore_patterns("test_samples", ".*"))
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "colab.py", tmp_path / "tools")
    return tmp_path


def run_colab(copy, *arguments):
    return subprocess.run(
        [sys.executable, copy / "tools" / "colab.py", *arguments], capture_output=True, encoding="utf-8"
    )


def read_notebooks(root):
    paths = sorted((root / "notebooks").glob("*.ipynb"))
    assert paths
    return {path.name: nbformat.read(path, as_version=4) for path in paths}


def install_cells(notebook):
    return [cell.source for cell in notebook.cells if "install" in cell.metadata.get("tags", ())]


def badges_of(notebook):
    return re.findall(r"https://colab\.research\.google\.com/github/[^)]*", notebook.cells[0].source)


@pytest.fixture
def run_cell():
    """Run a cell in IPython; returns what `%pip` was asked for, and the error."""
    shell, asked = InteractiveShell(), []
    shell.register_magic_function(asked.append, magic_name="pip")

    def run(source):
        asked.clear()
        error = shell.run_cell(source).error_in_exec
        return list(asked), error

    return run


@pytest.fixture
def not_installed(monkeypatch):
    find_spec = importlib.util.find_spec
    absent = lambda name, *more: None if name == "facegen_keras" else find_spec(name, *more)  # noqa: E731
    monkeypatch.setattr(importlib.util, "find_spec", absent)


@pytest.mark.parametrize("linked", [False, True], ids=["as committed", "after make colab"])
def test_badges_open_their_own_notebook_and_installed_packages_stay(copy, linked, run_cell):
    if linked:
        assert run_colab(copy, "someone/faces").returncode == 0
    for name, notebook in read_notebooks(copy).items():
        for link in badges_of(notebook):
            assert re.fullmatch(rf".*/github/[\w-]+/[\w.-]+/blob/main/notebooks/{re.escape(name)}", link)
        (install,) = install_cells(notebook)
        assert "pip install" in install and run_cell(install) == ([], None)


def test_all_install_cells_are_alike():
    assert len({source for notebook in read_notebooks(ROOT).values() for source in install_cells(notebook)}) == 1


@pytest.mark.usefixtures("not_installed")
def test_a_missing_package_comes_from_the_repository_or_the_clone(copy, run_cell, monkeypatch):
    monkeypatch.chdir(copy / "notebooks")
    install = lambda: install_cells(read_notebooks(copy)["02_train.ipynb"])[0]  # noqa: E731
    asked, error = run_cell(install())
    assert not asked and isinstance(error, RuntimeError)
    assert 'Set REPOSITORY above to the "owner/name"' in str(error) and str(error).count(".") == 1
    assert run_colab(copy, "someone/faces").returncode == 0
    assert run_cell(install()) == (["install -q git+https://github.com/someone/faces"], None)
    (copy / "pyproject.toml").touch()
    assert run_cell(install()) == (["install -q .."], None)


def test_repository_is_written_once_and_replaced(copy):
    for repository in ("someone/first", "someone/faces"):
        assert run_colab(copy, repository).returncode == 0
    for name, notebook in read_notebooks(copy).items():
        assert badges_of(notebook) == [
            f"https://colab.research.google.com/github/someone/faces/blob/main/notebooks/{name}"
        ]
        (install,) = install_cells(notebook)
        assert install.count("someone/") == 1 and 'REPOSITORY = "someone/faces"  #' in install


@pytest.mark.parametrize("arguments", [(), ("faces",), ("https://github.com/someone/faces",)])
def test_missing_repository_changes_nothing(copy, arguments):
    before = {path: path.read_bytes() for path in (copy / "notebooks").iterdir()}
    result = run_colab(copy, *arguments)
    assert result.returncode == 1 and "REPO=owner/name" in result.stderr
    assert {path: path.read_bytes() for path in (copy / "notebooks").iterdir()} == before
