from pathlib import Path

import numpy as np
import pytest

import facegen_keras as fg
from facegen_keras.__main__ import main
from facegen_keras.data.sample_faces import write_sample_faces

RESULTS = Path(__file__).parents[2] / "docs" / "results.md"
TERMS = {"minutes": 0.002, "count": 10, "verbose": 0}


@pytest.fixture(scope="module")
def faces_folder(tmp_path_factory):
    """Enough for a batch of every recipe."""
    return write_sample_faces(tmp_path_factory.mktemp("faces") / "faces", count=100)


@pytest.mark.slow
def test_recipes_are_compared_and_a_comparison_goes_on(tmp_path, faces_folder):
    folder = tmp_path / "comparison"
    first = fg.compare(folder, ["udacity"], data=faces_folder, **TERMS)
    assert first.index.tolist() == ["udacity"]
    done = (folder / "udacity" / "result.json").stat().st_mtime_ns
    command = ["compare", "--recipes", "dcgan1,udacity", "--minutes", "0.002", "-n", "10"]
    assert main([*command, "--out", str(folder), "--data", str(faces_folder)]) == 0
    assert (folder / "udacity" / "result.json").stat().st_mtime_ns == done
    table, sheet = fg.load_comparison(folder)
    assert table.index.tolist() == ["dcgan1", "udacity"]  # the order of RECIPES
    assert (table["images_seen"] > 0).all() and (table["KID"] > 0).all()
    assert table.loc["dcgan1", "pixels"] == "32x32" and table.loc["udacity", "crop"] == 108
    assert 0 <= table.loc["dcgan1", "Male"] <= 1 and np.isnan(table.loc["udacity", "Male"])
    assert sheet.width > 10 * 64 and np.asarray(sheet).std() > 0


def test_comparisons_under_other_terms_are_kept_apart(tmp_path, faces_folder):
    (tmp_path / "terms.json").write_text("{}")
    with pytest.raises(ValueError, match="choose another folder"):
        fg.compare(tmp_path, ["udacity"], data=faces_folder, **TERMS)
    with pytest.raises(ValueError, match="dcgan9"):
        fg.compare(tmp_path, ["dcgan9"], data=faces_folder, **TERMS)


def test_a_folder_without_a_comparison_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=str(tmp_path)):
        fg.load_comparison(tmp_path)


def test_the_results_page_shows_the_shipped_comparison():
    table, sheet = fg.load_comparison()
    assert sorted([*table.index, "editor"]) == sorted(fg.RECIPES) and (table["seconds"] < 1_210).all()
    assert sheet.height > 64 * len(table)
    page = RESULTS.read_text(encoding="utf-8")
    lines = page[page.index("| recipe | pixels | faces seen") :].split("\n\n")[0].splitlines()
    header, _, *rows = ([cell.strip() for cell in line.split("|")] for line in lines)
    shown = [dict(zip(header, row, strict=True)) for row in rows]
    for name, row in table.iterrows():
        (cells,) = (cells for cells in shown if cells["recipe"] == f"`{name}`")
        assert cells["faces seen"] == f"{row['images_seen']:,}"
        for metric, digits in {"KID": 3, "precision": 2, "recall": 2, "diversity": 2}.items():
            assert float(cells[metric]) == pytest.approx(row[metric], abs=0.501 / 10**digits)
