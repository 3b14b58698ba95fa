"""Tiny data sets of real pictures, in the layouts that CelebA comes in."""

import shutil

import numpy as np
import pytest
from PIL import Image

from facegen_keras.attributes import ATTRIBUTES
from facegen_keras.sample_faces import write_sample_faces

PARTS = ("0", "0", "0", "0", "0", "0", "0", "0", "1", "2")  # of every ten pictures, eight train


def grey_of(number):
    """The grey of picture 1, 2, ... of a tiny data set: it tells which picture one sees."""
    return 8 * number % 256


def labels_of(number):
    """-1/1 for the 40 attributes of picture 1, 2, ...: every fourth is Male, every second Smiling."""
    return [
        1 if name == "Smiling" and number % 2 == 0 or name == "Male" and number % 4 == 0 else -1 for name in ATTRIBUTES
    ]


def write_pictures(folder, count):
    folder.mkdir(parents=True)
    for number in range(1, count + 1):
        Image.new("RGB", (178, 218), (grey_of(number),) * 3).save(folder / f"{number:06d}.jpg", quality=95)


def write_official(root, count=20):
    """CelebA as its authors publish it."""
    write_pictures(root / "img_align_celeba", count)
    rows = [" ".join([f"{i:06d}.jpg", *(f"{v:2d}" for v in labels_of(i))]) for i in range(1, count + 1)]
    text = "\r\n".join([str(count), " ".join(ATTRIBUTES) + " ", *rows, ""])
    (root / "list_attr_celeba.txt").write_text(text, newline="")
    parts = [f"{i:06d}.jpg {PARTS[(i - 1) % 10]}" for i in range(1, count + 1)]
    (root / "list_eval_partition.txt").write_text("\n".join(parts) + "\n")
    return root


def write_kaggle(root, count=20):
    """CelebA as Kaggle has it."""
    write_pictures(root / "img_align_celeba" / "img_align_celeba", count)
    rows = [",".join([f"{i:06d}.jpg", *map(str, labels_of(i))]) for i in range(1, count + 1)]
    (root / "list_attr_celeba.csv").write_text("\n".join([",".join(["image_id", *ATTRIBUTES]), *rows, ""]))
    parts = [f"{i:06d}.jpg,{PARTS[(i - 1) % 10]}" for i in range(1, count + 1)]
    (root / "list_eval_partition.csv").write_text("\n".join(["image_id,partition", *parts, ""]))
    return root


def write_torchvision(root, count=20):
    """CelebA as torchvision unpacks it."""
    write_official(root / "celeba", count)
    return root


def write_plain(root, count=20):
    """A folder of pictures of several kinds, without attributes."""
    write_pictures(root, count)
    for picture, kind in zip(sorted(root.iterdir()), ("png", "webp", "JPEG")):
        Image.open(picture).save(picture.with_suffix(f".{kind}"), lossless=True)
        picture.unlink()
    (root / "notes.txt").write_text("no picture")
    return root


@pytest.fixture(scope="session", autouse=True)
def session_cache(tmp_path_factory):
    """A cache folder of the session's own: tests leave the user's alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FACEGEN_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def tiny_celeba(tmp_path_factory):
    """A session's read-only data set of 20 pictures, official layout."""
    return write_official(tmp_path_factory.mktemp("tiny") / "celeba")


@pytest.fixture
def celeba(tiny_celeba, tmp_path):
    """A copy of the tiny data set that a test may damage."""
    return shutil.copytree(tiny_celeba, tmp_path / "celeba")


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    """An empty cache folder, no FACEGEN_DATA, and an empty working directory."""
    monkeypatch.setenv("FACEGEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("FACEGEN_DATA", raising=False)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "cache"


def numbers_in(images):
    """Which pictures of a tiny data set are in uint8 or 0..255 images (n, H, W, 3)."""
    return [int(round(float(np.mean(image)) / 8)) for image in images]


@pytest.fixture(scope="session")
def faces_folder(tmp_path_factory):
    """24 sample faces in the official layout."""
    return write_sample_faces(tmp_path_factory.mktemp("faces") / "faces", count=24)
