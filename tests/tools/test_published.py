"""The tools that answer the questions of docs/published.md."""

import math
import runpy
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import facegen_keras as fg
from facegen_keras.data.sample_faces import write_sample_faces

TOOLS = Path(__file__).parents[2] / "tools"


def run(monkeypatch, tool, *arguments):
    monkeypatch.setattr("sys.argv", [tool, *map(str, arguments)])
    runpy.run_path(str(TOOLS / tool), run_name="__main__")


def test_a_contest_is_summed_up_by_the_last_epochs_that_measured():
    summarise = runpy.run_path(str(TOOLS / "contest.py"))["summarise"]
    history = {"d_trained": [1.0, 0.5] * 4, "g_loss": list(range(8)), "kid": [9.0, math.nan, 0.5, *[math.nan] * 5]}
    row = summarise({"ratio": history}).loc["ratio"]
    assert (row["epochs"], row["d_trained"], row["g_loss"], row["kid"]) == (8, 0.75, 5.0, 4.75)


@pytest.mark.slow
def test_runs_are_laid_side_by_side_and_fed_with_faces(tmp_path, monkeypatch, capsys):
    data = write_sample_faces(tmp_path / "faces", count=60)  # 12 of them in the valid and test splits
    options = {"image_size": 16, "attributes": 5, "batch_size": 8, "random_select": 8, "epochs": 1, "verbose": 0}
    fg.train(tmp_path / "every", "dcgan4", data=str(data), **options)
    shutil.copytree(tmp_path / "every", tmp_path / "ratio")
    run(monkeypatch, "contest.py", tmp_path / "every", tmp_path / "ratio", "--out", tmp_path / "contest")
    assert pd.read_csv(tmp_path / "contest" / "contest.csv")["run"].tolist() == ["every", "ratio"]
    fg.pack_run(tmp_path / "ratio", tmp_path / "packed.npz", last=True)
    run(monkeypatch, "fed_faces.py", tmp_path / "packed.npz", "--data", data, "--out", tmp_path / "fed")
    table = pd.read_csv(tmp_path / "fed" / "fed.csv")
    assert table["start"].tolist() == ["faces", "faces", "noise", "noise"]
    assert table.drop(columns=["others kept", "face moved"]).notna().all(axis=None)
    for picture in ("contest/curves.png", "contest/faces.jpg", "fed/packed.jpg"):
        with Image.open(tmp_path / picture) as opened:
            assert np.asarray(opened).std() > 0
    assert "packed" in capsys.readouterr().out
