"""Faces as batches and as arrays."""

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import facegen_keras
from facegen_keras.data.attributes import ATTRIBUTES_5
from facegen_keras.data.celeba import load_arrays, load_faces
from facegen_keras.data.selection import FaceSet
from helpers import load_small, numbers_in, order_of, write_official

pytestmark = pytest.mark.usefixtures("own_cache")


def test_batches_are_what_they_promise(tiny_celeba):
    faces = load_faces(16, 3, ATTRIBUTES_5, data=tiny_celeba)
    assert len(faces) == 5
    batches = list(faces)
    assert len(batches) == 5
    for images, attributes in batches:
        assert images.shape == (3, 16, 16, 3) and images.dtype == tf.float32
        assert attributes.shape == (3, 5) and attributes.dtype == tf.float32
        for number, values in zip(numbers_in(images * 255), attributes.numpy()):
            assert values.tolist() == [number % 4 == 0, number % 2 == 0, 0, 0, 0]
    assert faces.element_spec[0].shape == (3, 16, 16, 3)


def test_image_size_may_be_height_and_width(tiny_celeba):
    assert next(iter(load_faces((24, 16), 4, data=tiny_celeba, crop=108)))[0].shape == (4, 24, 16, 3)


@pytest.mark.parametrize("low, high", [(0, 1), (-1, 1), (0, 255)])
def test_value_range(low, high, tmp_path):
    Image.new("RGB", (178, 218)).save(tmp_path / "black.png")
    Image.new("RGB", (178, 218), (255,) * 3).save(tmp_path / "white.png")
    images, _ = next(iter(load_faces(8, 2, data=tmp_path, value_range=(low, high), shuffle=False)))
    assert np.unique(images[0]).tolist() == [low] and np.unique(images[1]).tolist() == [high]


def test_last_batch_may_be_kept(tiny_celeba):
    faces = load_small(tiny_celeba, batch_size=8, drop_remainder=False, shuffle=False)
    assert [len(images) for images, _ in faces] == [8, 8, 4] and len(faces) == 3
    assert order_of(faces) == list(range(1, 21))


def test_batch_larger_than_the_set(tiny_celeba):
    with pytest.raises(ValueError, match="batch_size=64"):
        load_small(tiny_celeba, batch_size=64)
    for batch_size in (0, 2.5):
        with pytest.raises(ValueError, match="batch_size"):
            load_small(tiny_celeba, batch_size=batch_size)


def test_every_epoch_has_all_pictures_in_another_order(tiny_celeba):
    faces = load_small(tiny_celeba)
    epochs = [order_of(faces) for _ in range(3)]
    assert all(sorted(epoch) == list(range(1, 21)) for epoch in epochs)
    assert len(set(map(tuple, epochs))) == 3


@pytest.mark.slow
def test_the_same_seed_gives_the_same_epochs_in_another_process(tiny_celeba):
    options = {"images": 14, "random_select": 12, "balance": "Male", "flip": True, "seed": 5}
    faces = load_small(tiny_celeba, **options)
    here = [order_of(faces) for _ in range(2)]
    script = f"""
        import sys
        sys.path.insert(0, {str(Path(__file__).parents[1])!r})
        from helpers import load_small, order_of
        faces = load_small({str(tiny_celeba)!r}, **{options!r})
        print([order_of(faces) for _ in range(2)])
    """
    there = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        env=os.environ | {"PYTHONPATH": str(Path(facegen_keras.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert there.stdout.strip() == str(here)
    assert order_of(load_small(tiny_celeba, **options | {"seed": 6})) != here[0]


def test_next_epoch_is_the_one_that_it_is_told(tiny_celeba):
    options = {"random_select": 12, "flip": True}
    faces = load_small(tiny_celeba, **options)
    whole = [np.concatenate([images for images, _ in faces]) for _ in range(4)]
    resumed = load_small(tiny_celeba, **options)
    resumed.next_epoch.epoch = 2
    for epoch in (2, 3):
        np.testing.assert_array_equal(np.concatenate([images for images, _ in resumed]), whole[epoch])


def test_number_of_readers_changes_no_order(tiny_celeba):
    alone, many = (load_small(tiny_celeba, num_parallel_calls=readers) for readers in (1, 8))
    assert [order_of(alone) for _ in range(2)] == [order_of(many) for _ in range(2)]
    with pytest.raises(ValueError, match="num_parallel_calls"):
        load_small(tiny_celeba, num_parallel_calls=0)


def test_fit_sees_a_new_epoch_each_time(tiny_celeba):
    import keras

    class Seen(keras.Model):
        def train_step(self, data):
            seen.append(data[0])
            return {"loss": 0.0}

    seen = []
    model = Seen()
    model.compile(run_eagerly=True)
    model.fit(load_small(tiny_celeba), epochs=3, shuffle=False, verbose=0)
    epochs = [[n for images in seen[start : start + 5] for n in numbers_in(images)] for start in (0, 5, 10)]
    faces = load_small(tiny_celeba)
    assert epochs == [order_of(faces) for _ in range(3)]


def test_unknown_attribute_and_split(tiny_celeba):
    with pytest.raises(ValueError, match="did you mean 'Smiling'"):
        load_small(tiny_celeba, attributes=["Smilng"])
    with pytest.raises(ValueError, match="split"):
        load_small(tiny_celeba, split="training")


def test_flip_mirrors_about_half_drawn_anew_each_epoch(tmp_path):
    half = np.zeros((218, 178, 3), np.uint8)
    half[:, :89] = 255
    for number in range(40):
        Image.fromarray(half).save(tmp_path / f"{number:02d}.png")
    faces = load_faces(8, 8, data=tmp_path, flip=True, shuffle=False)
    epochs = [np.concatenate([images[:, 0, 0, 0] for images, _ in faces]) for _ in range(2)]
    for lit in epochs:
        assert set(lit) == {0, 1} and 8 <= lit.sum() <= 32
    assert (epochs[0] != epochs[1]).any()
    assert all((images[:, 0, 0, 0] == 1).numpy().all() for images, _ in load_faces(8, 8, data=tmp_path))


def test_flip_keeps_pictures_in_their_places(tmp_path):
    write_official(tmp_path / "celeba")
    plain = load_small(tmp_path / "celeba", attributes="Smiling", seed=3)
    flipped = load_small(tmp_path / "celeba", attributes="Smiling", seed=3, flip=True)
    for (images, attributes), (mirrored, same) in zip(plain, flipped):
        assert numbers_in(images) == numbers_in(mirrored) and (attributes == same).numpy().all()


def test_load_arrays_draws_by_seed(tiny_celeba):
    pictures, table = load_arrays(6, 8, ["Smiling", "Male"], data=tiny_celeba, split="all", seed=1)
    assert pictures.shape == (6, 8, 8, 3) and pictures.dtype == np.uint8
    assert table["Smiling"].tolist() == [int(n % 2 == 0) for n in numbers_in(pictures)]
    assert table.index.tolist() == [f"{n:06d}.jpg" for n in numbers_in(pictures)]
    again = load_arrays(6, 8, data=tiny_celeba, split="all", seed=1)[0]
    other = load_arrays(6, 8, data=tiny_celeba, split="all", seed=2)[0]
    assert (again == pictures).all() and (other != pictures).any()
    assert len(load_arrays(21, 8, data=tiny_celeba, split="all")[0]) == 20


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the memory use from Linux' /proc")
def test_pictures_stay_on_disk(tmp_path, monkeypatch):
    def memory():
        return int(re.search(r"RssAnon:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="utf-8"))[1]) / 1e6

    count = 202_599
    array = np.lib.format.open_memmap(tmp_path / "large.npy", "w+", np.uint8, (count, 64, 64, 3))  # sparse on disk
    array[-1] = 7
    array.flush()
    pictures = np.load(tmp_path / "large.npy", mmap_mode="r")
    rows = np.arange(count)
    faces = FaceSet(rows.astype(str), pictures, np.zeros((count, 0), np.float32), (), rows, None)
    monkeypatch.setattr("facegen_keras.data.celeba.open_faces", lambda *args, **kwargs: faces)
    before = memory()
    for options in ({}, {"flip": True}):
        batches = load_faces(value_range=(0, 255), **options).take(20)
        assert sum(int(tf.reduce_sum(images)) for images, _ in batches.prefetch(1)) in (0, 7 * 64 * 64 * 3)
    assert memory() - before < 0.5  # GB; the array has 2.5
    faces.rows[:-1] = count - 1
    assert next(iter(load_faces(value_range=(0, 255))))[0].numpy().min() == 7
