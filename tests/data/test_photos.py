"""Photographs of the user's own."""

import io
import sys
import time

import numpy as np
import pytest
from PIL import Image, ImageDraw

import facegen_keras as fg
from facegen_keras.data.attribute_statistics import sample_attributes
from facegen_keras.data.attributes import ATTRIBUTES
from facegen_keras.data.drawn_faces import draw_face
from facegen_keras.data.face_places import FacePlace
from facegen_keras.data.images import CROP, cut_centre
from facegen_keras.data.photos import cut_face, find_faces, load_photo, open_photo, paste_change
from fuzzing import most_memory


@pytest.fixture(scope="module")
def face():
    """A drawn face, 178x218, of a young woman without hat and glasses."""
    vector = sample_attributes(1, 9, given={"Male": 0, "Young": 1, "Wearing_Hat": 0, "Eyeglasses": 0})[0]
    return Image.fromarray(draw_face(dict(zip(ATTRIBUTES, vector.tolist())), np.random.default_rng(9)))


@pytest.fixture(scope="module")
def faces():
    """Nine faces from the shipped generator, uint8 (9, 64, 64, 3), framed with the usual crop."""
    pytest.importorskip("mtcnn")
    gan = fg.load_pretrained()
    gan.truncation = 0.7  # none is torn
    return gan.sample(9, {"Young": 1, "Wearing_Hat": 0, "Eyeglasses": 0}, seed=1)


def paste_face(photo, face, side, middle, degrees=0):
    """Lay a small face on a photograph, `side` pixels wide, turned clockwise."""
    large = Image.fromarray(face).resize((side, side), Image.Resampling.BICUBIC).convert("RGBA")
    large = large.rotate(-degrees, Image.Resampling.BICUBIC, expand=True)
    photo.paste(large, (middle[0] - large.width // 2, middle[1] - large.height // 2), large)
    return photo


def grey(width, height):
    return Image.new("RGB", (width, height), (120, 130, 140))


def middle_of(place):
    return place.transform @ (89, 109, 1)


def difference(a, b):
    return np.abs(a.astype(float) - b).mean()


@pytest.mark.parametrize(
    "side, middle, degrees",
    [(600, (500, 700), 20), (600, (700, 900), -40), (130, (150, 1_400), 0), (1_100, (600, 800), 8)],
)
def test_a_face_is_found_turned_upright_and_framed_as_celeba(faces, side, middle, degrees):
    photo = paste_face(grey(1_200, 1_600), faces[0], side, middle, degrees)
    (straight,) = find_faces(paste_face(grey(400, 400), faces[0], 300, (200, 200)))
    (place,) = find_faces(photo)
    a, b = straight.transform[:, 0], place.transform[:, 0]  # where CelebA's x points
    turned = np.degrees(np.arctan2(b[1], b[0]) - np.arctan2(a[1], a[0]))
    assert turned == pytest.approx(degrees, abs=3)
    assert place.scale == pytest.approx(side / CROP, rel=0.1)
    assert np.linalg.norm(middle_of(place) - middle) < 0.06 * side
    assert place.landmarks.shape == (5, 2)
    assert difference(cut_face(photo, place, (64, 64), CROP), faces[0]) < 16


def test_a_change_of_a_tilted_face_lands_on_it(faces):
    photo = paste_face(grey(1_200, 1_600), faces[0], 600, (500, 700), 20)
    (place,) = find_faces(photo)
    before = cut_face(photo, place, (64, 64), CROP)
    after = before.copy()
    after[26:34, 14:50] = 0
    pasted = paste_change(photo, place, before, after, CROP)
    y, x = np.nonzero(np.abs(np.asarray(pasted).astype(int) - photo).max(axis=2) > 30)
    eyes = place.landmarks[:2].mean(axis=0)
    assert pasted.size == photo.size and np.linalg.norm((x.mean(), y.mean()) - eyes) < 40
    turned = np.degrees(np.arctan2(*np.linalg.eigh(np.cov(x, y))[1][::-1, 1])) % 180
    assert turned == pytest.approx(20, abs=4), "the bar lies along the eyes"


@pytest.mark.slow
def test_nine_faces_are_counted_from_the_largest(faces):
    photo = grey(1_600, 1_200)
    sides = [150 + 25 * i for i in (8, 0, 7, 2, 4, 1, 6, 3, 5)]
    for i, side in enumerate(sides):
        paste_face(photo, faces[i], side, (270 + 530 * (i % 3), 200 + 400 * (i // 3)), 10 * (i % 3) - 10)
    places = find_faces(photo)
    assert len(places) == 9
    scales = [place.scale for place in places]
    assert scales == sorted(scales, reverse=True)
    largest, how = load_photo(photo)
    assert difference(largest, faces[0]) < 20 and "9" in how
    np.testing.assert_array_equal(largest, cut_face(photo, places[0], (64, 64), CROP))
    smallest, how = load_photo(photo, face=8)
    assert difference(smallest, faces[1]) < 20 and "face 8" in how
    with pytest.raises(ValueError, match="face=9: it has 9, and 0 is the largest"):
        load_photo(photo, face=9)
    for wrong in (-1, 0.5, "first"):
        with pytest.raises(ValueError, match="face"):
            load_photo(photo, face=wrong)


def test_without_a_face_the_centre_is_taken(faces):
    picture, how = load_photo(grey(300, 200))
    assert how == "Framed by its centre: no face was found."
    with pytest.raises(ValueError, match="face=1: none was found, and 0 takes the centre"):
        load_photo(grey(300, 200), face=1)


def draw_profile():
    photo = grey(500, 600)
    draw = ImageDraw.Draw(photo)
    draw.ellipse((120, 100, 400, 480), (225, 180, 150))
    draw.polygon([(125, 260), (80, 320), (130, 330)], (225, 180, 150))
    draw.pieslice((110, 80, 420, 460), -110, 60, (60, 40, 20))
    draw.ellipse((160, 240, 185, 255), (30, 30, 30))
    return photo


def draw_back_of_head():
    photo = grey(500, 600)
    ImageDraw.Draw(photo).ellipse((120, 100, 400, 480), (60, 40, 20))
    return photo


def draw_as_a_child():
    photo = Image.new("RGB", (500, 500), "white")
    draw = ImageDraw.Draw(photo)
    draw.ellipse((100, 100, 400, 400), outline="black", width=6)
    for box in ((180, 200, 200, 220), (300, 200, 320, 220)):
        draw.ellipse(box, "black")
    draw.arc((180, 220, 320, 340), 20, 160, "red", 6)
    return photo


@pytest.mark.parametrize(
    "photo",
    [
        draw_profile(),
        draw_back_of_head(),
        draw_as_a_child(),
        Image.new("RGB", (640, 480)),
        Image.new("L", (64, 64), 255),
    ],
    ids=["profile", "back", "child's", "black", "white"],
)
def test_what_may_be_no_face_gives_a_picture_and_a_sentence(faces, photo):
    picture, how = load_photo(photo)
    assert picture.shape == (64, 64, 3) and how.startswith("Framed by") and how.endswith(".")
    if "no face was found" in how:
        place = FacePlace.centre_of(photo, (64, 64), CROP)
        np.testing.assert_array_equal(picture, cut_face(photo.convert("RGB"), place, (64, 64), CROP))


def test_sunglasses_are_no_hindrance(faces):
    dark = faces[0].copy()
    dark[25:35, 16:30] = dark[25:35, 34:48] = 10
    dark[27:29, 16:48] = 10
    picture, how = load_photo(paste_face(grey(800, 800), dark, 400, (300, 400), 10))
    assert how == "Framed by the face that was found." and difference(picture, dark) < 20


@pytest.mark.parametrize("size", [(1, 1), (5, 3), (23, 40), (24, 24), (1, 3_000), (3_000, 2)])
def test_tiny_and_thin_pictures_are_taken(faces, size):
    picture, how = load_photo(grey(*size))
    np.testing.assert_array_equal(picture, np.full((64, 64, 3), (120, 130, 140)))
    assert how == "Framed by its centre: no face was found."


@pytest.mark.slow
def test_a_panorama_of_60_megapixels_is_searched_in_bounded_time_and_memory(faces, tmp_path):
    paste_face(grey(15_000, 4_000), faces[0], 1_200, (11_000, 2_000), -10).save(tmp_path / "wide.jpg")
    start, before = time.process_time(), most_memory()
    picture, how = load_photo(tmp_path / "wide.jpg")
    assert how == "Framed by the face that was found." and difference(picture, faces[0]) < 16
    assert time.process_time() - start < 15
    assert most_memory() - before < 500_000_000, "two copies of it, of 180 MB each"


def test_of_an_animation_the_first_picture_is_taken(face, tmp_path):
    others = [Image.new("RGB", face.size, colour) for colour in ("red", "blue")]
    face.save(tmp_path / "moving.gif", save_all=True, append_images=others)
    photo = open_photo(tmp_path / "moving.gif")
    assert photo.mode == "RGB" and difference(np.asarray(photo), np.asarray(face)) < 12
    assert load_photo(tmp_path / "moving.gif")[0].shape == (64, 64, 3)


@pytest.mark.parametrize("orientation, turn", [(3, "ROTATE_180"), (6, "ROTATE_90"), (8, "ROTATE_270")])
def test_a_photograph_is_turned_as_its_exif_says(face, tmp_path, orientation, turn):
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = orientation, "maker"
    face.transpose(Image.Transpose[turn]).save(tmp_path / "turned.png", exif=exif)
    photo = open_photo(tmp_path / "turned.png")
    np.testing.assert_array_equal(photo, face)
    photo.save(tmp_path / "again.png")
    with Image.open(tmp_path / "again.png") as again:
        assert not again.getexif(), "it may tell where the photograph was taken"
    np.testing.assert_array_equal(load_photo(tmp_path / "turned.png")[0], load_photo(face)[0])


def test_a_photograph_keeps_its_size_and_its_colour_profile(face, tmp_path):
    large = face.resize((1_200, 1_600))
    large.save(tmp_path / "large.jpg", icc_profile=b"a profile")
    photo = open_photo(tmp_path / "large.jpg")
    assert photo.size == (1_200, 1_600) and photo.info == {"icc_profile": b"a profile"}
    large.convert("CMYK").save(tmp_path / "print.jpg", icc_profile=b"of ink")
    assert open_photo(tmp_path / "print.jpg").info == {}


def test_without_the_detector_the_centre_is_taken(face, monkeypatch):
    monkeypatch.setitem(sys.modules, "mtcnn", None)
    picture, how = load_photo(face)
    assert find_faces(face) == [] and 'pip install "mtcnn' in how
    np.testing.assert_array_equal(picture, cut_face(face, FacePlace.centre_of(face, (64, 64), CROP), (64, 64), CROP))
    assert difference(picture, cut_centre(face, (64, 64), CROP)) < 1


def test_without_crop_the_whole_picture_is_taken(face):
    picture, how = load_photo(face, (109, 89), crop=None)
    assert how == "The whole picture was taken, without framing."
    assert difference(picture, cut_centre(face, (109, 89), None)) < 1


def test_aligned_face_is_framed_as_the_pipeline_does(face):
    assert difference(load_photo(face)[0], cut_centre(face, (64, 64), CROP)) < 25


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P", "CMYK", "1", "F", "I;16"])
def test_any_mode_is_read(face, mode, tmp_path):
    picture = (
        Image.fromarray(np.asarray(face.convert("L")).astype(np.uint16) * 257) if mode == "I;16" else face.convert(mode)
    )
    picture.save(tmp_path / "face.tiff")
    photo = open_photo(tmp_path / "face.tiff")
    assert (photo.mode, photo.size) == ("RGB", face.size)
    if mode != "1":
        assert difference(np.asarray(photo.convert("L")), np.asarray(face.convert("L"))) < 12
    assert load_photo(tmp_path / "face.tiff", (32, 24))[0].shape == (32, 24, 3)


def test_all_kinds_of_sources_give_the_same(face, tmp_path):
    path = tmp_path / "face.png"
    face.save(path)
    content = path.read_bytes()
    with open(path, "rb") as opened:
        for source in (
            path,
            str(path),
            content,
            bytearray(content),
            memoryview(content),
            io.BytesIO(content),
            opened,
            face,
        ):
            np.testing.assert_array_equal(open_photo(source), face)


def test_a_picture_of_the_callers_is_left_as_it_is(face, tmp_path):
    face.resize((1_780, 2_180)).save(tmp_path / "large.jpg")
    with Image.open(tmp_path / "large.jpg") as mine:
        open_photo(mine)
        assert mine.size == (1_780, 2_180) and mine.info


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
