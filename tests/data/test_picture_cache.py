"""Pictures are decoded once, and kept."""

import json
import threading
import warnings

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


def test_two_builds_at_once_both_succeed(tiny_celeba, own_cache):
    results = []
    threads = [
        threading.Thread(target=lambda: results.append(sorted(order_of(load_small(tiny_celeba))))) for _ in range(3)
    ]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert results == [list(range(1, 21))] * 3
    assert {file.suffix for file in own_cache.iterdir()} == {".npy", ".json"}


def test_huge_pictures_are_left_out_with_their_reason(celeba, caplog):
    """Pillow warned of the first and decoded it, and raised an error of its own for the second."""
    pictures = celeba / "img_align_celeba"
    Image.new("1", (10_001, 10_000)).save(pictures / "large.png")
    Image.new("1", (20_000, 10_000)).save(pictures / "larger.png")
    Image.new("1", (9_500, 9_500)).save(pictures / "allowed.png")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _, decoded = load_pictures(find_layout(celeba), 8, crop=178)
    assert decoded.sum() == 21
    assert "10,001 x 10,000 pixels" in caplog.text and "larger.png (it cannot be read" in caplog.text
    assert "100 megapixels" in caplog.text and "omb" not in caplog.text


def test_a_crop_from_numpy_is_taken(tiny_celeba):
    """All pictures were decoded before the report could not be written."""
    load_pictures(find_layout(tiny_celeba), 8, crop=np.int64(148))
