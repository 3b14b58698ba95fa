"""Damaged tables, pictures and folders: each is read as what it is, or refused by an error with its name."""

import io
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from facegen_keras.data.images import read_picture
from facegen_keras.data.layouts import find_layout
from facegen_keras.data.photos import load_photo
from facegen_keras.data.selection import open_faces
from facegen_keras.data.tables import SPLITS, read_attributes, read_identities, read_partition
from fuzzing import CUTS, REFUSALS, TRIED, damage, edits, fuzz, read_or_refuse

pytestmark = [
    pytest.mark.fuzz,
    pytest.mark.usefixtures("own_cache"),
    pytest.mark.filterwarnings("ignore::UserWarning:PIL"),  # of damaged EXIF data
]

# fmt: off
TABLES = {
    ("attributes", "txt"): "5\r\nMale Smiling Young\r\n" + "".join(f"{i:06d}.jpg -1  1 0\r\n" for i in range(5)),
    ("attributes", "csv"): "image_id,Male,Smiling,Young\n" + "".join(f"{i:06d}.jpg,-1,1,0\n" for i in range(5)),
    ("partition", "txt"): "".join(f"{i:06d}.jpg {i % 3}\n" for i in range(5)),
    ("partition", "csv"): "image_id,partition\n" + "".join(f"{i:06d}.jpg,{i % 3}\n" for i in range(5)),
    ("identity", "txt"): "".join(f"{i:06d}.jpg {i * 99}\n" for i in range(5)),
    ("identity", "csv"): "image_id,identity\n" + "".join(f"{i:06d}.jpg,{i * 99}\n" for i in range(5)),
}
CELLS = [text.encode() for text in (
    "NA", "nan", "NULL", "None", "inf", "True", "1.0", "1e0", "+1", "01", "-1", "0", "1", "2", "²", "٣", "9" * 30,
    "9" * 5_000, '"', "'", "\0", "\x1a", "\x1c", "\ufeff", "\u00a0", "\u2028", "\f", "\t", " ", "  ", ",", ",,", ";",
    "#", "\r", "\n", "\r\n", "\n\n", "000001.jpg", "a b.jpg", ".jpg", "Male", "Mael", "image_id",
)]
# fmt: on
READERS = {"attributes": read_attributes, "partition": read_partition, "identity": read_identities}


def expected_rows(text, kind, suffix):
    """A second reading of a table, as simple as can be: {name: values}."""
    lines = [line for line in text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    if suffix == "csv":
        rows = [[cell.strip() for cell in line.split(",")] for line in lines[1:] if line.strip()]
    else:
        rows = [line.split() for line in lines[2 if kind == "attributes" else 0 :] if line.strip()]
    values = {"attributes": strength_of, "partition": lambda value: SPLITS[int(value)]}
    return [(name, [values.get(kind, int)(cell) for cell in cells]) for name, *cells in rows]


def strength_of(text):
    words = {"true": 1, "false": 0, "-1": 0}
    return words[text.lower()] if text.lower() in words else float(text)


def check_table(kind, table, suffix, changes, cut, folder):
    content = damage(TABLES[table, suffix].encode(), changes, cut)
    file = folder / f"a_table.{suffix}"
    file.write_bytes(content)
    read = read_or_refuse(kind, READERS[table], file, "a_table")
    if read is not None:
        values = read.to_numpy().reshape(len(read), -1).tolist()
        assert list(zip(read.index, values)) == expected_rows(content.decode(), table, suffix)
        assert len(read) and read.index.is_unique and all(name.strip() == name != "" for name in read.index)


SUFFIXES = st.sampled_from(["txt", "csv"])


@fuzz("attribute tables")
@given(suffix=SUFFIXES, changes=edits(CELLS), cut=CUTS)
def test_attribute_tables(suffix, changes, cut, tmp_path):
    check_table("attribute tables", "attributes", suffix, changes, cut, tmp_path)


@fuzz("partitions")
@given(suffix=SUFFIXES, changes=edits(CELLS), cut=CUTS)
def test_partitions(suffix, changes, cut, tmp_path):
    check_table("partitions", "partition", suffix, changes, cut, tmp_path)


@fuzz("identities")
@given(suffix=SUFFIXES, changes=edits(CELLS), cut=CUTS)
def test_identities(suffix, changes, cut, tmp_path):
    check_table("identities", "identity", suffix, changes, cut, tmp_path)


def picture_bytes(kind, mode, width, height):
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    written = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(pixels).convert(mode).save(written, kind, exif=exif)
    return written.getvalue()


# fmt: off
PICTURES = [
    ("JPEG", "RGB"), ("JPEG", "L"), ("JPEG", "CMYK"), ("PNG", "RGB"), ("PNG", "RGBA"), ("PNG", "P"), ("PNG", "1"),
    ("WEBP", "RGBA"),
]
CHUNKS = [
    b"\0", b"\xff", b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\xff\xd8", b"\xff\xd9", b"\xff\xda",
    b"\xff\xe1", b"IHDR", b"IDAT", b"IEND", b"eXIf", b"acTL", b"Exif\0\0", b"GIF89a", b"II*\0",
]
# fmt: on
SIDES = st.integers(1, 70) | st.sampled_from([178, 218, 900])


@fuzz("pictures")
@given(
    kind=st.sampled_from(PICTURES),
    width=SIDES,
    height=SIDES,
    changes=edits(CHUNKS),
    cut=CUTS,
    crop=st.sampled_from([None, 148]),
    as_photo=st.booleans(),
)
def test_pictures(kind, width, height, changes, cut, crop, as_photo, tmp_path):
    content = damage(picture_bytes(*kind, width, height), changes, cut)
    file = tmp_path / "a_picture.jpg"
    file.write_bytes(content)

    def read(file):
        return load_photo(file, (8, 6), crop)[0] if as_photo else read_picture(file, (8, 6), crop)

    picture = read_or_refuse("pictures", read, file, "a_picture")
    if picture is None:
        assert changes or cut < 1
    else:
        assert picture.shape == (8, 6, 3) and picture.dtype == np.uint8


SOUND = picture_bytes("JPEG", "RGB", 20, 25)
CONTENTS = {
    "jpg": st.just(SOUND) | st.builds(damage, st.just(SOUND), edits(CHUNKS)),
    "txt": st.sampled_from([b"", b"1\nMale\n000001.jpg 1\n", b"000001.jpg 0\n", b"NA 0\n"]) | st.binary(max_size=20),
    "csv": st.sampled_from([b"", b"image_id,Male\n000001.jpg,1\n", b"image_id,partition\n000001.jpg,0\n"]),
    "json": st.sampled_from([b"", b"{}", b"[]", b'{"type": "a.B", "content": {}}']) | st.binary(max_size=20),
    "zip": st.binary(max_size=20),
}
PICTURE_FOLDERS = ("", "img_align_celeba/", "Img/img_align_celeba/", "a/", ".hidden/", "celeba/", "1.jpg/")
PICTURE_NAMES = ("000001", "000002", "NA", ".3", "a b", "ü", "\u202e", "-")
TABLE_FOLDERS = ("", "Anno/", "Eval/", "a/", "celeba/", "img_align_celeba/")
TABLE_NAMES = ("attr_celeba.txt", "attr_celeba.csv", "eval_partition.txt", "eval_partition.csv")
PATHS = [
    *(f"{folder}{name}.jpg" for folder in PICTURE_FOLDERS for name in PICTURE_NAMES),
    *(f"{folder}list_{name}" for folder in TABLE_FOLDERS for name in TABLE_NAMES),
    *(f"{folder}{name}.json" for folder in ("", "celeb_a/2.1.0/") for name in ("features", "dataset_info")),
    "img_align_celeba.zip",
    *(f"{folder}{name}.csv" for folder in ("", "a/", "celeba/") for name in ("labels", "more")),
]


@st.composite
def trees(draw):
    paths = draw(st.lists(st.sampled_from(PATHS), max_size=8, unique=True))
    return {path: draw(CONTENTS[path.rsplit(".", 1)[-1]]) for path in paths}


@fuzz("folders")
@given(
    tree=trees(),
    split=st.sampled_from([*SPLITS, "all"]),
    attributes=st.sampled_from([None, "Male"]),
)
def test_folders(tree, split, attributes, tmp_path):
    with tempfile.TemporaryDirectory(dir=tmp_path) as root:
        for path, content in tree.items():
            (Path(root) / path).parent.mkdir(parents=True, exist_ok=True)
            (Path(root) / path).write_bytes(content)
        try:
            faces = open_faces(8, attributes, root, split)
        except (*REFUSALS, ImportError) as error:  # tensorflow_datasets may not be there
            assert root in str(error)
            TRIED["folders"]["refused"] += 1
            return
        TRIED["folders"]["read"] += 1
        assert len(faces.rows) and faces.pictures.shape == (len(faces.names), 8, 8, 3)
        pictures = find_layout(root).pictures
        for picture, name in zip(faces.pictures[faces.rows], faces.names[faces.rows]):
            assert np.array_equal(picture, read_picture(pictures / name, 8))
