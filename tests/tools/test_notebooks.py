import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

TOOL = Path(__file__).parents[2] / "tools" / "notebooks.py"

pytestmark = pytest.mark.slow  # each starts a kernel


def write_notebook(path, *sources):
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources]), path)
    return path


def execute(*arguments):
    return subprocess.run([sys.executable, TOOL, *arguments], capture_output=True, encoding="utf-8")


def test_notebook_is_executed_in_its_own_folder_and_written_elsewhere(tmp_path):
    path = write_notebook(tmp_path / "notebooks" / "one.ipynb", "import os", "print(os.getcwd())")
    before = path.read_bytes()
    result = execute("--output-dir", tmp_path / "runs", path)
    assert result.returncode == 0, result.stderr
    executed = nbformat.read(tmp_path / "runs" / "one.ipynb", as_version=4)
    assert [cell.execution_count for cell in executed.cells] == [1, 2]
    assert os.path.samefile(executed.cells[1].outputs[0].text.strip(), path.parent)
    assert path.read_bytes() == before


def test_failing_cell_is_shown_and_nothing_is_written(tmp_path):
    path = write_notebook(tmp_path / "two.ipynb", "1 / 0")
    before = path.read_bytes()
    result = execute(path)
    assert result.returncode == 1
    assert "two.ipynb" in result.stderr and "ZeroDivisionError" in result.stderr
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_metadata_for_colab_stays(tmp_path):
    path = write_notebook(tmp_path / "one.ipynb", "1")
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata |= {"accelerator": "GPU", "colab": {"provenance": [], "gpuType": "T4"}}
    nbformat.write(notebook, path)
    assert execute(path).returncode == 0
    executed = nbformat.read(path, as_version=4).metadata
    assert executed["accelerator"] == "GPU" and executed["colab"] == {"provenance": [], "gpuType": "T4"}
    assert executed["language_info"]["name"] == "python"
