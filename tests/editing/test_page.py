"""The notebook that Voilà serves as a page."""

import urllib.error
import urllib.request

import nbformat
import pytest
from nbclient import NotebookClient

from browsing import serve
from facegen_keras.editing.page import PAGE


def outputs_of(notebook):
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def test_page_is_committed_executed_and_small():
    outputs = outputs_of(nbformat.read(PAGE, as_version=4))
    assert any("application/vnd.jupyter.widget-view+json" in output.get("data", {}) for output in outputs)
    assert PAGE.stat().st_size < 500_000


@pytest.mark.slow
def test_page_runs_from_any_folder(tmp_path):
    notebook = nbformat.read(PAGE, as_version=4)
    NotebookClient(notebook, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    kinds = {output.output_type for output in outputs_of(notebook)}
    assert kinds == {"execute_result"}, "only the widget: no warnings of TensorFlow"


@pytest.mark.slow
def test_verb_serves_this_machine_and_no_web_site(tmp_path):
    pytest.importorskip("voila")
    with serve("-m", "facegen_keras", "app", folder=tmp_path) as address:
        foreign = urllib.request.Request(address, headers={"Host": "elsewhere.example"})
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(foreign)
    assert (tmp_path / "server.log").read_text().splitlines() == [
        f"Open {address[:-1]} in your browser; Ctrl-C ends it."
    ]
