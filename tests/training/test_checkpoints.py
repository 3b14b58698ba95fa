"""Runs whose files are damaged, empty or missing."""

import io
import shutil
import zipfile

import h5py
import numpy as np
import pandas as pd
import pytest

import facegen_keras as fg
from batches import small_batches
from facegen_keras.training.lock import only_process

pytestmark = pytest.mark.slow  # all of them need runs

OPTIONS = {"recipe": "dcgan2", "image_size": 16, "attributes": ["Male"], "batch_size": 8, "verbose": 0}
CHECKPOINTS = ("gan.keras", "gan_1.keras", "best.keras")


@pytest.fixture(scope="module")
def whole(tmp_path_factory, faces_folder):
    """A run of three epochs that nothing has happened to."""
    run = tmp_path_factory.mktemp("runs") / "whole"
    fg.train(run, epochs=3, data=str(faces_folder), **OPTIONS)
    return run


@pytest.fixture(scope="module")
def two_epochs(tmp_path_factory, faces_folder):
    """The same run, ended after two of them."""
    run = tmp_path_factory.mktemp("runs") / "two"
    fg.train(run, epochs=2, data=str(faces_folder), **OPTIONS)
    return run


@pytest.fixture
def run(two_epochs, tmp_path):
    return shutil.copytree(two_epochs, tmp_path / "run")


def cut(file):
    file.write_bytes(file.read_bytes()[:-1000])


def empty(file):
    file.write_bytes(b"")


def zero(file):
    file.write_bytes(bytes(file.stat().st_size))


def lose_the_weights(file):
    with zipfile.ZipFile(file) as archive:
        config = {name: archive.read(name) for name in ("metadata.json", "config.json")}
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in config.items():
            archive.writestr(name, content)


def remove(file):
    file.unlink()


def break_weights(file):
    """Make a weight NaN inside the file, as older versions have saved it."""
    with zipfile.ZipFile(file) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    weights = io.BytesIO(contents["model.weights.h5"])
    with h5py.File(weights, "r+") as store:
        floats = []
        store.visititems(lambda _, item: floats.append(item) if getattr(item, "ndim", 0) == 4 else None)
        floats[0][0] = np.nan
    contents["model.weights.h5"] = weights.getvalue()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)


DAMAGES = (cut, empty, zero, lose_the_weights, remove, break_weights)


@pytest.mark.parametrize("damage", DAMAGES)
def test_newest_checkpoint_that_is_damaged_falls_back_to_the_one_before(run, damage, caplog):
    damage(run / "gan.keras")
    gan = fg.load_run(run, last=True)
    assert int(gan.epochs_done.numpy()) == 1
    assert "gan.keras" in caplog.text and "gan_1.keras is loaded, after epoch 1" in caplog.text


@pytest.mark.parametrize("damage", [cut, remove])
def test_run_that_fell_back_ends_as_one_that_nothing_happened_to(whole, run, damage, caplog):
    damage(run / "gan.keras")
    gan = fg.train(run, epochs=3, resume=True, verbose=0)
    assert "gan_1.keras is loaded" in caplog.text
    np.testing.assert_array_equal(gan.sample(4), fg.load_run(whole, last=True).sample(4))
    assert (run / "history.csv").read_bytes() == (whole / "history.csv").read_bytes()
    assert (run / "gan_damaged.keras").exists() == (damage is cut)
    epochs = [int(fg.load_gan(run / name).epochs_done.numpy()) for name in CHECKPOINTS[:2]]
    assert epochs == [3, 2], "the damaged one never counts as the one before"


@pytest.mark.parametrize("keep", [1, 3])
def test_the_last_checkpoints_are_kept(faces_folder, tmp_path, keep):
    fg.train(tmp_path / "run", epochs=4, keep=keep, data=str(faces_folder), **OPTIONS)
    kept = ["gan.keras", "gan_1.keras", "gan_2.keras", "gan_3.keras"][:keep]
    assert sorted(file.name for file in (tmp_path / "run").glob("gan*.keras")) == kept
    assert [int(fg.load_gan(tmp_path / "run" / name).epochs_done.numpy()) for name in kept] == [4, 3, 2, 1][:keep]


def test_best_epoch_is_what_is_left_to_go_on_from(run, caplog):
    for name in CHECKPOINTS[:2]:
        empty(run / name)
    best = int(fg.load_gan(run / "best.keras").epochs_done.numpy())
    gan = fg.train(run, epochs=3, resume=True, verbose=0)
    assert f"best.keras is loaded, after epoch {best}" in caplog.text
    assert int(gan.epochs_done.numpy()) == 3


def test_nothing_starts_again_where_epochs_are_lost(run):
    before = {file: (run / file).read_bytes() for file in ("options.json", "history.csv")}
    for name in CHECKPOINTS:
        empty(run / name)
    with pytest.raises(ValueError, match="gan.keras.*gan_1.keras.*best.keras"):
        fg.train(run, epochs=3, resume=True, verbose=0)
    for name in CHECKPOINTS:
        remove(run / name)
    with pytest.raises(FileNotFoundError, match="no checkpoint, although history.csv has 2 epochs"):
        fg.train(run, epochs=3, resume=True, verbose=0)
    with pytest.raises(FileNotFoundError, match="gan.keras"):
        fg.load_run(run)
    assert before == {file: (run / file).read_bytes() for file in before}


def test_a_run_that_has_lost_its_options_is_not_another_run(run):
    (run / "options.json").unlink()
    with pytest.raises(FileExistsError, match="gan.keras"):
        fg.train(run, recipe="modern")
    with pytest.raises(FileNotFoundError, match="options.json"):
        fg.train(run, recipe="modern", resume=True)
    assert not (run / "options.json").exists()


def test_checkpoint_of_another_recipe_leaves_the_options_alone(run):
    before = (run / "options.json").read_bytes()
    fg.RECIPES["udacity"].build(image_size=16).save(run / "gan.keras")
    with pytest.raises(ValueError, match="udacity.*options.json"):
        fg.train(run, epochs=3, resume=True, verbose=0)
    assert (run / "options.json").read_bytes() == before


def test_folder_that_is_being_trained_in_is_refused(run):
    pytest.importorskip("fcntl")
    before = sorted(run.rglob("*"))
    with only_process(run), pytest.raises(RuntimeError, match="another process"):
        fg.train(run, epochs=3, resume=True, verbose=0)
    assert sorted(run.rglob("*")) == before


@pytest.mark.parametrize("text", ["", "epoch,kid\n1,0"])
def test_run_goes_on_where_its_history_is_damaged(run, text, caplog):
    (run / "history.csv").write_text(text, encoding="utf-8")
    fg.train(run, epochs=3, resume=True, verbose=0)
    assert caplog.text.count("history.csv is damaged") == 1
    assert pd.read_csv(run / "history.csv")["epoch"].tolist() == [3]


def test_weights_that_are_nan_are_neither_saved_nor_loaded(tmp_path, caplog):
    recipe = fg.RECIPES["udacity"].override(image_size=16)
    gan = recipe.build()
    saves = [fg.Checkpoint(tmp_path / "gan.keras"), fg.Checkpoint(tmp_path / "best.keras", "g_loss")]
    gan.fit(small_batches(recipe, count=1), epochs=1, verbose=0, callbacks=saves)
    good = {file: file.read_bytes() for file in tmp_path.iterdir()}
    assert sorted(file.name for file in good) == ["best.keras", "gan.keras"]
    kernel = gan.generator.trainable_weights[0]
    kernel.assign(np.full(kernel.shape, np.nan))
    for save in saves:
        save.on_epoch_end(1, {"g_loss": -1e9})
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == good
    assert caplog.text.count("is NaN or infinite") == 2
    break_weights(tmp_path / "gan.keras")
    with pytest.raises(ValueError, match="gan.keras.*NaN"):
        fg.load_gan(tmp_path / "gan.keras")
