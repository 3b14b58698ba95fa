import json

import pytest

from facegen_keras.__main__ import main
from facegen_keras.training.history import write_history
from facegen_keras.training.listing import list_runs
from facegen_keras.training.lock import only_process
from facegen_keras.training.options import RUN_OPTIONS

GOOD = {"recipe": "dcgan2", "seed": 0, "images": None, "data": "faces", "faces": "0", "epochs": 1000} | RUN_OPTIONS


def write_run(run, epochs, kids=None):
    (run / "dcgan2").mkdir(parents=True)
    (run / "options.json").write_text(json.dumps(GOOD), encoding="utf-8")
    rows = [{"epoch": epoch} | ({"kid": kids[i]} if kids else {}) for i, epoch in enumerate(epochs)]
    if rows:
        write_history(run, rows)
    for epoch in epochs:
        (run / "dcgan2" / f"epoch_{epoch:03d}.png").touch()
    return run


def test_runs_are_listed_with_their_states(tmp_path, caplog):
    write_run(tmp_path / "a", [999, 1000], [0.25, 0.5])
    write_run(tmp_path / "b" / "deep", [1, 2], [float("nan"), 0.125])
    write_run(tmp_path / "c", [])
    (write_run(tmp_path / "d", [7]) / "options.json").write_text("", encoding="utf-8")
    running = write_run(tmp_path / "e", [1])
    pytest.importorskip("fcntl")
    with only_process(running):
        table = list_runs(tmp_path)
    assert table.index.tolist() == [str(tmp_path / name) for name in ("a", "b/deep", "c", "d", "e")]
    assert table["state"].tolist() == ["finished", "interrupted", "interrupted", "damaged", "running"]
    assert table["epochs_done"].tolist() == [1000, 2, 0, 7, 1] and table["epochs"].iloc[0] == 1000
    assert table["best_kid"].fillna(-1).tolist() == [0.25, 0.125, -1, -1, -1]
    pictures = [picture[len(str(tmp_path)) :] for picture in table["last_picture"]]
    ends = ["/a/dcgan2/epoch_1000.png", "/b/deep/dcgan2/epoch_002.png", "", "/d/dcgan2/epoch_007.png"]
    assert pictures[:4] == ends
    assert "options.json cannot be used (it is empty)" in caplog.text


def test_command_prints_whole_paths(tmp_path, capsys):
    run = write_run(tmp_path / ("long" * 40), [1], [0.5])
    assert main(["runs", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert str(run / "dcgan2" / "epoch_001.png") in printed and "interrupted" in printed


def test_folder_without_runs(tmp_path, capsys):
    assert main(["runs", str(tmp_path / "none")]) == 2
    assert "none holds no run" in capsys.readouterr().err
