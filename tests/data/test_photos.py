"""Photographs of the user's own."""

import io
import sys

import numpy as np
import pytest
from PIL import Image

from facegen_keras.data.attribute_statistics import sample_attributes
from facegen_keras.data.attributes import ATTRIBUTES
from facegen_keras.data.drawn_faces import draw_face
from facegen_keras.data.images import CROP, cut_centre, read_picture
from facegen_keras.data.photos import load_photo

try:
    import cv2
except ImportError:
    cv2 = None


@pytest.fixture(scope="module")
def face():
    """A drawn face, 178x218, of a young woman without hat and glasses."""
    vector = sample_attributes(1, 9, given={"Male": 0, "Young": 1, "Wearing_Hat": 0, "Eyeglasses": 0})[0]
    return Image.fromarray(draw_face(dict(zip(ATTRIBUTES, vector.tolist())), np.random.default_rng(9)))


needs_detector = pytest.mark.skipif(not hasattr(cv2, "CascadeClassifier"), reason="needs OpenCV with Haar cascades")


def difference(a, b):
    return np.abs(a.astype(float) - b).mean()


@needs_detector
def test_face_in_a_corner_is_found_and_framed_like_celeba(face):
    """The face of the larger picture must land where it is in the aligned one."""
    photo = Image.new("RGB", (900, 700), (90, 120, 90))
    photo.paste(face.resize((267, 327)), (560, 300))
    framed, how = load_photo(photo, 64)
    aligned, _ = load_photo(face, 64)
    centred = np.asarray(photo.crop((100, 0, 800, 700)).resize((64, 64)))
    assert "found" in how and framed.shape == (64, 64, 3) and framed.dtype == np.uint8
    assert difference(framed, aligned) < 12 < difference(centred, aligned)


def test_aligned_face_is_framed_as_the_pipeline_does(face, tmp_path):
    face.save(tmp_path / "face.png")
    framed, _ = load_photo(tmp_path / "face.png", 64)
    assert difference(framed, read_picture(tmp_path / "face.png", 64)) < 25


@needs_detector
def test_without_a_face_the_centre_is_taken():
    grey = Image.new("RGB", (300, 200), (128, 128, 128))
    assert "no face was found" in load_photo(grey)[1]


def test_without_opencv_the_centre_is_taken(face, monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    picture, how = load_photo(face)
    assert "installed" in how
    np.testing.assert_array_equal(picture, cut_centre(face, (64, 64), CROP))


def test_opencv_without_haar_cascades_takes_the_centre(face, monkeypatch):
    """OpenCV 5 has no CascadeClassifier: this used to raise AttributeError."""
    cv2 = pytest.importorskip("cv2")
    monkeypatch.delattr(cv2, "CascadeClassifier", raising=False)
    picture, how = load_photo(face)
    assert "Haar" in how
    np.testing.assert_array_equal(picture, cut_centre(face, (64, 64), CROP))


def test_without_crop_the_whole_picture_is_taken(face):
    """A face that was found used to end in a TypeError."""
    picture, how = load_photo(face, (109, 89), crop=None)
    assert "whole" in how
    np.testing.assert_array_equal(picture, cut_centre(face, (109, 89), None))


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P", "CMYK", "1", "I;16", "F"])
def test_any_mode_is_read(face, mode, tmp_path):
    picture = Image.fromarray(np.zeros((80, 60), np.uint16)) if mode == "I;16" else face.convert(mode)
    kind = "tiff" if mode in ("CMYK", "F", "I;16") else "png"
    picture.save(tmp_path / f"face.{kind}")
    assert load_photo(tmp_path / f"face.{kind}", (32, 24))[0].shape == (32, 24, 3)


def test_all_kinds_of_sources_give_the_same(face, tmp_path):
    path = tmp_path / "face.png"
    face.save(path)
    content = path.read_bytes()
    with open(path, "rb") as opened:
        for source in (str(path), content, bytearray(content), memoryview(content), io.BytesIO(content), opened):
            np.testing.assert_array_equal(load_photo(source)[0], load_photo(path)[0])


def test_a_picture_of_the_callers_is_left_as_it_is(face, tmp_path):
    face.resize((1_780, 2_180)).save(tmp_path / "large.jpg")
    with Image.open(tmp_path / "large.jpg") as mine:
        load_photo(mine)
        assert mine.size == (1_780, 2_180)


def test_what_is_no_picture_is_refused(tmp_path, face):
    (tmp_path / "empty.jpg").touch()
    with pytest.raises(ValueError, match="empty.jpg"):
        load_photo(tmp_path / "empty.jpg")
    face.save(tmp_path / "cut.jpg")
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "cut.jpg").read_bytes()[:2_000])
    with pytest.raises(ValueError, match="cut.jpg"):
        load_photo(tmp_path / "cut.jpg")
    with pytest.raises(FileNotFoundError):
        load_photo(tmp_path / "absent.jpg")


def test_a_huge_picture_is_refused_before_it_is_opened(tmp_path):
    Image.new("1", (12_000, 12_000)).save(tmp_path / "huge.png")
    with pytest.raises(ValueError, match="megapixels"):
        load_photo(tmp_path / "huge.png")


def test_an_upload_that_is_no_picture_is_named_where_it_has_a_name(tmp_path, face):
    """The message used to show <_io.BytesIO object at 0x...>."""
    face.save(tmp_path / "face.jpg")
    for content in (b"no picture", (tmp_path / "face.jpg").read_bytes()[:2_000]):
        for source in (content, io.BytesIO(content)):
            with pytest.raises(ValueError, match="The picture") as raised:
                load_photo(source)
            assert "BytesIO" not in str(raised.value)
        (tmp_path / "upload.jpg").write_bytes(content)
        with open(tmp_path / "upload.jpg", "rb") as opened, pytest.raises(ValueError, match="upload.jpg") as raised:
            load_photo(opened)
        assert "_io" not in str(raised.value)
