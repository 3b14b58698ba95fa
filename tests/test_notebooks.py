"""Every notebook runs from top to bottom, with small parameters, from another working directory."""

from pathlib import Path

import nbformat
import papermill
import pytest

from facegen_keras.data.sample_faces import write_sample_faces

NOTEBOOKS = {path.stem: path for path in sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))}
TINY = {"RANDOM_SELECT": 32, "EPOCHS": 1, "BATCH_SIZE": 8}
PARAMETERS = {
    "01_explore_celeba": {"FACES": 4, "IMAGE_SIZE": 16},
    "02_train": TINY | {"IMAGE_SIZE": 16, "ATTRIBUTES": 2, "GRID_EVERY": 1},
    "03_discriminator_schedules": TINY | {"IMAGE_SIZE": 16, "REAL_FACES": 16},
    "04_attributes": TINY | {"SELECTIONS": [2]},
    "05_refine": TINY | {"IMAGE_SIZE": 16, "FACES": 4, "ROWS": 1, "PASSES": 2, "CHANGES": ["Smiling"], "TUNE": 2},
    "06_sample_grids": {"COUNT": 4},
    "07_compare_recipes": {
        "RECIPES": ["dcgan1"],
        "MINUTES": 0.002,
        "COUNT": 12,
        "STORIES": {"dcgan2": [32, 2, 1]},
        "IMAGE_SIZE": 16,
        "RANDOM_SELECT": 32,
        "BALANCE_EPOCHS": 1,
    },
    "08_your_own_faces": {
        "COUNT": 24,
        "IMAGE_SIZE": 16,
        "BATCH_SIZE": 8,
        "EPOCHS": 1,
        "READER_EPOCHS": 1,
    },
}


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    return write_sample_faces(tmp_path_factory.mktemp("notebooks") / "faces", count=100)


def test_every_notebook_is_run():
    assert set(NOTEBOOKS) == set(PARAMETERS)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebook_has_the_parameters(name):
    """Papermill only warns of a parameter that the notebook does not have, and then changes nothing."""
    assert set(PARAMETERS[name]) <= set(papermill.inspect_notebook(str(NOTEBOOKS[name])))


@pytest.mark.slow
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebook_runs(name, faces, tmp_path, monkeypatch):
    monkeypatch.setenv("FACEGEN_DATA", str(faces))
    path, executed = str(NOTEBOOKS[name]), str(tmp_path / "executed.ipynb")
    notebook = papermill.execute_notebook(path, executed, PARAMETERS[name], cwd=str(tmp_path), progress_bar=False)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    if "FOLDER" in papermill.inspect_notebook(path):
        pictures = (tmp_path / "test_samples").rglob("*")
        assert any(picture.suffix in (".png", ".gif") for picture in pictures)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebook_asks_colab_for_a_gpu(name):
    metadata = nbformat.read(NOTEBOOKS[name], as_version=4).metadata
    assert metadata["accelerator"] == "GPU" and metadata["colab"] == {"gpuType": "T4", "provenance": []}


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebook_is_committed_executed(name):
    """Readers see results before they run anything."""
    notebook = nbformat.read(NOTEBOOKS[name], as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert not any(output.output_type == "error" for cell in cells for output in cell.outputs)
    assert NOTEBOOKS[name].stat().st_size < 1_500_000
