"""How data sets are found and recognised."""

import logging
from pathlib import Path

import pytest
import tensorflow as tf

import facegen_keras
from facegen_keras.data.attributes import ATTRIBUTES, ATTRIBUTES_5
from facegen_keras.data.celeba import load_arrays, load_faces
from facegen_keras.data.folder import say_once
from facegen_keras.data.layouts import find_data, find_layout, tell_source, workspace
from helpers import load_small, numbers_in, write_kaggle, write_official, write_pictures, write_plain, write_torchvision

pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.mark.parametrize("write", [write_official, write_kaggle, write_torchvision])
def test_layouts_give_the_same_faces(write, tmp_path):
    root = write(tmp_path / "data")
    pictures, table = load_arrays(image_size=8, attributes=40, data=root, split="all")
    assert numbers_in(pictures) == list(range(1, 21))
    assert list(table.columns) == list(ATTRIBUTES)
    assert table["Male"].tolist() == [int(i % 4 == 0) for i in range(1, 21)]
    assert table["Smiling"].tolist() == [int(i % 2 == 0) for i in range(1, 21)]
    assert [len(load_arrays(image_size=8, data=root, split=s)[0]) for s in ("train", "valid", "test")] == [16, 2, 2]


def test_layout_is_found_from_the_folder_of_pictures_and_from_above(tmp_path):
    kaggle = write_kaggle(tmp_path / "data" / "unpacked")
    assert find_layout(kaggle / "img_align_celeba" / "img_align_celeba") == find_layout(kaggle)
    assert find_layout(kaggle.parent) == find_layout(kaggle)
    assert find_layout(kaggle).attribute_file == kaggle / "list_attr_celeba.csv"


def test_plain_folder_has_pictures_of_all_kinds_and_no_attributes(tmp_path):
    root = write_plain(tmp_path / "plain")
    faces = load_small(root, split="train", batch_size=20)
    images, attributes = next(iter(faces))
    assert sorted(numbers_in(images)) == list(range(1, 21))
    assert attributes.shape == (20, 0) and attributes.dtype == tf.float32
    with pytest.raises(FileNotFoundError, match="list_attr_celeba"):
        load_small(root, attributes="Male")
    with pytest.raises(FileNotFoundError, match="list_eval_partition"):
        load_small(root, split="valid")


def test_no_picture_and_no_folder(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="no picture"):
        load_small(tmp_path / "empty")
    (tmp_path / "empty" / "img_align_celeba.zip").write_bytes(b"")
    with pytest.raises(FileNotFoundError, match="Unpack"):
        load_small(tmp_path / "empty")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        load_small(tmp_path / "nowhere")


def test_find_data_goes_from_argument_to_environment_to_working_directory(tmp_path, monkeypatch, caplog):
    caplog.set_level(logging.INFO)
    say_once.cache_clear()
    for name in ("argument", "environment"):
        (tmp_path / name).mkdir()
    Path("data/celeba").mkdir(parents=True)
    assert find_data().resolve() == Path("data/celeba").resolve()
    monkeypatch.setenv("FACEGEN_DATA", str(tmp_path / "environment"))
    assert find_data() == tmp_path / "environment"
    assert find_data(str(tmp_path / "argument")) == tmp_path / "argument"
    assert "FACEGEN_DATA=" in caplog.text and "Faces: data/celeba" in caplog.text
    monkeypatch.setenv("FACEGEN_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(FileNotFoundError, match="FACEGEN_DATA"):
        find_data()


def test_without_any_data_the_sample_faces_are_drawn_once(own_cache, monkeypatch):
    monkeypatch.setattr("facegen_keras.data.layouts.SAMPLE_FACES", 10)
    folder = find_data()
    assert own_cache in folder.parents
    drawn = folder.joinpath("img_align_celeba", "000001.jpg").stat().st_mtime_ns
    images, attributes = next(iter(load_faces(16, 4, ATTRIBUTES_5, split="all")))
    assert images.shape == (4, 16, 16, 3) and attributes.shape == (4, 5)
    assert folder.joinpath("img_align_celeba", "000001.jpg").stat().st_mtime_ns == drawn


def test_a_card_says_where_the_faces_come_from(tiny_celeba, faces_folder, tmp_path):
    write_pictures(tmp_path / "own", 3)
    assert tell_source(tiny_celeba).startswith("Data: CelebA")
    assert "drew" in tell_source(faces_folder) and "whoever" in tell_source(tmp_path / "own")
    table = "1\nRobot\n000001.jpg 1\n"  # CelebA's format, and labels of one's own
    (tmp_path / "own" / "list_attr_celeba.txt").write_text(table)
    assert "whoever" in tell_source(tmp_path / "own")


def test_folders_of_pictures_are_all_read(tmp_path):
    """It used to train on the first alone, and said nothing; then it refused."""
    for name in ("cats", "dogs"):
        write_pictures(tmp_path / "animals" / name, 3)
    faces = find_layout(tmp_path / "animals")
    assert len(faces.names) == 6 and faces.names[0] == "cats/000001.jpg" and faces.classes == ("cats", "dogs")


def test_one_folder_of_pictures_below_is_found(tmp_path):
    write_pictures(tmp_path / "mine" / "more" / "pictures", 3)
    assert find_layout(tmp_path / "mine").pictures == tmp_path / "mine" / "more" / "pictures"
    (tmp_path / "mine" / "notes").mkdir()
    faces = find_layout(tmp_path / "mine")
    assert faces.names[0] == "more/pictures/000001.jpg" and faces.classes == ()


def test_celeba_beside_other_pictures_is_found(tmp_path):
    write_pictures(tmp_path / "another", 3)
    write_official(tmp_path / "celeba")
    assert find_layout(tmp_path).pictures == tmp_path / "celeba" / "img_align_celeba"


def test_workspace_is_the_checkout_from_its_notebooks(tmp_path, monkeypatch):
    assert workspace() == Path.cwd()
    monkeypatch.chdir(Path(facegen_keras.__file__).parents[1] / "notebooks")
    assert workspace() == Path(facegen_keras.__file__).parents[1]
