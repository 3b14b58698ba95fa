import logging

import keras
import pytest

import facegen_keras as fg
from batches import small_batches
from facegen_keras.training.callbacks import read_history

GOOD = {"diversity": 0.3, "kid": 0.1, "d_accuracy": 0.8}


def warnings_after(epochs, caplog, **options):
    watch = fg.CollapseWarning(**options)
    watch.on_train_begin()
    with caplog.at_level(logging.WARNING):
        for epoch, logs in enumerate(epochs):
            watch.on_epoch_end(epoch, logs)
    return [record.getMessage() for record in caplog.records]


@pytest.mark.parametrize(
    "bad, reason",
    [
        ({"diversity": 0.1}, "Epoch 3: the samples grow alike: diversity 0.10, after 0.30 in epoch 1"),
        ({"kid": 0.3}, "Epoch 3: the samples get worse: KID 0.300, after 0.100 in epoch 1"),
        ({"d_accuracy": 0.97}, "Epoch 3: the discriminator wins: it is right in 97% of the cases"),
    ],
)
def test_each_way_to_collapse_has_its_warning_once(bad, reason, caplog):
    messages = warnings_after([GOOD, GOOD, GOOD | bad, GOOD | bad], caplog)
    assert len(messages) == 1 and messages[0].startswith(reason)


def test_a_training_that_goes_well_is_not_warned_of(caplog):
    better = [{"diversity": 0.2 + i / 100, "kid": 0.5 / (i + 1), "d_accuracy": 0.75} for i in range(9)]
    rough = [{"kid": 0.002}, {"kid": 0.009, "diversity": float("nan")}, {}]
    assert warnings_after([*better, *rough], caplog) == []


def test_a_training_that_goes_on_is_compared_with_its_earlier_epochs(tmp_path, caplog):
    (tmp_path / "history.csv").write_text("epoch,kid,diversity\n1,0.1,0.3\n2,,\n3,0.01,0.9\n")
    earlier = read_history(tmp_path, epochs=2)
    assert [row["epoch"] for row in earlier] == [1, 2]
    messages = warnings_after([GOOD, GOOD | {"kid": 0.3}], caplog, earlier=earlier)
    assert len(messages) == 1 and "KID 0.300, after 0.100 in epoch 1" in messages[0]
    assert read_history(tmp_path / "none", epochs=2) == []


def test_a_best_epoch_by_a_log_that_nobody_makes_is_refused(tmp_path):
    with pytest.raises(ValueError, match="KID.*kid, d_accuracy"):
        fg.Checkpoint(tmp_path / "best.keras", monitor="KID").on_epoch_end(0, {"kid": 0.1, "d_accuracy": 0.8})


@pytest.mark.slow
def test_grid_of_the_last_epoch_is_always_drawn(tmp_path, faces_folder):
    gan = fg.RECIPES["dcgan2"].build(image_size=16)
    faces = fg.RECIPES["dcgan2"].override(image_size=16).load_faces(data=faces_folder, split="all", batch_size=8)
    gan.fit(faces, epochs=5, verbose=0, callbacks=[fg.SampleGrid(tmp_path, count=4, every=2, titles=True)])
    grids = sorted(path.name for path in (tmp_path / "dcgan2").iterdir())
    assert grids == ["epoch_002.png", "epoch_004.png", "epoch_005.png"]


@pytest.mark.slow
def test_diversity_stands_in_the_history(faces_folder):
    gan = fg.RECIPES["dcgan2"].build(image_size=16)
    faces = fg.RECIPES["dcgan2"].override(image_size=16).load_faces(data=faces_folder, split="all", batch_size=8)
    history = gan.fit(faces, epochs=2, verbose=0, callbacks=[fg.SampleDiversity(count=8)]).history
    assert len(history["diversity"]) == 2 and min(history["diversity"]) > 0


class StopAfter(keras.callbacks.Callback):
    """Stops the training at the end of an epoch, after the callbacks before it in the list."""

    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = epoch + 1 == self.epoch


def test_training_stopped_by_a_later_callback_has_its_last_grid(tmp_path):
    recipe = fg.RECIPES["udacity"].override(image_size=16)
    grids = fg.SampleGrid(tmp_path, count=2, every=10)
    recipe.build().fit(small_batches(recipe, count=1), epochs=9, verbose=0, callbacks=[grids, StopAfter(3)])
    assert [path.name for path in (tmp_path / "udacity").iterdir()] == ["epoch_003.png"]
