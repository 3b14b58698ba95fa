"""Pictures are decoded once, and kept."""

import collections
import json
import os
import threading

import numpy as np
import pytest
from PIL import Image

from facegen_keras.data import picture_cache
from facegen_keras.data.layouts import find_layout
from facegen_keras.data.picture_cache import load_pictures
from helpers import load_small, order_of

pytestmark = pytest.mark.usefixtures("own_cache")


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
    converted = json.loads(next(own_cache.glob("*.json")).read_text(encoding="utf-8"))["converted"]
    assert sum(converted.values()) == 6 and converted["CMYK to RGB"] == 1


def test_broken_pictures_are_left_out_by_name(celeba, caplog):
    pictures = celeba / "img_align_celeba"
    (pictures / "000003.jpg").write_bytes((pictures / "000003.jpg").read_bytes()[:900])
    (pictures / "000004.jpg").write_bytes(b"")
    (pictures / "000005.jpg").write_text("<html>not found</html>", encoding="utf-8")
    for _ in range(2):  # decoded now, then read from the cache
        caplog.clear()
        assert sorted(order_of(load_small(celeba, batch_size=17))) == [1, 2, *range(6, 21)]
        assert "3 pictures cannot be decoded" in caplog.text
        assert all(name in caplog.text for name in ("000003.jpg", "000004.jpg", "000005.jpg"))


def test_more_than_half_broken_is_an_error(celeba, own_cache):
    for picture in sorted((celeba / "img_align_celeba").iterdir())[:11]:
        picture.write_bytes(b"")
    with pytest.raises(ValueError, match="11 of 20"):
        load_small(celeba)
    assert not list(own_cache.iterdir())


def count_decodings(monkeypatch):
    seen = []
    decode = picture_cache.decode

    def counted(source, size, crop):
        seen.append(source)
        return decode(source, size, crop)

    monkeypatch.setattr(picture_cache, "decode", counted)
    return seen


def test_pictures_are_decoded_once_for_all_splits_and_selections(tiny_celeba, monkeypatch, own_cache):
    decoded = count_decodings(monkeypatch)
    faces = load_small(tiny_celeba)
    order_of(faces), order_of(faces)
    load_small(tiny_celeba, attributes=5, split="train"), load_small(tiny_celeba, balance="Male", random_select=8)
    assert len(decoded) == 20
    load_small(tiny_celeba, crop=108)
    assert len(decoded) == 40
    arrays = [np.load(file, mmap_mode="r") for file in own_cache.glob("*.npy")]
    assert [(array.shape, array.dtype) for array in arrays] == [((20, 8, 8, 3), np.uint8)] * 2


def test_changed_picture_is_decoded_again_and_stale_files_go(celeba, own_cache):
    load_small(celeba), load_small(celeba, crop=108)
    before = set(own_cache.iterdir())
    Image.new("RGB", (178, 218), (240,) * 3).save(celeba / "img_align_celeba" / "000001.jpg")
    assert sorted(order_of(load_small(celeba))) == [*range(2, 21), 30]
    after = set(own_cache.iterdir())
    assert len(before) == len(after) == 4 and len(before & after) == 2


def test_interrupted_build_leaves_nothing_taken_for_complete(tiny_celeba, own_cache, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(picture_cache, "CHUNK", 5)
        calls = count_decodings(patch)

        def stop(*args, count=picture_cache.decode):
            if len(calls) > 11:
                raise KeyboardInterrupt
            return count(*args)

        patch.setattr(picture_cache, "decode", stop)
        with pytest.raises(KeyboardInterrupt):
            load_small(tiny_celeba)
    assert not list(own_cache.iterdir())
    assert sorted(order_of(load_small(tiny_celeba))) == list(range(1, 21))


def test_array_without_its_report_or_cut_short_is_made_again(tiny_celeba, own_cache):
    load_small(tiny_celeba)
    array, report = next(own_cache.glob("*.npy")), next(own_cache.glob("*.json"))
    text = report.read_text(encoding="utf-8")
    report.unlink()
    np.save(array, np.zeros((20, 8, 8, 3), np.uint8))
    assert sorted(order_of(load_small(tiny_celeba))) == list(range(1, 21))
    assert report.read_text(encoding="utf-8") == text
    array.write_bytes(array.read_bytes()[:500])
    assert sorted(order_of(load_small(tiny_celeba))) == list(range(1, 21))


def test_what_a_killed_build_left_is_deleted_but_not_a_build_under_way(tiny_celeba, own_cache):
    load_small(tiny_celeba)
    array = next(own_cache.glob("*.npy"))
    left, growing = (array.with_name(f".{array.stem}-{number}.npy") for number in (1, 2))
    array.rename(left)
    os.utime(left, (0, 0))
    growing.write_bytes(b"")
    assert sorted(order_of(load_small(tiny_celeba))) == list(range(1, 21))
    assert array.exists() and growing.exists() and not left.exists()


def test_two_builds_at_once_both_succeed(tiny_celeba, own_cache):
    results = []
    threads = [
        threading.Thread(target=lambda: results.append(sorted(order_of(load_small(tiny_celeba))))) for _ in range(3)
    ]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert results == [list(range(1, 21))] * 3
    assert {file.suffix for file in own_cache.iterdir()} == {".npy", ".json"}


def test_full_disk_is_refused_before_writing(tiny_celeba, own_cache, monkeypatch):
    usage = collections.namedtuple("usage", "total used free")(1, 1, 100)
    monkeypatch.setattr(picture_cache.shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(OSError, match="FACEGEN_CACHE"):
        load_small(tiny_celeba)
    assert not list(own_cache.iterdir())


def test_cache_folder_that_cannot_be_made(tmp_path, tiny_celeba, monkeypatch):
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("FACEGEN_CACHE", str(tmp_path / "file"))
    with pytest.raises(OSError, match="FACEGEN_CACHE"):
        load_small(tiny_celeba)
