from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import facegen_keras as fg
from facegen_keras.__main__ import main

OPTIONS = {"recipe": "dcgan2", "image_size": 16, "attributes": ["Male"], "batch_size": 8, "verbose": 0}


@pytest.mark.slow
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
    assert main(["film", "--run", run, "--out", str(tmp_path / "film.gif")]) == 0
    assert Image.open(tmp_path / "film.gif").n_frames == 2
    assert main(["interpolate", "--run", run, "-n", "3", "--out", str(tmp_path / "way.gif")]) == 0
    assert Image.open(tmp_path / "way.gif").n_frames == 4
    assert main(["contact-sheet", str(tmp_path / "run" / "dcgan2"), "--out", str(tmp_path / "sheet.jpg")]) == 0
    assert Image.open(tmp_path / "sheet.jpg").width == 2 * 132 + 4
    last = tmp_path / "run" / "dcgan2" / "epoch_002.png"
    assert main(["inspect", str(out), str(last), str(tmp_path / "sheet.jpg")]) == 0
    said = capsys.readouterr().out
    assert 'Attributes: {"Male": 1.0, "Smiling": 0.0}' in said and "Epoch: 2" in said and "says nothing" in said


@pytest.mark.parametrize(
    "command, message",
    [
        (["sample", "--run", "nowhere"], "nowhere"),
        (["refine", "nobody.jpg", "--attributes", "Smiling=1"], "nobody.jpg"),
        (["train", "--run", "x", "--recipe", "modern", "--attributes", "none"], "conditional"),
        (["train", "--run", "x", "--images", "1.5"], "images"),
        (["train", "--run", "x", "--recipe", "dcgan9"], "dcgan2"),
        (["train", "--run", "x", "--schedule", "ratio:0"], "at least 1"),
        (["train", "--run", "x", "--attributes", "Smilin"], "Smiling"),
        (["train", "--run", "x", "--data", "no/such/folder"], "no/such/folder"),
        (["sample", "-n", "1", "--out", "faces"], "faces.png"),
        (["film", "--run", "nowhere"], "nowhere: no sample grid"),
        (["interpolate", "-n", "2", "--out", "way.png"], "way.gif"),
        (["contact-sheet", "nobody.jpg"], "nobody.jpg"),
        (["inspect", "nobody.png"], "nobody.png"),
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


@pytest.mark.slow
def test_photographs_are_framed_as_the_faces_of_the_run(tmp_path, faces_folder):
    gan = fg.train(tmp_path / "run", epochs=1, crop=108, data=str(faces_folder), **OPTIONS)
    picture = np.random.default_rng(0).integers(0, 256, (218, 178, 3), dtype=np.uint8)
    Image.fromarray(picture).save(tmp_path / "photo.png")
    out = tmp_path / "refined.png"
    changes = ["--attributes", "Male=1", "--out", str(out)]
    assert main(["refine", str(tmp_path / "photo.png"), "--run", str(tmp_path / "run"), *changes]) == 0
    framed, _ = fg.load_photo(tmp_path / "photo.png", 16, crop=108)
    refined = gan.refine(tmp_path / "photo.png", {"Male": 1})
    expected = fg.grid(np.concatenate([framed[None], refined[0]]), 1, row_titles=["before", "pass 1"])
    np.testing.assert_array_equal(np.asarray(Image.open(out)), np.asarray(expected))


@pytest.mark.slow
def test_commands_use_the_shipped_generator_where_no_run_is_named(tmp_path, capsys):
    Image.new("RGB", (200, 260), (120, 90, 80)).save(tmp_path / "photo.jpg")
    changes = ["--attributes", "Smiling=1", "--out", str(tmp_path / "refined.png")]
    assert main(["sample", "-n", "4", "--out", str(tmp_path / "grid.png")]) == 0
    full_size = ["--full-size", str(tmp_path / "full")]
    assert main(["refine", str(tmp_path / "photo.jpg"), *changes, *full_size]) == 0
    said = capsys.readouterr().out
    assert "photo.jpg" in said and "refined.png shows 1 face, before" in said
    for name in ("grid.png", "refined.png"):
        assert np.asarray(Image.open(tmp_path / name)).std() > 0
    assert Image.open(tmp_path / "full" / "photograph_1.jpg").size == (200, 260)
    assert "edited" in fg.inspect(tmp_path / "refined.png")["Edited"]
    (tmp_path / "photo.jpg").write_text("no picture")
    assert main(["refine", str(tmp_path / "photo.jpg"), *changes]) == 2
    assert "photo.jpg cannot be read as a picture" in capsys.readouterr().err


@pytest.mark.parametrize("folder", ["text.jpg", "text.jpg/edited"])
def test_a_full_size_folder_that_is_a_file_is_refused_before_anything_is_written(folder, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("text.jpg").write_text("mine", encoding="utf-8")
    Image.new("RGB", (200, 260), (120, 90, 80)).save("photo.jpg")
    assert main(["refine", "photo.jpg", "--attributes", "Smiling=1", "--full-size", folder]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: --full-size {folder}: text.jpg is a file; name a folder") and "Errno" not in error
    assert {path.name for path in tmp_path.iterdir()} == {"text.jpg", "photo.jpg"}


@pytest.mark.slow
def test_the_full_size_has_what_the_grid_shows_after_all_passes(tmp_path):
    """Also a beard without Male, which one change after the other would give back."""
    photo, changes = tmp_path / "photo.png", {"No_Beard": 0.4, "Male": 0, "Eyeglasses": 1}
    Image.fromarray(fg.load_pretrained().sample(1, {"Eyeglasses": 0}, seed=1)[0]).resize((200, 200)).save(photo)
    asked = ["--attributes", "No_Beard=0.4,Male=0,Eyeglasses=1", "--passes", "3"]
    where = ["--out", str(tmp_path / "grid.png"), "--full-size", str(tmp_path / "full")]
    assert main(["refine", str(photo), *asked, *where]) == 0
    passes = fg.load_pretrained("editor").refine(photo, changes, 3)[:, 0]
    assert (passes[0] != passes[2]).any()
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "full" / "face_1.png")), passes[2])


@pytest.mark.slow
def test_a_recipe_without_attributes_may_be_told_so(tmp_path, faces_folder):
    command = f"train --run {tmp_path}/run --data {faces_folder} --recipe udacity --attributes none --images 0.5"
    assert main([*command.split(), *"--image-size 16 --batch-size 4 --epochs 1 --verbose 0".split()]) == 0
    assert fg.load_run(tmp_path / "run").attributes == ()
