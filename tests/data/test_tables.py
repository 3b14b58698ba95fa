"""Attribute tables and partitions, sound and broken."""

import logging

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from facegen_keras.data.attributes import ATTRIBUTES
from facegen_keras.data.celeba import load_attributes, load_identities, load_partition
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
    "an unknown attribute": (2, lambda line: line.replace("Male", "Mael"), r"line 2: .*'Mael'"),
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
