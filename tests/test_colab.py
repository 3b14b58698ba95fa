import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"


@pytest.fixture
def notebooks(tmp_path):
    for name in ("colab.py", "02_train.ipynb"):
        shutil.copy(NOTEBOOKS / name, tmp_path)
    return tmp_path


def address(folder, *arguments):
    return subprocess.run([sys.executable, folder / "colab.py", *arguments], capture_output=True, text=True)


def test_notebooks_are_committed_without_a_dead_badge():
    for path in NOTEBOOKS.glob("*.ipynb"):
        assert "colab.research.google.com" not in path.read_text()


def test_address_is_written_once_and_changed_in_place(notebooks):
    for repository in ("someone/first", "someone/faces"):
        assert address(notebooks, repository).returncode == 0
    notebook = nbformat.read(notebooks / "02_train.ipynb", as_version=4)
    title = notebook.cells[0].source
    assert title.count("colab-badge") == 1
    assert "github/someone/faces/blob/main/notebooks/02_train.ipynb" in title
    installs = [cell.source for cell in notebook.cells if "install" in cell.metadata.get("tags", ())]
    assert len(installs) == 1 and "git+https://github.com/someone/faces" in installs[0]


@pytest.mark.parametrize("arguments", [(), ("faces",), ("https://github.com/someone/faces",)])
def test_no_repository_named(notebooks, arguments):
    before = (notebooks / "02_train.ipynb").read_bytes()
    result = address(notebooks, *arguments)
    assert result.returncode == 1 and "REPO=owner/name" in result.stderr
    assert (notebooks / "02_train.ipynb").read_bytes() == before


def test_every_install_cell_does_nothing_where_the_package_is():
    for path in NOTEBOOKS.glob("*.ipynb"):
        cells = nbformat.read(path, as_version=4).cells
        (install,) = (cell.source for cell in cells if "install" in cell.metadata.get("tags", ()))
        assert 'find_spec("facegen_keras") is None' in install
