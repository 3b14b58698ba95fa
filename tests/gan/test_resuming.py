"""An epoch that was interrupted goes on at the next batch, and ends as if nothing had happened."""

import keras
import numpy as np
import pytest

import facegen_keras as fg

pytestmark = pytest.mark.slow  # every test trains

RECIPE = fg.RECIPES["modern"].override(image_size=16, attributes=["Male"], batch_size=4, schedule=fg.DecayRatio(1))


class Interrupt(keras.callbacks.Callback):
    """Ends a training as Ctrl-C does, after one batch of an epoch, or at its end."""

    def __init__(self, epoch, batch=None):
        super().__init__()
        self.place, self.epoch = (epoch, batch), None

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if (self.epoch, batch) == self.place:
            raise KeyboardInterrupt

    def on_epoch_end(self, epoch, logs=None):
        if (epoch, None) == self.place:
            raise KeyboardInterrupt


def load_faces(folder):
    return RECIPE.load_faces(data=folder, random_select=20, seed=3)  # 5 batches


def train(gan, folder, initial_epoch=0, interrupted_at=None, callbacks=()):
    stop = [Interrupt(*interrupted_at)] if interrupted_at else []
    options = {"initial_epoch": initial_epoch, "epochs": 3, "verbose": 0}
    return gan.fit(load_faces(folder), callbacks=[*callbacks, *stop], **options).history


def assert_same(gan, other):
    for weight, same in zip(gan.weights, other.weights, strict=True):
        np.testing.assert_array_equal(weight.numpy(), same.numpy(), err_msg=weight.path)
    np.testing.assert_array_equal(gan.sample(4), other.sample(4))


@pytest.fixture(scope="module")
def whole(faces_folder):
    """A training that nothing has happened to, and its logs."""
    gan = RECIPE.build()
    return gan, train(gan, faces_folder)


@pytest.mark.parametrize("from_file, places", [(False, [(0, 0), (0, 4), (1, None), (2, 2)]), (True, [(0, 4), (2, 2)])])
def test_interrupted_epochs_go_on_at_the_next_batch(from_file, places, whole, faces_folder, tmp_path):
    """In the same process, as in a notebook, or from a file: after the first batch, or the last, or the epoch's end."""
    gan = RECIPE.build()
    for place in places:
        with pytest.raises(KeyboardInterrupt):
            train(gan, faces_folder, int(gan.epochs_done.numpy()), place)
        if from_file:
            gan.save(tmp_path / "gan.keras")
            gan = fg.load_gan(tmp_path / "gan.keras")
    logs = train(gan, faces_folder, int(gan.epochs_done.numpy()))
    assert_same(gan, whole[0])
    assert logs == {name: values[2:] for name, values in whole[1].items()}


@pytest.mark.parametrize("save_freq, place", [pytest.param("epoch", (2, 1), marks=pytest.mark.proof), (2, (1, 4))])
def test_keras_own_backup_goes_on_with_the_right_faces(save_freq, place, whole, faces_folder, tmp_path):
    def backup():
        return keras.callbacks.BackupAndRestore(tmp_path / "backup", save_freq=save_freq)

    with pytest.raises(KeyboardInterrupt):
        train(RECIPE.build(), faces_folder, interrupted_at=place, callbacks=[backup()])
    gan = RECIPE.build()
    for weight in gan.weights:
        weight.assign(np.zeros_like(weight.numpy()))  # nothing is left but what comes from the backup
    train(gan, faces_folder, callbacks=[backup()])
    assert_same(gan, whole[0])


def test_another_epoch_than_the_interrupted_one_begins_at_its_first_batch(faces_folder):
    gan = RECIPE.build()
    with pytest.raises(KeyboardInterrupt):
        train(gan, faces_folder, interrupted_at=(1, 2))
    assert int(gan.steps_done.numpy()) == 8
    train(gan, faces_folder, initial_epoch=2)
    assert int(gan.steps_done.numpy()) == 13 and int(gan.batches_done.numpy()) == 0


def test_an_epoch_that_grew_shorter_begins_anew(faces_folder):
    gan = RECIPE.build()
    with pytest.raises(KeyboardInterrupt):
        train(gan, faces_folder, interrupted_at=(0, 3))
    larger = RECIPE.load_faces(data=faces_folder, random_select=20, batch_size=10, seed=3)
    gan.fit(larger, epochs=1, verbose=0)
    assert int(gan.steps_done.numpy()) == 4 + 2


def test_looking_at_faces_before_training_changes_nothing(whole, faces_folder):
    gan, faces = RECIPE.build(), load_faces(faces_folder)
    next(iter(faces))
    gan.fit(faces, epochs=3, verbose=0)
    assert_same(gan, whole[0])
