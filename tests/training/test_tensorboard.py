import importlib.util

import numpy as np
import pytest
import tensorflow as tf

import facegen_keras as fg
from batches import small_batches
from facegen_keras.training.tensorboard import keep_epochs

RECIPE = fg.RECIPES["fc_gan"].override(image_size=16, attributes=1, batch_size=8, dtype_policy="float32")
needs_tensorboard = pytest.mark.skipif(
    importlib.util.find_spec("tensorboard") is None, reason="TensorBoard is not installed"
)


def read(folder):
    """All that a log shows: a list of (tag, epoch, value), of scalars, and of the shapes of pictures."""
    shown = []
    for file in sorted(folder.glob("events.out.tfevents.*")):
        for event in map(tf.compat.v1.Event.FromString, tf.data.TFRecordDataset(str(file)).as_numpy_iterator()):
            for value in event.summary.value:
                array = tf.make_ndarray(value.tensor)
                shown.append((value.tag, event.step, tuple(map(int, array[:2])) if array.ndim else float(array)))
    return shown


def scalars(folder, tag="g_loss"):
    return [(epoch, value) for name, epoch, value in read(folder) if name == tag]


def fit(gan, folder, first, last, earlier=(), **options):
    grids = fg.SampleGrid(folder / "grids", count=4, **options)
    log = fg.TensorBoardLog(folder / "log", grids, earlier)
    faces = small_batches(RECIPE, count=2)
    return gan.fit(faces, initial_epoch=first, epochs=last, verbose=0, callbacks=[grids, log]).history


@needs_tensorboard
def test_epochs_are_logged_with_their_grids(tmp_path):
    history = fit(RECIPE.build(), tmp_path, 0, 3, every=2)
    logged = scalars(tmp_path / "log")
    assert [epoch for epoch, _ in logged] == [1, 2, 3]
    np.testing.assert_allclose([value for _, value in logged], history["g_loss"], rtol=1e-6)
    assert [epoch for epoch, _ in scalars(tmp_path / "log", "samples")] == [2, 3]
    assert {name for name, *_ in read(tmp_path / "log")} == {*history, "samples"}


@needs_tensorboard
def test_resumed_training_goes_on_in_the_same_log_without_epochs_twice(tmp_path):
    """Epochs 3 and 4 were logged, but the checkpoint is of epoch 2: they are trained, and logged, again."""
    gan, log = RECIPE.build(), tmp_path / "log"
    history = fit(gan, tmp_path, 0, 2)
    gan.save(tmp_path / "gan.keras")
    fit(gan, tmp_path, 2, 4)
    with open(sorted(log.iterdir())[-1], "ab") as file:
        file.write(b"cut off")
    loaded = fg.load_gan(tmp_path / "gan.keras")
    again = fit(loaded, tmp_path, 2, 4)
    assert [epoch for epoch, _ in scalars(log)] == [1, 2, 3, 4]
    assert [epoch for epoch, _ in scalars(log, "samples")] == [1, 2, 3, 4]
    np.testing.assert_allclose([value for _, value in scalars(log)], history["g_loss"] + again["g_loss"], rtol=1e-6)
    assert keep_epochs(log, 3) == {1, 2, 3} and [epoch for epoch, _ in scalars(log)] == [1, 2, 3]


@needs_tensorboard
def test_earlier_epochs_are_added_to_a_log_that_lacks_them(tmp_path):
    gan = RECIPE.build()
    gan.fit(small_batches(RECIPE, count=1), epochs=2, verbose=0)
    fit(gan, tmp_path, 2, 3, earlier=[{"epoch": 1, "g_loss": 0.5, "kid": float("nan")}, {"epoch": 2, "g_loss": 0.25}])
    assert scalars(tmp_path / "log")[:2] == [(1, 0.5), (2, 0.25)]
    assert scalars(tmp_path / "log", "kid") == [], "NaN was not measured"
    fit(gan, tmp_path, 3, 3)  # no epoch is left
    assert len(scalars(tmp_path / "log")) == 3


@needs_tensorboard
def test_grid_of_an_epoch_at_which_the_training_was_stopped(tmp_path):
    """`SampleGrid` draws it when the training ends."""
    gan, grids = RECIPE.build(), fg.SampleGrid(tmp_path / "grids", count=4, every=5)
    log = fg.TensorBoardLog(tmp_path / "log", grids)
    callbacks = [grids, log, fg.TimeBudget(1e-9)]
    gan.fit(small_batches(RECIPE, count=2), epochs=3, verbose=0, callbacks=callbacks)
    assert [epoch for epoch, _ in scalars(tmp_path / "log", "samples")] == [1]


@pytest.mark.slow
@needs_tensorboard
def test_one_switch_of_a_run_stays_on_when_it_is_resumed(tmp_path, faces_folder):
    options = {"recipe": "fc_gan", "image_size": 16, "attributes": ["Male"], "batch_size": 8, "verbose": 0}
    fg.train(tmp_path / "run", epochs=1, data=str(faces_folder), tensorboard=True, **options)
    fg.train(tmp_path / "run", epochs=2, resume=True, verbose=0)
    shown = read(tmp_path / "run" / "tensorboard")
    assert [epoch for tag, epoch, _ in shown if tag == "d_loss"] == [1, 2]
    assert [epoch for tag, epoch, _ in shown if tag == "samples"] == [1, 2]
    assert {"diversity", "d_real"} <= {tag for tag, *_ in shown}


@pytest.mark.skipif(importlib.util.find_spec("tensorboard") is not None, reason="TensorBoard is installed")
def test_without_tensorboard_a_run_says_what_to_install_and_leaves_nothing(tmp_path, faces_folder):
    with pytest.raises(ImportError, match="pip install tensorboard"):
        fg.train(tmp_path / "run", recipe="fc_gan", data=str(faces_folder), tensorboard=True)
    assert not list((tmp_path / "run").glob("*.*"))
