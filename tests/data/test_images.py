"""How a picture is opened, cropped and resized."""

import numpy as np
import pytest
from PIL import Image

from facegen_keras.data.celeba import load_faces
from facegen_keras.data.images import read_picture, to_size

pytestmark = pytest.mark.usefixtures("own_cache")


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


@pytest.mark.parametrize("crop, size", [(0, 64), (179, 64), (178, (128, 64)), (-148, 64), ("wide", 64)])
def test_crop_that_does_not_fit(crop, size, tiny_celeba):
    with pytest.raises(ValueError, match=f"crop={crop!r}"):
        load_faces(size, 4, data=tiny_celeba, crop=crop)


@pytest.mark.parametrize("size", [0, -1, (64,), "64", 6.5])
def test_image_size_that_is_none(size, tiny_celeba):
    with pytest.raises(ValueError, match="image_size"):
        load_faces(size, 4, data=tiny_celeba)


def test_exif_orientation_is_honoured(tmp_path):
    upright = np.zeros((218, 178, 3), np.uint8)
    upright[:109] = 255
    exif = Image.Exif()
    exif[0x0112] = 3  # stored upside down
    Image.fromarray(upright[::-1]).save(tmp_path / "rotated.jpg", exif=exif)
    picture = read_picture(tmp_path / "rotated.jpg", 8)
    assert picture[0].min() > 250 and picture[-1].max() < 5


def test_to_size():
    pictures = np.zeros((2, 8, 6, 3), np.uint8)
    assert to_size(pictures, (8, 6)) is pictures
    assert to_size(pictures, (4, 5), "bicubic").shape == (2, 4, 5, 3)
    with pytest.raises(ValueError, match="pictures"):
        to_size(pictures / 255)


def test_what_is_no_picture_is_named(tmp_path):
    (tmp_path / "page.jpg").write_text("<html>not found</html>", encoding="utf-8")
    with pytest.raises(ValueError, match="page.jpg"):
        read_picture(tmp_path / "page.jpg")
    with pytest.raises(FileNotFoundError, match="absent.jpg"):
        read_picture(tmp_path / "absent.jpg")
