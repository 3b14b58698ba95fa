"""Labels of one's own: by a table, or by the folders that the pictures are in."""

import logging

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from facegen_keras.data.celeba import load_arrays, load_attributes, load_faces
from facegen_keras.data.layouts import find_layout
from helpers import load_small, numbers_in, order_of, replace_line, write_kaggle, write_labelled, write_pictures

pytestmark = pytest.mark.usefixtures("own_cache")


def write_grey(folder, count=6, suffix=".jpg"):
    """Pictures `000001.jpg`, ... whose grey tells their number."""
    write_pictures(folder, count)
    for picture in folder.iterdir() if suffix != ".jpg" else ():
        Image.open(picture).save(picture.with_suffix(suffix))
        picture.unlink()
    return folder


def write_table(folder, rows, header="image_id,Robot,Cat", name="labels.csv"):
    (folder / name).write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return folder / name


def labels(data, attributes=("Robot", "Cat")):
    """The labels of each picture of a tiny data set, by its number."""
    pictures, table = load_arrays(image_size=8, attributes=list(attributes), data=data)
    return dict(zip(numbers_in(pictures), table.to_numpy().tolist()))


@pytest.mark.parametrize("named_by", ["image_id", "file_name"])
def test_a_table_beside_pictures_of_several_sizes(named_by, tmp_path):
    root = write_labelled(tmp_path / "own", named_by=named_by)
    images, attributes = next(iter(load_faces(16, 24, ["Cat", "Robot"], data=root)))
    assert images.shape == (24, 16, 16, 3) and attributes.numpy().sum(axis=0).tolist() == [8, 12]
    assert load_attributes(root).columns.tolist() == ["Robot", "Cat", "Shiny"]


@pytest.mark.parametrize(
    "yes, no", [("1", "0"), ("1", "-1"), ("true", "false"), ("True", "FALSE"), ("1.0", "0.0"), (" 1", "0 ")]
)
def test_values_of_every_kind(yes, no, tmp_path):
    folder = write_grey(tmp_path / "own")
    write_table(folder, [f"{i:06d}.jpg,{yes if i == 2 else no},{yes}" for i in range(1, 7)])
    assert labels(folder) == {i: [int(i == 2), 1] for i in range(1, 7)}
    assert load_attributes(folder).dtypes.unique() == [np.int8]


def test_values_in_between(tmp_path):
    folder = write_grey(tmp_path / "own")
    write_table(folder, [f"{i:06d}.jpg,{i / 10},{i % 2}" for i in range(1, 7)])
    assert labels(folder)[3] == pytest.approx([0.3, 1])
    assert load_attributes(folder).dtypes.unique() == [np.float32]
    faces = load_small(folder, attributes=["Robot"], balance="Robot", batch_size=6)
    assert sorted(float(value) for _, batch in faces for value in batch[:, 0])[-3:] == pytest.approx([0.6] * 3)
    assert faces.label_statistics.frequencies == pytest.approx([0.35])


@pytest.mark.parametrize("names", ["{}.jpg", "./{}.jpg", "mine/{}.jpg", "{}.png", "{}", "old\\{}.PNG"])
def test_rows_find_their_pictures(names, tmp_path):
    """A table was written where the pictures were before, in another folder, or before they were aligned."""
    folder = write_grey(tmp_path / "own")
    write_table(folder, [names.format(f"{i:06d}") + f",{int(i < 3)},0" for i in range(1, 7)])
    assert labels(folder) == {i: [int(i < 3), 0] for i in range(1, 7)}


def test_rows_of_nested_pictures(tmp_path):
    """Pictures of one name in several folders are told apart by these; one that no row is about is left out."""
    for name in ("a", "b"):
        write_grey(tmp_path / "own" / name)
    table = write_table(tmp_path / "own", ["a/000001.jpg,1,0", "b/000002.jpg,0,1", "000003.jpg,1,1"])
    _, found = load_arrays(image_size=8, attributes=["Robot", "Cat"], data=tmp_path / "own")
    assert found.T.to_dict("list") == {"a/000001.jpg": [1, 0], "b/000002.jpg": [0, 1]}
    table.write_text(table.read_text(encoding="utf-8").replace("a/", "c/"), encoding="utf-8")
    assert len(load_arrays(image_size=8, attributes=["Cat"], data=tmp_path / "own")[0]) == 1


def test_celebas_own_table_with_other_columns(tmp_path):
    root = write_kaggle(tmp_path / "data")
    replace_line(root / "list_attr_celeba.csv", 1, lambda line: line.replace("Male", "Robot"))
    assert labels(root, ["Robot", "Smiling"])[4] == [1, 1]
    (root / "list_attr_celeba.csv").rename(root / "mine.csv")
    assert labels(root, ["Robot", "Smiling"])[4] == [1, 1]


def write_animals(root):
    write_grey(root / "cats")
    write_grey(root / "dogs" / "large")
    return root


def test_a_folder_for_each_class(tmp_path):
    root = write_animals(tmp_path / "animals")
    assert load_attributes(root).sum().to_dict() == {"cats": 6, "dogs": 6}
    _, table = load_arrays(image_size=8, attributes=["dogs", "cats"], data=root)
    assert table.loc["dogs/large/000001.jpg"].tolist() == [1, 0] and (table.sum(axis=1) == 1).all()
    assert len(load_small(root, attributes="dogs", balance="dogs")) == 3


def test_nested_folders_without_labels(tmp_path):
    root = write_animals(tmp_path / "animals")
    (root / ".hidden").mkdir()
    Image.new("RGB", (8, 8)).save(root / ".hidden" / "1.png")
    Image.new("RGB", (178, 218), (208,) * 3).save(root / "26.png")
    (root / "cats" / "circle").symlink_to(root)
    assert sorted(set(order_of(load_small(root, batch_size=13)))) == [1, 2, 3, 4, 5, 6, 26]
    assert sorted(load_arrays(3, 8, data=root, seed=1)[1].index) != []


def test_pictures_beside_the_class_folders_have_no_class(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    root = write_animals(tmp_path / "animals")
    Image.new("RGB", (8, 8)).save(root / "loose.png")
    assert len(load_arrays(image_size=8, attributes=["cats"], data=root)[0]) == 12
    assert "1 pictures are in none of the folders cats, dogs" in caplog.text


# Bad input

ROWS = [f"{i:06d}.jpg,1,0" for i in range(1, 7)]


@pytest.mark.parametrize(
    "header, rows, message",
    [
        (
            "image_id,Robot,Cat",
            [ROWS[0], "000002.jpg,maybe,0"],
            r"labels.csv, line 3 \('000002.jpg'\): Robot is 'maybe'",
        ),
        ("image_id,Robot,Cat", [ROWS[0], "000002.jpg,1,1.5"], r"labels.csv, line 3 .*Cat is '1.5'.* from 0 to 1"),
        ("image_id,Robot,Cat", ["000001.jpg,1,nan"], r"labels.csv, line 2 .*Cat is 'nan'"),
        ("image_id,Robot,Cat", ["000001.jpg,1,"], r"labels.csv, line 2 .*Cat is ''"),
        ("image_id,Robot,Robot", ROWS, r"labels.csv, line 1: .*columns 2 and 3 'Robot'.*Rename"),
        ("image_id,Robot,", ROWS, r"labels.csv, line 1, column 3 .*''"),
        ("image_id", ["000001.jpg"], r"labels.csv, line 1: found no attribute name"),
        ("image_id;Robot;Cat", ROWS, r"labels.csv, line 1: .*by commas"),
        ("image_id,Robot,Cat", ["x1.jpg,1,0"], r"labels.csv: none of the 6 pictures .*'x1.jpg'.*'000001.jpg'"),
        ("image_id,Robots,Cat", ROWS, r"labels.csv: Unknown attribute 'Robot': did you mean 'Robots'"),
        ("image_id,Dog,Mouse", ROWS, r"labels.csv: Unknown attribute 'Robot': expected one of Dog, Mouse"),
        ("picture,Robot,Cat", ROWS, r"image_id or file_name \(labels.csv begins with 'picture'\)"),
    ],
)
def test_broken_tables_are_named_with_the_mend(header, rows, message, tmp_path):
    folder = write_grey(tmp_path / "own")
    write_table(folder, rows, header)
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        load_small(folder, attributes=["Robot", "Cat"])


def test_two_tables_are_one_too_many(tmp_path):
    folder = write_grey(tmp_path / "own")
    for name in ("a.csv", "b.csv"):
        write_table(folder, ROWS, name=name)
    with pytest.raises(ValueError, match="a.csv and b.csv.*expected one"):
        load_small(folder)


def test_a_class_without_a_picture_is_named(tmp_path):
    root = write_animals(tmp_path / "animals")
    (root / "mice").mkdir()
    with pytest.raises(ValueError, match="animals/mice.*no picture"):
        load_small(root, attributes=["cats", "mice"])
    assert len(load_small(root, attributes=["cats", "dogs"])) == 3
    with pytest.raises(ValueError, match="animals: .*did you mean 'dogs'"):
        load_small(root, attributes=["cats", "dog"])
    only = tmp_path / "only"
    write_grey(only / "cats")
    (only / "mice").mkdir()
    with pytest.raises(ValueError, match="only/mice.*no picture"):
        load_small(only, attributes=["cats", "mice"])


def test_a_name_that_is_like_celebas_is_taken_where_the_table_has_it(tmp_path):
    folder = write_grey(tmp_path / "own")
    write_table(folder, ROWS, "image_id,Smilling,male")
    assert labels(folder, ["Smilling", "male"])[1] == [1, 0]


def test_the_layout_is_found_with_the_table_above_the_pictures(tmp_path):
    root = write_labelled(tmp_path / "own", 6)
    faces = find_layout(root)
    assert faces.pictures == root / "pictures" and faces.attribute_file == root / "labels.csv"
    assert pd.Index(faces.names).tolist() == [f"{i:02d}.png" for i in range(6)]
