import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import facegen_keras as fg
from facegen_keras.__main__ import main

OPTIONS = {"recipe": "dcgan2", "image_size": 16, "attributes": ["Male"], "batch_size": 8, "verbose": 0}


@pytest.fixture(scope="module")
def trained(tmp_path_factory, faces_folder):
    """A run of two epochs, for tests that leave it as it is."""
    run = tmp_path_factory.mktemp("runs") / "run"
    fg.train(run, epochs=2, data=str(faces_folder), schedule="ratio:2", **OPTIONS)
    return run


def test_interrupted_run_ends_as_one_that_was_not(tmp_path, faces_folder):
    options = OPTIONS | {"data": str(faces_folder), "random_select": 16, "flip": True, "averaging": 0.9}
    whole = fg.train(tmp_path / "whole", epochs=3, **options)
    fg.train(tmp_path / "parts", epochs=1, **options)
    parts = fg.train(tmp_path / "parts", epochs=3, resume=True, verbose=0)
    np.testing.assert_array_equal(whole.sample(4), parts.sample(4))
    pd.testing.assert_frame_equal(*(pd.read_csv(tmp_path / run / "history.csv") for run in ("whole", "parts")))


def test_run_leaves_options_curves_and_grids(trained):
    assert json.loads((trained / "options.json").read_text())["schedule"] == "ratio:2"
    assert sorted(path.name for path in (trained / "dcgan2").iterdir()) == ["epoch_001.png", "epoch_002.png"]
    for picture in trained.rglob("*.png"):
        assert np.asarray(Image.open(picture)).std() > 0
    assert fg.load_run(trained).schedule.ratio == 2


def test_run_is_not_overwritten(trained, faces_folder):
    with pytest.raises(FileExistsError, match="--resume"):
        fg.train(trained, epochs=1, data=str(faces_folder), **OPTIONS)


def test_run_interrupted_before_its_first_checkpoint_starts_again(tmp_path, faces_folder):
    fg.train(tmp_path / "run", epochs=1, data=str(faces_folder), **OPTIONS)
    (tmp_path / "run" / "gan.keras").unlink()
    gan = fg.train(tmp_path / "run", resume=True, verbose=0)
    assert int(gan.epochs_done.numpy()) == 1
    assert len(pd.read_csv(tmp_path / "run" / "history.csv")) == 1


@pytest.mark.parametrize(
    "changes, message",
    [({"seed": 5}, "seed=5"), ({"attributes": 5}, "attributes=5"), ({}, "has trained 2 already")],
)
def test_resumed_run_keeps_its_options(trained, changes, message):
    with pytest.raises(ValueError, match=message):
        fg.train(trained, resume=True, verbose=0, **changes)


def test_resumed_run_may_be_told_its_options_again_and_where_the_faces_are_now(tmp_path, faces_folder):
    settings = OPTIONS | {"attributes": ("Male",), "image_size": (16, 16)}
    fg.train(tmp_path / "run", epochs=1, data=str(faces_folder), **settings)
    moved = tmp_path / "moved"
    moved.symlink_to(faces_folder)
    gan = fg.train(tmp_path / "run", epochs=2, data=str(moved), resume=True, **settings)
    assert int(gan.epochs_done.numpy()) == 2


@pytest.mark.parametrize("option", [{"epochs": 0}, {"minutes": 0}, {"every": 0}])
def test_zero_is_refused_before_anything_is_written(tmp_path, faces_folder, option):
    with pytest.raises(ValueError):
        fg.train(tmp_path / "run", data=str(faces_folder), **{"epochs": 1} | OPTIONS | option)
    assert not (tmp_path / "run").exists()


def test_nothing_to_resume(tmp_path):
    with pytest.raises(FileNotFoundError, match="no run"):
        fg.train(tmp_path / "run", resume=True)


def test_option_that_does_not_exist(tmp_path):
    with pytest.raises(TypeError, match="randomselect"):
        fg.train(tmp_path / "run", "dcgan2", randomselect=5)


def test_wrong_setting_leaves_no_run_behind(tmp_path, faces_folder):
    with pytest.raises(ValueError, match="random_select"):
        fg.train(tmp_path / "run", data=str(faces_folder), random_select=1_000, **OPTIONS)
    assert not (tmp_path / "run").exists()


def test_time_budget_ends_the_training(tmp_path, faces_folder):
    gan = fg.train(tmp_path / "run", epochs=10_000, minutes=0.02, data=str(faces_folder), **OPTIONS)
    assert 0 < int(gan.epochs_done.numpy()) < 10_000
    with pytest.raises(ValueError, match="over 0"):
        fg.TimeBudget(0)


def test_grid_of_the_last_epoch_is_always_drawn(tmp_path, faces_folder):
    gan = fg.RECIPES["dcgan2"].build(image_size=16)
    faces = fg.RECIPES["dcgan2"].override(image_size=16).load_faces(data=faces_folder, split="all", batch_size=8)
    gan.fit(faces, epochs=5, verbose=0, callbacks=[fg.SampleGrid(tmp_path, count=4, every=2, titles=True)])
    grids = sorted(path.name for path in (tmp_path / "dcgan2").iterdir())
    assert grids == ["epoch_002.png", "epoch_004.png", "epoch_005.png"]


def test_diversity_stands_in_the_history(faces_folder):
    gan = fg.RECIPES["dcgan2"].build(image_size=16)
    faces = fg.RECIPES["dcgan2"].override(image_size=16).load_faces(data=faces_folder, split="all", batch_size=8)
    history = gan.fit(faces, epochs=2, verbose=0, callbacks=[fg.SampleDiversity(count=8)]).history
    assert len(history["diversity"]) == 2 and min(history["diversity"]) > 0


def test_the_best_epoch_is_kept_and_loaded(tmp_path, faces_folder, caplog):
    """Though training went on, and was interrupted, and became worse."""
    fg.train(tmp_path / "run", epochs=2, data=str(faces_folder), **OPTIONS)
    history = pd.read_csv(tmp_path / "run" / "history.csv")
    best = fg.load_run(tmp_path / "run")
    assert int(best.epochs_done.numpy()) == 1 + int(history["kid"].argmin())
    assert history[["precision", "recall", "diversity"]].notna().all(axis=None)
    history["kid"] = -1.0  # nothing that follows is as good
    history.to_csv(tmp_path / "run" / "history.csv", index=False)
    fg.train(tmp_path / "run", epochs=4, every=2, resume=True, verbose=0)
    assert "the samples get worse" in caplog.text
    np.testing.assert_array_equal(fg.load_run(tmp_path / "run").sample(2), best.sample(2))
    assert int(fg.load_run(tmp_path / "run", last=True).epochs_done.numpy()) == 4
    assert pd.read_csv(tmp_path / "run" / "history.csv")["kid"].isna().tolist() == [False, False, True, False]


def test_commands_train_resume_and_sample(tmp_path, faces_folder, capsys):
    run = str(tmp_path / "run")
    settings = ["--recipe", "dcgan2", "--image-size", "16", "--attributes", "Male,Smiling", "--verbose", "0"]
    assert (
        main(["train", "--run", run, "--data", str(faces_folder), "--epochs", "1", "--batch-size", "8", *settings]) == 0
    )
    assert main(["train", "--run", run, "--resume", "--epochs", "2", "--verbose", "0"]) == 0
    out = tmp_path / "grid.png"
    assert (
        main(["sample", "--run", run, "-n", "4", "--attributes", "Male=1,Smiling=0", "--out", str(out), "--titles"])
        == 0
    )
    assert Image.open(out).width == 2 * 68 + 4
    assert str(out) in capsys.readouterr().out


@pytest.mark.parametrize(
    "command, message",
    [
        (["sample", "--run", "nowhere"], "nowhere"),
        (["train", "--run", "x", "--recipe", "dcgan9"], "dcgan2"),
        (["train", "--run", "x", "--schedule", "ratio:0"], "at least 1"),
        (["train", "--run", "x", "--attributes", "Smilin"], "Smiling"),
        (["train", "--run", "x", "--data", "no/such/folder"], "no/such/folder"),
        (["sample", "-n", "1", "--out", "faces"], "faces.png"),
        (["evaluate", "-n", "4"], "count=4"),
        (["compare", "--out", "x", "--minutes", "0"], "minutes=0"),
        (["compare", "--out", "x", "-n", "4"], "count=4"),
    ],
)
def test_wrong_input_is_one_sentence_and_status_2(command, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(command) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and message in error
    assert list(tmp_path.iterdir()) == []


def test_photographs_are_framed_as_the_faces_of_the_run(tmp_path, faces_folder):
    gan = fg.train(tmp_path / "run", epochs=1, crop=108, data=str(faces_folder), **OPTIONS)
    picture = np.random.default_rng(0).integers(0, 256, (218, 178, 3), dtype=np.uint8)
    Image.fromarray(picture).save(tmp_path / "photo.png")
    out = tmp_path / "refined.png"
    wish = ["--attributes", "Male=1", "--out", str(out)]
    assert main(["refine", str(tmp_path / "photo.png"), "--run", str(tmp_path / "run"), *wish]) == 0
    framed, _ = fg.load_photo(tmp_path / "photo.png", 16, crop=108)
    refined = gan.refine(tmp_path / "photo.png", {"Male": 1}, crop=108)
    expected = fg.grid(np.concatenate([framed[None], refined[0]]), 1, row_titles=["before", "pass 1"])
    np.testing.assert_array_equal(np.asarray(Image.open(out)), np.asarray(expected))


def test_commands_use_the_shipped_generator_where_no_run_is_named(tmp_path, capsys):
    Image.new("RGB", (200, 260), (120, 90, 80)).save(tmp_path / "photo.jpg")
    wish = ["--attributes", "Smiling=1", "--out", str(tmp_path / "refined.png")]
    assert main(["sample", "-n", "4", "--out", str(tmp_path / "grid.png")]) == 0
    assert main(["refine", str(tmp_path / "photo.jpg"), *wish]) == 0
    assert "photo.jpg: Framed by its centre" in capsys.readouterr().out
    for name in ("grid.png", "refined.png"):
        assert np.asarray(Image.open(tmp_path / name)).std() > 0
    (tmp_path / "photo.jpg").write_text("no picture")
    assert main(["refine", str(tmp_path / "photo.jpg"), *wish]) == 2
    assert "photo.jpg cannot be read as a picture" in capsys.readouterr().err
