import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager

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


def refuse(magic, arguments, **options):
    raise AssertionError(f"%{magic} {arguments} ran")


class Shell:
    """What IPython gives a cell for its magics."""

    run_line_magic = staticmethod(refuse)


@pytest.mark.parametrize("linked", [False, True], ids=["as committed", "after make colab"])
def test_badges_open_their_own_notebook_and_installed_packages_stay(copy, linked):
    if linked:
        assert run_colab(copy, "someone/faces").returncode == 0
    for name, notebook in read_notebooks(copy).items():
        for link in badges_of(notebook):
            assert re.fullmatch(rf".*/github/[\w-]+/[\w.-]+/blob/main/notebooks/{re.escape(name)}", link)
        (install,) = install_cells(notebook)
        assert "pip install" in install
        exec(TransformerManager().transform_cell(install), {"get_ipython": Shell})


def test_repository_is_written_once_and_replaced(copy):
    for repository in ("someone/first", "someone/faces"):
        assert run_colab(copy, repository).returncode == 0
    for name, notebook in read_notebooks(copy).items():
        assert badges_of(notebook) == [
            f"https://colab.research.google.com/github/someone/faces/blob/main/notebooks/{name}"
        ]
        (install,) = install_cells(notebook)
        assert "git+https://github.com/someone/faces" in install and "someone/first" not in install


@pytest.mark.parametrize("arguments", [(), ("faces",), ("https://github.com/someone/faces",)])
def test_missing_repository_changes_nothing(copy, arguments):
    before = {path: path.read_bytes() for path in (copy / "notebooks").iterdir()}
    result = run_colab(copy, *arguments)
    assert result.returncode == 1 and "REPO=owner/name" in result.stderr
    assert {path: path.read_bytes() for path in (copy / "notebooks").iterdir()} == before
