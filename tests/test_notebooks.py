"""Every notebook runs top to bottom, with small parameters, from another working directory."""

from pathlib import Path

import nbformat
import papermill
import pytest

from facegen_keras.sample_faces import write_sample_faces

ROOT = Path(__file__).parent.parent
NOTEBOOKS = ROOT / "notebooks"
TINY = {"RANDOM_SELECT": 32, "EPOCHS": 1, "BATCH_SIZE": 8}
PARAMETERS = {
    "01_explore_celeba": {"FACES": 4, "IMAGE_SIZE": 16},
    "02_train": TINY | {"IMAGE_SIZE": 16, "ATTRIBUTES": 2, "GRID_EVERY": 1},
    "03_discriminator_schedules": TINY | {"IMAGE_SIZE": 16, "REAL_FACES": 16},
    "04_attributes": TINY | {"SELECTIONS": [2]},
    "05_refine": TINY | {"IMAGE_SIZE": 16, "FACES": 4, "ROWS": 2, "PASSES": 2, "CHANGES": ["Smiling"]},
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
}


@pytest.fixture(scope="module")
def some_faces(tmp_path_factory):
    return write_sample_faces(tmp_path_factory.mktemp("some") / "faces", count=100)


def paths():
    return sorted(NOTEBOOKS.glob("*.ipynb"))


@pytest.mark.parametrize("path", paths(), ids=lambda path: path.stem)
def test_notebook_runs(path, some_faces, tmp_path, monkeypatch):
    parameters = PARAMETERS[path.stem]
    unknown = set(parameters) - set(papermill.inspect_notebook(str(path)))
    assert not unknown, f"{path.name} has no parameters {unknown}"
    monkeypatch.setenv("FACEGEN_DATA", str(some_faces))
    executed = papermill.execute_notebook(
        str(path), str(tmp_path / path.name), parameters, cwd=str(tmp_path), progress_bar=False
    )
    printed = [output for cell in executed.cells for output in cell.get("outputs", [])]
    assert any("image/png" in output.get("data", {}) for output in printed)
    made = [picture for picture in (tmp_path / "test_samples").rglob("*") if picture.suffix in (".png", ".gif")]
    assert made or "FOLDER" not in papermill.inspect_notebook(str(path))


@pytest.mark.parametrize("path", paths(), ids=lambda path: path.stem)
def test_notebook_is_committed_executed(path):
    """Readers see results before they run anything."""
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert not any(output.output_type == "error" for cell in cells for output in cell.outputs)
    assert path.stat().st_size < 1_500_000


def test_every_notebook_is_tested():
    assert {path.stem for path in paths()} == set(PARAMETERS)
