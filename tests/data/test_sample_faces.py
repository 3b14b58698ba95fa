"""The embedded default: drawn faces that are what their attributes say, laid out as CelebA is."""

import os
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import facegen_keras
from facegen_keras.data.attribute_statistics import sample_attributes
from facegen_keras.data.attributes import ATTRIBUTES
from facegen_keras.data.drawn_faces.drawing import draw_face
from facegen_keras.data.face_places import CELEBA_LANDMARKS
from facegen_keras.data.images import read_picture
from facegen_keras.data.landmarks import find_landmarks
from facegen_keras.data.sample_faces import draw_sample_faces, write_sample_faces

PEOPLE = 6  # an attribute must show in the mean of so many pairs

HAIR = np.s_[45:62, 60:118]
FOREHEAD = np.s_[76:88, 72:106]
EYES = np.s_[106:117, 58:120]
UNDER_EYES = np.s_[116:124, 60:118]
BROWS = np.s_[90:102, 58:120]
CHEEKS = np.s_[122:138, 55:70]
LIPS = np.s_[147:162, 78:100]
MOUTH = np.s_[143:164, 68:110]
LIP_TO_NOSE = np.s_[141:147, 78:100]
CHIN = np.s_[163:176, 78:100]
WHOLE = np.s_[:, :]
SKULL = np.s_[55:66, 75:103]
EARS = np.s_[130:150, 30:148]
UNDER_CHIN = np.s_[176:198, 66:112]
NECK = np.s_[192:206, 70:108]
TIE = np.s_[200:218, 83:95]


def person(**changed):
    """A young brown-haired person without anything; `changed` says what else they are."""
    plain = dict.fromkeys(ATTRIBUTES, 0) | {"Young": 1, "No_Beard": 1, "Brown_Hair": 1}
    return plain | changed


def pair(without, with_, index):
    """The same person drawn without and with an attribute, as float arrays."""
    return [draw_face(who, np.random.default_rng([5, index])).astype(np.float32) for who in (without, with_)]


def brightness(pixels):
    return pixels.mean()


def redness(pixels):
    return (pixels[..., 0] - pixels[..., 1:].mean(axis=-1)).mean()


def contrast(pixels):
    return np.abs(np.diff(pixels.mean(axis=-1), axis=0)).mean()


def mean_change(measure, region, without, with_):
    pairs = (pair(without, with_, index) for index in range(PEOPLE))
    return np.mean([measure(after[region]) - measure(before[region]) for before, after in pairs])


@pytest.fixture(scope="module")
def sample_folder(tmp_path_factory):
    return write_sample_faces(tmp_path_factory.mktemp("data") / "sample", count=20, seed=3)


def read_all(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.*"))}


def test_a_face_is_a_celeba_sized_picture():
    face = draw_face(person(), np.random.default_rng(0))
    assert face.shape == (218, 178, 3)
    assert face.dtype == np.uint8


def test_a_face_follows_its_generator():
    first, same, other = (draw_face(person(), np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert np.array_equal(first, same)
    assert np.abs(first.astype(int) - other).mean() > 5


def test_a_missing_attribute_is_named():
    attributes = person()
    del attributes["Goatee"]
    with pytest.raises(KeyError, match="Goatee"):
        draw_face(attributes, np.random.default_rng(0))


def test_every_attribute_changes_the_picture():
    plain = person(Brown_Hair=0)
    before = draw_face(plain, np.random.default_rng(5)).astype(int)
    changed = {}
    for name in ATTRIBUTES:
        after = draw_face(plain | {name: 1 - plain[name]}, np.random.default_rng(5))
        changed[name] = (np.abs(after - before).max(axis=-1) > 10).sum()  # pixels
    assert [name for name, pixels in changed.items() if pixels < 20] == []


@pytest.mark.parametrize(
    ("name", "measure", "region", "least"),
    [
        ("Wearing_Lipstick", redness, LIPS, 12),
        ("Rosy_Cheeks", redness, CHEEKS, 6),
        ("Smiling", contrast, MOUTH, 0.3),
        ("Mouth_Slightly_Open", contrast, MOUTH, 2),
        ("Eyeglasses", contrast, UNDER_EYES, 1.5),
        ("Pale_Skin", brightness, CHEEKS, 15),
    ],
)
def test_attribute_raises(name, measure, region, least):
    assert mean_change(measure, region, person(), person(**{name: 1})) > least


@pytest.mark.parametrize(
    ("name", "measure", "region", "least"),
    [
        ("Mustache", brightness, LIP_TO_NOSE, 20),
        ("Goatee", brightness, CHIN, 20),
        ("5_o_Clock_Shadow", brightness, CHIN, 10),
        ("Bangs", brightness, FOREHEAD, 25),
        ("Bushy_Eyebrows", brightness, BROWS, 5),
        ("Narrow_Eyes", contrast, EYES, 1),
        ("Bags_Under_Eyes", brightness, UNDER_EYES, 4),
        ("Blurry", contrast, WHOLE, 0.3),
    ],
)
def test_attribute_lowers(name, measure, region, least):
    man = person(Male=1)
    assert mean_change(measure, region, man, man | {name: 1}) < -least


def test_hair_colours_are_in_order_of_brightness():
    names = ("Black_Hair", "Brown_Hair", "Blond_Hair")
    faces = {
        name: [draw_face(person(**{"Brown_Hair": 0, name: 1}), np.random.default_rng([5, i])) for i in range(PEOPLE)]
        for name in names
    }
    black, brown, blond = (np.mean([face[HAIR].mean() for face in faces[name]]) for name in names)
    assert black + 15 < brown < blond - 40


def test_gray_hair_has_no_colour():
    gray = draw_face(person(Brown_Hair=0, Gray_Hair=1), np.random.default_rng(0))[HAIR].astype(int)
    brown = draw_face(person(), np.random.default_rng(0))[HAIR].astype(int)
    assert np.ptp(gray, axis=-1).mean() < 20 < np.ptp(brown, axis=-1).mean()


@pytest.mark.parametrize(
    ("name", "region"),
    [("Wearing_Hat", SKULL), ("Wearing_Earrings", EARS), ("Wearing_Necklace", NECK), ("Wearing_Necktie", TIE),
     ("Bald", SKULL), ("Double_Chin", UNDER_CHIN)],
)  # fmt: skip
def test_attribute_shows_in_its_place(name, region):
    changes = []
    for index in range(PEOPLE):
        man = person(Male=1, Brown_Hair=int(name != "Bald"))
        before, after = pair(man, man | {name: 1}, index)
        changes.append(np.abs(before - after)[region].max())
    assert np.median(changes) > 35


def test_layout_is_celebas(sample_folder):
    names = sorted(path.name for path in (sample_folder / "img_align_celeba").iterdir())
    assert names == [f"{i:06d}.jpg" for i in range(1, 21)]
    with Image.open(sample_folder / "img_align_celeba" / names[0]) as picture:
        assert (picture.format, picture.size, picture.mode) == ("JPEG", (178, 218), "RGB")


def test_labels_are_in_the_official_format(sample_folder):
    count, header, *rows = (sample_folder / "list_attr_celeba.txt").read_text(encoding="utf-8").splitlines()
    assert int(count) == len(rows) == 20
    assert tuple(header.split()) == ATTRIBUTES
    assert rows[0].startswith("000001.jpg ")
    labels = np.array([[int(value) for value in row.split()[1:]] for row in rows])
    assert np.array_equal(labels, 2 * sample_attributes(20, 3) - 1)


def test_partition_is_in_order(sample_folder):
    rows = [row.split() for row in (sample_folder / "list_eval_partition.txt").read_text(encoding="utf-8").splitlines()]
    assert [name for name, _ in rows] == [f"{i:06d}.jpg" for i in range(1, 21)]
    parts = [int(part) for _, part in rows]
    assert parts == sorted(parts)
    assert [parts.count(part) for part in (0, 1, 2)] == [17, 2, 1]


def test_pictures_do_not_depend_on_the_count(sample_folder, tmp_path):
    few = write_sample_faces(tmp_path / "few", count=3, seed=3)
    for picture in sorted((few / "img_align_celeba").iterdir()):
        assert picture.read_bytes() == (sample_folder / "img_align_celeba" / picture.name).read_bytes()


def test_seed_decides(sample_folder, tmp_path):
    other = write_sample_faces(tmp_path / "other", count=1, seed=4)
    name = "img_align_celeba/000001.jpg"
    assert (other / name).read_bytes() != (sample_folder / name).read_bytes()


def test_a_complete_set_is_left_as_it_is(sample_folder):
    before = {path: os.stat(path).st_mtime_ns for path in sample_folder.rglob("*")}
    assert write_sample_faces(sample_folder, count=20, seed=3) == sample_folder
    assert before == {path: os.stat(path).st_mtime_ns for path in sample_folder.rglob("*")}


def test_another_set_is_not_overwritten(sample_folder):
    before = read_all(sample_folder)
    with pytest.raises(FileExistsError, match="remove"):
        write_sample_faces(sample_folder, count=20, seed=4)
    assert read_all(sample_folder) == before


def test_a_strangers_folder_is_not_touched(tmp_path):
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(FileExistsError, match=str(tmp_path)):
        write_sample_faces(tmp_path, count=1)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_set_with_pictures_missing_is_noticed(tmp_path):
    folder = write_sample_faces(tmp_path / "sample", count=2)
    (folder / "img_align_celeba" / "000002.jpg").unlink()
    with pytest.raises(FileExistsError, match="1 of 2"):
        write_sample_faces(folder, count=2)


def test_an_interrupted_run_leaves_nothing(tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("facegen_keras.data.sample_faces.sample_attributes", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_sample_faces(tmp_path / "sample", count=2)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_face_detector_finds_them_where_celeba_has_faces():
    pytest.importorskip("mtcnn")
    people = [dict(zip(ATTRIBUTES, row.tolist())) for row in sample_attributes(60, 0)]
    with ThreadPoolExecutor(2) as pool:
        faces = list(pool.map(lambda i: draw_face(people[i], np.random.default_rng([0, i])), range(60)))
    found = find_landmarks(np.stack(faces))
    near = [np.abs(landmarks - CELEBA_LANDMARKS).max((1, 2)).min() < 16 for landmarks in found if len(landmarks)]
    assert sum(near) >= 57


@pytest.mark.parametrize("setting", [{"count": 0}, {"count": 1.5}, {"seed": 1.5}])
def test_count_and_seed_that_are_none(setting, tmp_path):
    with pytest.raises(ValueError, match=next(iter(setting))):
        write_sample_faces(tmp_path / "sample", **setting)
    with pytest.raises(ValueError, match=next(iter(setting))):
        draw_sample_faces(**{"count": 1, "image_size": (8, 8)} | setting)
    assert not list(tmp_path.iterdir())


def test_a_few_are_drawn_without_files_as_the_pipeline_would_read_them(sample_folder):
    for size, crop in (((32, 24), 148), ((16, 16), None)):
        drawn = draw_sample_faces(2, size, 3, crop)
        for picture, name in zip(drawn, ("000001.jpg", "000002.jpg")):
            read = read_picture(sample_folder / "img_align_celeba" / name, size, crop)
            assert picture.shape == (*size, 3) and np.abs(picture.astype(int) - read).mean() < 4


def test_drawing_loads_no_tensorflow():
    """The processes that draw start in no time, as they load neither TensorFlow nor Keras."""
    script = """
        import io, sys
        from facegen_keras.data.drawn_faces.workers import draw_jobs
        sys.stdin = io.StringIO('{"seed": 0, "jobs": []}')
        draw_jobs()
        import facegen_keras.data.layouts, facegen_keras.data.photos, facegen_keras.data.picture_cache
        print(sorted({"tensorflow", "keras"} & set(sys.modules)))
    """
    said = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=True,
                          env=os.environ | {"PYTHONPATH": str(Path(facegen_keras.__file__).parents[1])})  # fmt: skip
    assert said.stdout.strip() == "[]"


def test_drawing_that_fails_leaves_nothing_and_says_why(tmp_path, monkeypatch):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "PIL.py").write_text("raise ImportError('broken on purpose')", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "broken"))
    with pytest.raises(RuntimeError, match="broken on purpose"):
        write_sample_faces(tmp_path / "faces", count=2)
    assert [path.name for path in tmp_path.iterdir()] == ["broken"]
