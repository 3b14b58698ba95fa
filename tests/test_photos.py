import numpy as np
import pytest
from PIL import Image

import facegen_keras as fg
from drawn_faces import draw_face
from facegen_keras import photos
from facegen_keras.attribute_statistics import draw_attributes
from facegen_keras.attributes import ATTRIBUTES
from facegen_keras.picture_cache import read_picture


@pytest.fixture(scope="module")
def face():
    """A drawn face, 178x218, of a young woman without hat and glasses."""
    wish = {"Male": 0, "Young": 1, "Wearing_Hat": 0, "Eyeglasses": 0}
    vector = draw_attributes(1, 9, given=wish)[0]
    return Image.fromarray(draw_face(dict(zip(ATTRIBUTES, vector.tolist())), np.random.default_rng(9)))


def difference(a, b):
    return np.abs(a.astype(float) - b).mean()


def test_face_in_a_corner_is_found_and_framed_like_celeba(face):
    """The face of the larger picture must land where it is in the aligned one."""
    photo = Image.new("RGB", (900, 700), (90, 120, 90))
    photo.paste(face.resize((267, 327)), (560, 300))
    framed, how = fg.load_photo(photo, 64)
    wanted, _ = fg.load_photo(face, 64)
    centred = np.asarray(photo.crop((100, 0, 800, 700)).resize((64, 64)))
    assert "found" in how and framed.shape == (64, 64, 3) and framed.dtype == np.uint8
    assert difference(framed, wanted) < 12 < difference(centred, wanted)


def test_aligned_face_is_framed_as_the_pipeline_does(face, tmp_path):
    face.save(tmp_path / "face.png")
    framed, _ = fg.load_photo(tmp_path / "face.png", 64)
    assert difference(framed, read_picture(tmp_path / "face.png", 64)) < 25


def test_without_face_or_detector_the_centre_is_taken_and_it_says_so(face, monkeypatch):
    grey = Image.new("RGB", (300, 200), (128, 128, 128))
    assert fg.load_photo(grey)[1] == "Framed by its centre: no face was found."
    monkeypatch.setattr(photos, "_has_detector", lambda: False)
    assert "no face detector is installed" in fg.load_photo(face)[1]


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P", "CMYK", "1", "I;16", "F"])
def test_any_mode_is_read(face, mode, tmp_path):
    picture = Image.fromarray(np.zeros((80, 60), np.uint16)) if mode == "I;16" else face.convert(mode)
    kind = "tiff" if mode in ("CMYK", "F", "I;16") else "png"
    picture.save(tmp_path / f"face.{kind}")
    assert fg.load_photo(tmp_path / f"face.{kind}", (32, 24))[0].shape == (32, 24, 3)


def test_bytes_and_paths_give_the_same(face, tmp_path):
    face.save(tmp_path / "face.jpg")
    from_path = fg.load_photo(str(tmp_path / "face.jpg"))[0]
    np.testing.assert_array_equal(fg.load_photo((tmp_path / "face.jpg").read_bytes())[0], from_path)


def test_what_is_no_picture_is_refused(tmp_path, face):
    (tmp_path / "empty.jpg").touch()
    with pytest.raises(ValueError, match="empty.jpg cannot be read as a picture"):
        fg.load_photo(tmp_path / "empty.jpg")
    face.save(tmp_path / "cut.jpg")
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "cut.jpg").read_bytes()[:2_000])
    with pytest.raises(ValueError, match="cut.jpg cannot be read as a picture"):
        fg.load_photo(tmp_path / "cut.jpg")
    with pytest.raises(FileNotFoundError):
        fg.load_photo(tmp_path / "absent.jpg")


def test_a_huge_picture_is_refused_before_it_is_opened(tmp_path):
    Image.new("1", (12_000, 12_000)).save(tmp_path / "huge.png")
    with pytest.raises(ValueError, match="12,000 x 12,000 pixels: expected at most 100 megapixels"):
        fg.load_photo(tmp_path / "huge.png")
