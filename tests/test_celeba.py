import collections
import json
import logging
import os
import re
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import conftest
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from conftest import numbers_in, write_official
from PIL import Image

import facegen_keras
from facegen_keras import download, picture_cache
from facegen_keras.attributes import ATTRIBUTES, ATTRIBUTES_5
from facegen_keras.celeba import load_arrays, load_attributes, load_faces, load_partition
from facegen_keras.download import download_celeba
from facegen_keras.face_set import FaceSet
from facegen_keras.layouts import find_data, find_layout, say_once
from facegen_keras.picture_cache import load_pictures, read_picture

pytestmark = pytest.mark.usefixtures("own_cache")


def small(data, batch_size=4, **options):
    """load_faces at 8x8 in 0..255, of all pictures."""
    return load_faces(8, batch_size, **{"data": data, "split": "all", "value_range": (0, 255)} | options)


def order(faces):
    """The numbers of the pictures in the next epoch."""
    return [number for images, _ in faces for number in numbers_in(images)]


def replace_line(file, number, change):
    lines = file.read_text().splitlines()
    lines[number - 1] = change(lines[number - 1])
    file.write_text("\n".join(lines) + "\n")


# Layouts


@pytest.mark.parametrize("layout", ["official", "kaggle", "torchvision"])
def test_layouts_give_the_same_faces(layout, tmp_path):
    root = getattr(conftest, f"write_{layout}")(tmp_path / "data")
    pictures, table = load_arrays(image_size=8, attributes=40, data=root, split="all")
    assert numbers_in(pictures) == list(range(1, 21))
    assert list(table.columns) == list(ATTRIBUTES)
    assert table["Male"].tolist() == [int(i % 4 == 0) for i in range(1, 21)]
    assert table["Smiling"].tolist() == [int(i % 2 == 0) for i in range(1, 21)]
    assert [len(load_arrays(image_size=8, data=root, split=s)[0]) for s in ("train", "valid", "test")] == [16, 2, 2]


def test_layout_is_found_from_the_folder_of_pictures_and_from_above(tmp_path):
    kaggle = conftest.write_kaggle(tmp_path / "data" / "unpacked")
    assert find_layout(kaggle / "img_align_celeba" / "img_align_celeba") == find_layout(kaggle)
    assert find_layout(kaggle.parent) == find_layout(kaggle)
    assert find_layout(kaggle).attribute_file == kaggle / "list_attr_celeba.csv"


def test_plain_folder_has_pictures_of_all_kinds_and_no_attributes(tmp_path):
    root = conftest.write_plain(tmp_path / "plain")
    faces = small(root, split="train", batch_size=20)
    images, attributes = next(iter(faces))
    assert sorted(numbers_in(images)) == list(range(1, 21))
    assert attributes.shape == (20, 0) and attributes.dtype == tf.float32
    with pytest.raises(FileNotFoundError, match="list_attr_celeba.*attributes=None"):
        small(root, attributes="Male")
    with pytest.raises(FileNotFoundError, match="split='valid' needs list_eval_partition"):
        small(root, split="valid")


def test_tensorflow_datasets(tmp_path):
    tfds = pytest.importorskip("tensorflow_datasets")

    class CelebA(tfds.core.GeneratorBasedBuilder):
        VERSION = tfds.core.Version("2.1.0")

        def _info(self):
            flags = dict.fromkeys(ATTRIBUTES, np.bool_)
            image = tfds.features.Image(shape=(218, 178, 3), encoding_format="jpeg")
            features = tfds.features.FeaturesDict(
                {"image": image, "attributes": flags, "landmarks": {"nose_x": np.int64}}
            )
            return tfds.core.DatasetInfo(builder=self, features=features)

        def _split_generators(self, dl_manager):
            spans = {"train": range(1, 9), "validation": range(9, 11), "test": range(11, 14)}
            return {split: self._generate_examples(span) for split, span in spans.items()}

        def _generate_examples(self, span):
            for i in span:
                flags = {name: name == "Male" and i % 2 == 0 for name in ATTRIBUTES}
                image = np.full((218, 178, 3), conftest.grey_of(i), np.uint8)
                yield i, {"image": image, "attributes": flags, "landmarks": {"nose_x": 0}}

    root = tmp_path / "tensorflow_datasets"
    root.mkdir()
    CelebA(data_dir=root).download_and_prepare()
    for folder in (root, root / "celeb_a", root / "celeb_a" / "2.1.0"):
        pictures, table = load_arrays(image_size=8, attributes="Male", data=folder, split="all")
        assert sorted(numbers_in(pictures)) == list(range(1, 14))
        assert table["Male"].tolist() == [int(i % 2 == 0) for i in numbers_in(pictures)]
    assert sorted(order(small(root, split="valid", batch_size=2))) == [9, 10]


def test_no_picture_and_no_folder(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="empty: no picture.*Give the folder"):
        small(tmp_path / "empty")
    (tmp_path / "empty" / "img_align_celeba.zip").write_bytes(b"")
    with pytest.raises(FileNotFoundError, match="Unpack .*img_align_celeba.zip first"):
        small(tmp_path / "empty")
    with pytest.raises(FileNotFoundError, match="nowhere.*no such folder.*unset FACEGEN_DATA"):
        small(tmp_path / "nowhere")


def test_find_data_goes_from_argument_to_environment_to_working_directory(tmp_path, monkeypatch, caplog):
    caplog.set_level(logging.INFO)
    say_once.cache_clear()
    for name in ("argument", "environment"):
        (tmp_path / name).mkdir()
    Path("data/celeba").mkdir(parents=True)
    assert find_data().resolve() == Path("data/celeba").resolve()
    monkeypatch.setenv("FACEGEN_DATA", str(tmp_path / "environment"))
    assert find_data() == tmp_path / "environment"
    assert find_data(str(tmp_path / "argument")) == tmp_path / "argument"
    assert "FACEGEN_DATA=" in caplog.text and "Faces: data/celeba" in caplog.text
    monkeypatch.setenv("FACEGEN_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(FileNotFoundError, match="FACEGEN_DATA=.*nowhere"):
        find_data()


def test_without_any_data_the_sample_faces_are_drawn_once(own_cache, monkeypatch):
    monkeypatch.setattr("facegen_keras.layouts.SAMPLE_FACES", 10)
    folder = find_data()
    assert own_cache in folder.parents
    drawn = folder.joinpath("img_align_celeba", "000001.jpg").stat().st_mtime_ns
    images, attributes = next(iter(load_faces(16, 4, ATTRIBUTES_5, split="all")))
    assert images.shape == (4, 16, 16, 3) and attributes.shape == (4, 5)
    assert folder.joinpath("img_align_celeba", "000001.jpg").stat().st_mtime_ns == drawn


# Tables

BROKEN_TABLES = {
    "a row short of a value": (7, lambda line: line.rsplit(None, 1)[0], r"line 7 \(000005.jpg\): found 39 values"),
    "a row with a value too many": (7, lambda line: line + " 1", r"line 7 \(000005.jpg\): found 41 values"),
    "a value that is none": (4, lambda line: line[:-2] + " 2", r"line 4 \(000002.jpg\): value 40 is '2'"),
    "a word for a value": (4, lambda line: line[:-2] + "yes", r"line 4 \(000002.jpg\): value 40 is 'yes'"),
    "a huge value": (4, lambda line: line[:-2] + "9" * 30, r"line 4 \(000002.jpg\): value 40 is '9+'"),
    "a picture twice": (
        9,
        lambda line: line.replace("000007", "000003"),
        r"line 9 \(000003.jpg\): line 5 has the same",
    ),
    "no count": (1, lambda line: "celeba", r"line 1: found 'celeba', expected the number"),
    "another count": (1, lambda line: "21", r"line 1: it announces 21 rows, but 20 follow"),
    "an unknown attribute": (2, lambda line: line.replace("Male", "Mael"), r"line 2: .*'Mael'"),
    "an attribute less": (
        2,
        lambda line: line.replace("Male ", ""),
        r"line 3 \(000001.jpg\): found 40 values, expected 39",
    ),
    "a header that is a row": (2, lambda line: "000001.jpg " + "1 " * 40, r"line 2: the header must name"),
    "an empty header": (2, lambda line: "", r"line 2: found no attribute name"),
}


@pytest.mark.parametrize("name", BROKEN_TABLES)
def test_broken_attribute_file_is_named_with_its_line(name, celeba):
    number, change, message = BROKEN_TABLES[name]
    replace_line(celeba / "list_attr_celeba.txt", number, change)
    with pytest.raises(ValueError, match=r"list_attr_celeba.txt.*" + message):
        load_attributes(celeba)


def test_broken_csv_and_partition_are_named_with_their_lines(tmp_path):
    root = conftest.write_kaggle(tmp_path / "data")
    replace_line(root / "list_eval_partition.csv", 6, lambda line: line[:-1] + "3")
    with pytest.raises(ValueError, match=r"list_eval_partition.csv, line 6 \(000005.jpg\): value 1 is '3'"):
        load_partition(root)
    replace_line(root / "list_attr_celeba.csv", 3, lambda line: line.replace(",-1", ",", 1))
    with pytest.raises(ValueError, match=r"list_attr_celeba.csv, line 3 \(000002.jpg\): value 1 is ''"):
        load_attributes(root)


def test_values_of_0_are_read_as_no(celeba):
    expected = load_attributes(celeba)
    file = celeba / "list_attr_celeba.txt"
    file.write_text(file.read_text().replace("-1", "0"))
    pd.testing.assert_frame_equal(load_attributes(celeba), expected)
    assert set(np.unique(expected)) == {0, 1}


def test_rows_without_picture_and_pictures_without_row_are_counted(celeba, caplog):
    caplog.set_level(logging.INFO)
    for number in (1, 2, 3):
        (celeba / "img_align_celeba" / f"{number:06d}.jpg").unlink()
    Image.new("RGB", (178, 218), (208,) * 3).save(celeba / "img_align_celeba" / "000026.jpg")
    assert sorted(order(small(celeba, batch_size=17, attributes="Male"))) == list(range(4, 21))
    assert "3 of 20 rows have no picture" in caplog.text
    assert "no row for 1 pictures, left out, such as 000026.jpg" in caplog.text
    assert sorted(order(small(celeba, batch_size=18))) == [*range(4, 21), 26]
    assert len(load_attributes(celeba)) == 20 and len(load_attributes(celeba, with_pictures=True)) == 17
    assert load_attributes(celeba, split="valid").index.tolist() == ["000009.jpg", "000019.jpg"]


def test_tables_of_other_pictures_are_refused(celeba):
    for picture in (celeba / "img_align_celeba").iterdir():
        picture.rename(picture.with_name("x" + picture.name))
    with pytest.raises(ValueError, match="none of the 20 pictures"):
        small(celeba, attributes="Male")


def test_full_size_table_is_read(tmp_path):
    count = 202_599
    rows = "".join(f"{i:06d}.jpg" + " -1  1" * 20 + "\n" for i in range(1, count + 1))
    file = tmp_path / "list_attr_celeba.txt"
    file.write_text(f"{count}\n{' '.join(ATTRIBUTES)}\n{rows}")
    Image.new("RGB", (178, 218)).save(tmp_path / "000001.jpg")
    table = load_attributes(tmp_path)
    assert table.shape == (count, 40) and table["Young"].all() and not table["5_o_Clock_Shadow"].any()


# Pictures


def test_crop_takes_exactly_the_centred_box(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (218, 178, 3), dtype=np.uint8)
    file = tmp_path / "picture.png"
    Image.fromarray(pixels).save(file)
    np.testing.assert_array_equal(read_picture(file, 148, 148), pixels[35:183, 15:163])
    np.testing.assert_array_equal(read_picture(file, 108, 108), pixels[55:163, 35:143])
    np.testing.assert_array_equal(read_picture(file, (198, 132), 132), pixels[10:208, 23:155])
    np.testing.assert_array_equal(read_picture(file, (218, 178), None), pixels)


def test_crop_scales_with_the_picture(tmp_path):
    pixels = np.zeros((436, 356, 3), np.uint8)
    pixels[70:366, 30:326] = 255
    file = tmp_path / "double.png"
    Image.fromarray(pixels).save(file)
    assert read_picture(file, 64, 148).min() == 255
    assert read_picture(file, 64, 152)[0].max() < 255
    Image.fromarray(pixels).resize((59, 73), Image.Resampling.BOX).save(file)  # a box of no whole number of pixels
    assert read_picture(file, 32, 140).min() > 250


def test_resize_is_antialiased(tmp_path):
    stripes = np.zeros((218, 178, 3), np.uint8)
    stripes[:, ::2] = 255
    file = tmp_path / "stripes.png"
    Image.fromarray(stripes).save(file)
    assert np.ptp(read_picture(file, 37, 148).astype(int)) < 30  # every fourth pixel alone would be all black or white


@pytest.mark.parametrize("crop, size", [(0, 64), (179, 64), (178, (128, 64)), (-148, 64)])
def test_crop_that_does_not_fit(crop, size, tiny_celeba):
    with pytest.raises(ValueError, match=rf"crop={crop} .*178 x 218"):
        load_faces(size, 4, data=tiny_celeba, crop=crop)


@pytest.mark.parametrize("size", [0, -1, (64,), "64", 6.5])
def test_image_size_that_is_none(size, tiny_celeba):
    with pytest.raises(ValueError, match="image_size=.*expected a positive int"):
        load_faces(size, 4, data=tiny_celeba)


def test_every_mode_becomes_rgb_and_is_counted(tmp_path, own_cache):
    folder = tmp_path / "modes"
    folder.mkdir()
    colour = Image.new("RGB", (178, 218), (200, 100, 50))
    for mode, kind in (("L", "jpg"), ("CMYK", "jpg"), ("P", "png"), ("RGBA", "png"), ("1", "png"), ("I;16", "png")):
        if mode == "I;16":
            picture = Image.fromarray(np.full((218, 178), 128 * 257, np.uint16))
        else:
            picture = colour.convert(mode)
        picture.save(folder / f"{mode[0]}.{kind}")
    pictures, decoded = load_pictures(find_layout(folder), 8)
    by_name = dict(zip(find_layout(folder).names, pictures[:, 4, 4].astype(int)))
    assert decoded.all()
    np.testing.assert_allclose(by_name["C.jpg"], (200, 100, 50), atol=6)
    np.testing.assert_allclose(by_name["R.png"], (200, 100, 50))
    np.testing.assert_allclose(by_name["L.jpg"], 124, atol=2)
    np.testing.assert_allclose(by_name["I.png"], 128)
    mended = json.loads(next(own_cache.glob("*.json")).read_text())["mended"]
    assert sum(mended.values()) == 6 and mended["CMYK to RGB"] == 1


def test_exif_orientation_is_honoured(tmp_path):
    upright = np.zeros((218, 178, 3), np.uint8)
    upright[:109] = 255
    exif = Image.Exif()
    exif[0x0112] = 3  # stored upside down
    Image.fromarray(upright[::-1]).save(tmp_path / "turned.jpg", exif=exif)
    picture = read_picture(tmp_path / "turned.jpg", 8)
    assert picture[0].min() > 250 and picture[-1].max() < 5


def test_broken_pictures_are_left_out_by_name(celeba, caplog):
    pictures = celeba / "img_align_celeba"
    (pictures / "000003.jpg").write_bytes((pictures / "000003.jpg").read_bytes()[:900])
    (pictures / "000004.jpg").write_bytes(b"")
    (pictures / "000005.jpg").write_text("<html>not found</html>")
    for _ in range(2):  # decoded now, then read from the cache
        caplog.clear()
        assert sorted(order(small(celeba, batch_size=17))) == [1, 2, *range(6, 21)]
        assert "3 pictures cannot be decoded" in caplog.text
        assert all(name in caplog.text for name in ("000003.jpg", "000004.jpg", "000005.jpg"))


def test_more_than_half_broken_is_an_error(celeba, own_cache):
    for picture in sorted((celeba / "img_align_celeba").iterdir())[:11]:
        picture.write_bytes(b"")
    with pytest.raises(ValueError, match="11 of 20 pictures cannot be decoded, such as 000001.jpg"):
        small(celeba)
    assert not list(own_cache.iterdir())


# The cache


def count_decodings(monkeypatch):
    seen = []
    decode = picture_cache._decode

    def counted(source, size, crop):
        seen.append(source)
        return decode(source, size, crop)

    monkeypatch.setattr(picture_cache, "_decode", counted)
    return seen


def test_pictures_are_decoded_once_for_all_splits_and_selections(tiny_celeba, monkeypatch, own_cache):
    decoded = count_decodings(monkeypatch)
    faces = small(tiny_celeba)
    order(faces), order(faces)
    small(tiny_celeba, attributes=5, split="train"), small(tiny_celeba, balance="Male", random_select=8)
    assert len(decoded) == 20
    small(tiny_celeba, crop=108)
    assert len(decoded) == 40
    arrays = [np.load(file, mmap_mode="r") for file in own_cache.glob("*.npy")]
    assert [(array.shape, array.dtype) for array in arrays] == [((20, 8, 8, 3), np.uint8)] * 2


def test_changed_picture_is_decoded_again_and_stale_files_go(celeba, own_cache):
    small(celeba), small(celeba, crop=108)
    before = set(own_cache.iterdir())
    Image.new("RGB", (178, 218), (240,) * 3).save(celeba / "img_align_celeba" / "000001.jpg")
    assert sorted(order(small(celeba))) == [*range(2, 21), 30]
    after = set(own_cache.iterdir())
    assert len(before) == len(after) == 4 and len(before & after) == 2


def test_interrupted_build_leaves_nothing_taken_for_complete(tiny_celeba, own_cache, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(picture_cache, "CHUNK", 5)
        calls = count_decodings(patch)

        def stop(*args, count=picture_cache._decode):
            if len(calls) > 11:
                raise KeyboardInterrupt
            return count(*args)

        patch.setattr(picture_cache, "_decode", stop)
        with pytest.raises(KeyboardInterrupt):
            small(tiny_celeba)
    assert not list(own_cache.iterdir())
    assert sorted(order(small(tiny_celeba))) == list(range(1, 21))


def test_array_without_its_report_or_cut_short_is_made_again(tiny_celeba, own_cache):
    small(tiny_celeba)
    array, report = next(own_cache.glob("*.npy")), next(own_cache.glob("*.json"))
    text = report.read_text()
    report.unlink()
    np.save(array, np.zeros((20, 8, 8, 3), np.uint8))
    assert sorted(order(small(tiny_celeba))) == list(range(1, 21))
    assert report.read_text() == text
    array.write_bytes(array.read_bytes()[:500])
    assert sorted(order(small(tiny_celeba))) == list(range(1, 21))


def test_what_a_killed_build_left_is_deleted_but_not_a_build_under_way(tiny_celeba, own_cache):
    small(tiny_celeba)
    array = next(own_cache.glob("*.npy"))
    left, growing = array.with_suffix(".1.tmp"), array.with_suffix(".2.tmp")
    array.rename(left)
    os.utime(left, (0, 0))
    growing.write_bytes(b"")
    assert sorted(order(small(tiny_celeba))) == list(range(1, 21))
    assert array.exists() and growing.exists() and not left.exists()


def test_two_builds_at_once_both_succeed(tiny_celeba, own_cache):
    results = []
    threads = [threading.Thread(target=lambda: results.append(sorted(order(small(tiny_celeba))))) for _ in range(3)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert results == [list(range(1, 21))] * 3
    assert {file.suffix for file in own_cache.iterdir()} == {".npy", ".json"}


def test_full_disk_is_refused_before_writing(tiny_celeba, own_cache, monkeypatch):
    usage = collections.namedtuple("usage", "total used free")(1, 1, 100)
    monkeypatch.setattr(picture_cache.shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(OSError, match="20 decoded pictures need .*set FACEGEN_CACHE"):
        small(tiny_celeba)
    assert not list(own_cache.iterdir())


def test_cache_folder_that_cannot_be_made(tmp_path, tiny_celeba, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FACEGEN_CACHE", str(tmp_path / "file"))
    with pytest.raises(OSError, match="set FACEGEN_CACHE to a writable folder"):
        small(tiny_celeba)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the memory use from Linux' /proc")
def test_pictures_stay_on_disk(tmp_path, monkeypatch):
    def memory():
        return int(re.search(r"RssAnon:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]) / 1e6

    count = 202_599
    array = np.lib.format.open_memmap(tmp_path / "large.npy", "w+", np.uint8, (count, 64, 64, 3))  # sparse on disk
    array[-1] = 7
    array.flush()
    pictures = np.load(tmp_path / "large.npy", mmap_mode="r")
    rows = np.arange(count)
    faces = FaceSet(rows.astype(str), pictures, np.zeros((count, 0), np.float32), (), rows, None)
    monkeypatch.setattr("facegen_keras.celeba.open_faces", lambda *settings: faces)
    before = memory()
    for options in ({}, {"flip": True}):
        batches = load_faces(value_range=(0, 255), **options).take(20)
        assert sum(int(tf.reduce_sum(images)) for images, _ in batches.prefetch(1)) in (0, 7 * 64 * 64 * 3)
    assert memory() - before < 0.5  # GB; the array has 2.5
    faces.rows[:-1] = count - 1
    assert next(iter(load_faces(value_range=(0, 255))))[0].numpy().min() == 7


# Batches


def python_environment():
    return os.environ | {"PYTHONPATH": str(Path(facegen_keras.__file__).parents[1])}


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
    faces = small(tiny_celeba, batch_size=8, drop_remainder=False, shuffle=False)
    assert [len(images) for images, _ in faces] == [8, 8, 4] and len(faces) == 3
    assert order(faces) == list(range(1, 21))


def test_batch_larger_than_the_set(tiny_celeba):
    with pytest.raises(ValueError, match="batch_size=64 is more than the 20 pictures"):
        small(tiny_celeba, batch_size=64)
    with pytest.raises(ValueError, match="batch_size=0"):
        small(tiny_celeba, batch_size=0)


def test_every_epoch_has_all_pictures_in_another_order(tiny_celeba):
    faces = small(tiny_celeba)
    epochs = [order(faces) for _ in range(3)]
    assert all(sorted(epoch) == list(range(1, 21)) for epoch in epochs)
    assert len(set(map(tuple, epochs))) == 3


def test_the_same_seed_gives_the_same_epochs_in_another_process(tiny_celeba):
    options = {"random_select": 12, "balance": "Male", "flip": True, "seed": 5}
    faces = small(tiny_celeba, **options)
    here = [order(faces) for _ in range(2)]
    script = f"""
        import sys
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        import test_celeba as t
        faces = t.small({str(tiny_celeba)!r}, **{options!r})
        print([t.order(faces) for _ in range(2)])
    """
    there = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        env=python_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert there.stdout.strip() == str(here)
    assert order(small(tiny_celeba, **options | {"seed": 6})) != here[0]


def test_first_epoch_goes_on_where_a_run_stopped(tiny_celeba):
    options = {"random_select": 12, "flip": True}
    faces = small(tiny_celeba, **options)
    whole = [np.concatenate([images for images, _ in faces]) for _ in range(4)]
    resumed = small(tiny_celeba, first_epoch=2, **options)
    for epoch in (2, 3):
        np.testing.assert_array_equal(np.concatenate([images for images, _ in resumed]), whole[epoch])


def test_fit_sees_a_new_epoch_each_time(tiny_celeba):
    import keras

    class Seen(keras.Model):
        def train_step(self, data):
            seen.append(data[0])
            return {"loss": 0.0}

    seen = []
    model = Seen()
    model.compile(run_eagerly=True)
    model.fit(small(tiny_celeba), epochs=3, verbose=0)
    epochs = [[n for images in seen[start : start + 5] for n in numbers_in(images)] for start in (0, 5, 10)]
    faces = small(tiny_celeba)
    assert epochs == [order(faces) for _ in range(3)]


def test_random_select_is_fresh_each_epoch_and_without_repeats(tiny_celeba):
    faces = small(tiny_celeba, random_select=8)
    epochs = [order(faces) for _ in range(12)]
    assert len(faces) == 2 and all(len(set(epoch)) == 8 for epoch in epochs)
    assert len({frozenset(epoch) for epoch in epochs}) > 6
    assert set().union(*epochs) == set(range(1, 21))


def test_random_select_of_too_many(tiny_celeba):
    with pytest.raises(ValueError, match="random_select=10,000: there are 20 pictures"):
        small(tiny_celeba, random_select=10_000)
    with pytest.raises(ValueError, match="random_select=0"):
        small(tiny_celeba, random_select=0)
    assert len(small(tiny_celeba, at_most=10_000)) == 5 and len(small(tiny_celeba, at_most=8)) == 2


def test_balance_makes_both_values_equally_frequent(tiny_celeba):
    faces = small(tiny_celeba, attributes="Male", balance="Male", batch_size=2)
    for _ in range(2):
        count = collections.Counter(order(faces))
        assert sum(count.values()) == 30 and sum(n for i, n in count.items() if i % 4 == 0) == 15
        assert all(n == (3 if i % 4 == 0 else 1) for i, n in count.items()) and len(count) == 20
    assert sum(float(tf.reduce_sum(attributes)) for _, attributes in faces) == 15


def test_balance_within_random_select_repeats_only_when_the_rare_run_out(tiny_celeba):
    few = collections.Counter(order(small(tiny_celeba, balance="Male", random_select=8)))
    assert sorted(few.values()) == [1] * 8 and sum(i % 4 == 0 for i in few) == 4
    many = collections.Counter(order(small(tiny_celeba, balance="Male", random_select=16)))
    assert sorted(n for i, n in many.items() if i % 4 == 0) == [1, 1, 2, 2, 2]
    assert sum(n for i, n in many.items() if i % 4) == 8


@pytest.mark.parametrize("name, message", [("Mael", "Male"), ("Bald", "it is 0 in all 20"), (5, "one attribute")])
def test_balance_of_what_cannot_be_balanced(name, message, tiny_celeba):
    with pytest.raises(ValueError, match=message):
        small(tiny_celeba, balance=name)


def test_unknown_attribute_and_split(tiny_celeba):
    with pytest.raises(ValueError, match="did you mean 'Smiling'"):
        small(tiny_celeba, attributes=["Smilng"])
    with pytest.raises(ValueError, match="split='training': expected one of train"):
        small(tiny_celeba, split="training")


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
    plain = small(tmp_path / "celeba", attributes="Smiling", seed=3)
    flipped = small(tmp_path / "celeba", attributes="Smiling", seed=3, flip=True)
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
    with pytest.raises(ValueError, match="count=21: there are 20"):
        load_arrays(21, 8, data=tiny_celeba, split="all")


def test_load_partition(tiny_celeba):
    assert load_partition(tiny_celeba).value_counts().to_dict() == {"train": 16, "valid": 2, "test": 2}


# Download


def test_download_puts_a_complete_set_in_its_place(tmp_path, monkeypatch):
    arrived = conftest.write_kaggle(tmp_path / "kaggle")
    fetched = []
    monkeypatch.setattr("kagglehub.dataset_download", lambda handle: fetched.append(handle) or str(arrived))
    monkeypatch.setattr(download, "CELEBA_PICTURES", 20)
    folder = download_celeba("data/celeba")
    assert fetched == ["jessicali9530/celeba-dataset"] and find_data().resolve() == folder.resolve()
    assert sorted(order(small(None, batch_size=20))) == list(range(1, 21))
    assert download_celeba("data/celeba") == folder and len(fetched) == 1


def test_download_that_lacks_pictures_or_fails_says_what_to_do(tmp_path, monkeypatch):
    arrived = conftest.write_kaggle(tmp_path / "kaggle")
    monkeypatch.setattr("kagglehub.dataset_download", lambda handle: str(arrived))
    with pytest.raises(RuntimeError, match=r"found 20 pictures, expected 202,599. Delete"):
        download_celeba()

    def offline(handle):
        raise ConnectionError("no network")

    monkeypatch.setattr("kagglehub.dataset_download", offline)
    with pytest.raises(RuntimeError, match=re.compile("no network.*again.*accept the terms.*mmlab.*data/celeba", re.S)):
        download_celeba()
    assert not Path("data/celeba").exists()
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    with pytest.raises(ImportError, match="pip install kagglehub"):
        download_celeba()
