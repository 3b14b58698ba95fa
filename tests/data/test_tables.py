"""Attribute tables and partitions, sound and broken."""

import logging

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from facegen_keras.data.attributes import ATTRIBUTES
from facegen_keras.data.celeba import load_attributes, load_identities, load_partition
from facegen_keras.data.tables import read_attributes, read_identities, read_partition
from helpers import load_small, order_of, replace_line, write_kaggle

pytestmark = pytest.mark.usefixtures("own_cache")


BROKEN_TABLES = {
    "a row short of a value": (7, lambda line: line.rsplit(None, 1)[0], r"line 7 .*39"),
    "a row with a value too many": (7, lambda line: line + " 1", r"line 7 .*41"),
    "a value that is none": (4, lambda line: line[:-2] + " 2", r"line 4 .*'2'"),
    "a word for a value": (4, lambda line: line[:-2] + "yes", r"line 4 .*'yes'"),
    "a huge value": (4, lambda line: line[:-2] + "9" * 30, r"line 4 .*'9+'"),
    "a picture twice": (
        9,
        lambda line: line.replace("000007", "000003"),
        r"line 9 .*line 5",
    ),
    "no count": (1, lambda line: "celeba", r"line 1: .*'celeba'"),
    "another count": (1, lambda line: "21", r"line 1: .*21"),
    "an attribute twice": (2, lambda line: line.replace("Male", "Bald"), r"line 2: .*columns 5 and 21 'Bald'"),
    "an attribute less": (
        2,
        lambda line: line.replace("Male ", ""),
        r"line 3 .*40",
    ),
    "a header that is a row": (2, lambda line: "000001.jpg " + "1 " * 40, r"line 2: .*header"),
    "a quote before a name": (7, lambda line: '"' + line, r"line 7 .*quotation"),
    "a quote among the values": (7, lambda line: line.replace(" -1", ' "', 1), r"line 7 .*'\"'"),
    "a quote before a value": (7, lambda line: line.replace(" -1", ' "-1', 1), r"line 7 .*'\"-1'"),
    "an empty header": (2, lambda line: "", r"line 2: .*no attribute"),
    "a count in other digits": (1, lambda line: "²", r"line 1: .*'²'"),
    "a count without end": (1, lambda line: "9" * 5_000, r"line 1: .*'9+'"),
    "a name with a character of zero": (7, lambda line: line.replace(".jpg", "\0.jpg"), r"line 7 .*name"),
}


@pytest.mark.parametrize("name", BROKEN_TABLES)
def test_broken_attribute_file_is_named_with_its_line(name, celeba):
    number, change, message = BROKEN_TABLES[name]
    replace_line(celeba / "list_attr_celeba.txt", number, change)
    with pytest.raises(ValueError, match=r"list_attr_celeba.txt.*" + message):
        load_attributes(celeba)


def test_broken_csv_and_partition_are_named_with_their_lines(tmp_path):
    root = write_kaggle(tmp_path / "data")
    replace_line(root / "list_eval_partition.csv", 6, lambda line: line[:-1] + "3")
    with pytest.raises(ValueError, match="list_eval_partition.csv, line 6"):
        load_partition(root)
    replace_line(root / "list_attr_celeba.csv", 3, lambda line: line.replace(",-1", ",", 1))
    with pytest.raises(ValueError, match="list_attr_celeba.csv, line 3"):
        load_attributes(root)


def test_values_of_0_are_read_as_no(celeba):
    expected = load_attributes(celeba)
    file = celeba / "list_attr_celeba.txt"
    file.write_text(file.read_text(encoding="utf-8").replace("-1", "0"), encoding="utf-8")
    pd.testing.assert_frame_equal(load_attributes(celeba), expected)
    assert set(np.unique(expected)) == {0, 1}


def test_rows_without_picture_and_pictures_without_row_are_counted(celeba, caplog):
    caplog.set_level(logging.INFO)
    for number in (1, 2, 3):
        (celeba / "img_align_celeba" / f"{number:06d}.jpg").unlink()
    Image.new("RGB", (178, 218), (208,) * 3).save(celeba / "img_align_celeba" / "000026.jpg")
    assert sorted(order_of(load_small(celeba, batch_size=17, attributes="Male"))) == list(range(4, 21))
    assert "3 of 20 rows have no picture" in caplog.text
    assert "no row for 1 pictures, left out, such as 000026.jpg" in caplog.text
    assert sorted(order_of(load_small(celeba, batch_size=18))) == [*range(4, 21), 26]
    assert len(load_attributes(celeba)) == 20 and len(load_attributes(celeba, with_pictures=True)) == 17
    assert load_attributes(celeba, split="valid").index.tolist() == ["000009.jpg", "000019.jpg"]


def test_tables_of_other_pictures_are_refused(celeba):
    for picture in (celeba / "img_align_celeba").iterdir():
        picture.rename(picture.with_name("x" + picture.name))
    with pytest.raises(ValueError, match="none of the 20 pictures"):
        load_small(celeba, attributes="Male")


def test_full_size_table_is_read(tmp_path):
    count = 202_599
    rows = "".join(f"{i:06d}.jpg" + " -1  1" * 20 + "\n" for i in range(1, count + 1))
    file = tmp_path / "list_attr_celeba.txt"
    file.write_text(f"{count}\n{' '.join(ATTRIBUTES)}\n{rows}", encoding="utf-8")
    Image.new("RGB", (178, 218)).save(tmp_path / "000001.jpg")
    table = load_attributes(tmp_path)
    assert table.shape == (count, 40) and table["Young"].all() and not table["5_o_Clock_Shadow"].any()


def test_load_partition(tiny_celeba):
    assert load_partition(tiny_celeba).value_counts().to_dict() == {"train": 16, "valid": 2, "test": 2}


def test_an_open_quote_in_a_csv_is_named_with_its_line(tmp_path):
    """pandas used to read the rows up to the next quote as one cell."""
    root = write_kaggle(tmp_path / "data")
    for number in (5, 9):
        replace_line(root / "list_attr_celeba.csv", number, lambda line: '"' + line)
    with pytest.raises(ValueError, match="line 5"):
        load_attributes(root)


def test_identities(celeba):
    assert load_identities(celeba) is None
    file = celeba / "identity_CelebA.txt"
    file.write_text("000001.jpg 7\n000002.jpg 9\n", encoding="utf-8")
    assert load_identities(celeba).to_dict() == {"000001.jpg": 7, "000002.jpg": 9}
    file.write_text('"000001.jpg 7\n000002.jpg 9"\n', encoding="utf-8")
    with pytest.raises(ValueError, match="identity_CelebA"):
        load_identities(celeba)


def write(file, text):
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    "name, text", [("p.txt", ""), ("p.txt", "\n \n"), ("p.csv", ""), ("p.csv", "image_id,partition\n")]
)
@pytest.mark.parametrize("read", [read_partition, read_identities])
def test_a_table_without_rows_is_refused(read, name, text, tmp_path):
    with pytest.raises(ValueError, match=f"{name}.*no row"):
        read(write(tmp_path / name, text))


def test_attributes_without_rows_are_refused(tmp_path):
    for name, text in (("a.txt", "0\nMale\n"), ("a.csv", "image_id,Male\n")):
        with pytest.raises(ValueError, match=f"{name}.*no row"):
            read_attributes(write(tmp_path / name, text))


@pytest.mark.parametrize("identity", ["NA", "nan", "inf", "1.5", "1e3", "True", "-7", "9" * 30, "²", "", "7 8", '"7"'])
def test_what_is_no_identity_is_refused(identity, tmp_path):
    """Some were accepted as another number, or as none; some ended in an OverflowError."""
    with pytest.raises(ValueError, match=r"identity_CelebA.txt, line 2 .*0002"):
        read_identities(write(tmp_path / "identity_CelebA.txt", f"0001.jpg 7\n0002.jpg {identity}\n"))


def test_a_picture_has_one_identity(tmp_path):
    with pytest.raises(ValueError, match="line 2 .*line 1"):
        read_identities(write(tmp_path / "identities.txt", "0001.jpg 7\n0001.jpg 8\n"))


def test_names_are_read_as_they_are(tmp_path):
    """pandas took NA for no name, and kept the spaces around others."""
    names = ["NA", "nan", "a b.jpg", "ä.jpg", "0001.jpg"]
    csv = write(tmp_path / "p.csv", "image_id,partition\n" + "".join(f" {name} , 1\n" for name in names))
    assert read_partition(csv).to_dict() == dict.fromkeys(names, "valid")
    txt = write(tmp_path / "p.txt", "\ufeffNA 0\r\n\r\n0001.jpg\t2\r\n")
    assert read_partition(txt).to_dict() == {"NA": "train", "0001.jpg": "test"}


@pytest.mark.parametrize("row", [",1", '"",1', "\0.jpg,1", "a.jpg,1,", "a.jpg,", "a.jpg"])
def test_a_row_of_a_csv_without_a_name_or_value_is_refused(row, tmp_path):
    with pytest.raises(ValueError, match="p.csv, line 3"):
        read_partition(write(tmp_path / "p.csv", f"image_id,partition\n0001.jpg,0\n{row}\n"))


def test_a_csv_without_header_does_not_lose_its_first_row(tmp_path):
    for read, column in ((read_partition, "partition"), (read_identities, "identity")):
        with pytest.raises(ValueError, match=f"line 1: .*{column}"):
            read(write(tmp_path / "t.csv", "0001.jpg,1\n0002.jpg,2\n"))


@pytest.mark.parametrize("read", [read_attributes, read_partition, read_identities])
def test_a_table_that_is_no_text_is_named(read, tmp_path):
    (tmp_path / "table.txt").write_bytes(b"1\n\xff\xfe\n")
    with pytest.raises(ValueError, match="table.txt.*UTF-8"):
        read(tmp_path / "table.txt")
