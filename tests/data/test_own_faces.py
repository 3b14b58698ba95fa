"""Drawn faces that stand in for a folder of one's own."""

import numpy as np
import pytest
from PIL import Image

import facegen_keras as fg
from facegen_keras.data.attributes import ATTRIBUTES, check_spelling
from facegen_keras.data.own_faces import OWN_LABELS

pytestmark = pytest.mark.usefixtures("own_cache")


def test_it_is_a_folder_of_pictures_of_several_sizes_with_own_labels(tmp_path):
    folder = fg.write_own_faces(tmp_path / "own", count=12, seed=3)
    names = sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*.png"))
    assert len(names) == 12 and {name.partition("/")[0] for name in names} == {"album_1", "album_2", "album_3"}
    assert len({Image.open(folder / name).size for name in names}) > 6
    table = fg.load_attributes(folder)
    assert tuple(table) == tuple(OWN_LABELS) and sorted(table.index) == names
    drawn = fg.sample_attributes(12, 3)
    np.testing.assert_array_equal(table["Beard"], 1 - drawn[:, ATTRIBUTES.index("No_Beard")])
    images, _ = next(iter(fg.load_faces(16, 12, list(OWN_LABELS), data=folder)))
    assert images.numpy().std(axis=0).mean() > 0.05


def test_it_is_drawn_once_and_nothing_else_is_overwritten(tmp_path):
    folder = fg.write_own_faces(tmp_path / "own", count=2)
    drawn = (folder / "labels.csv").stat().st_mtime_ns
    assert fg.write_own_faces(folder, count=2) == folder and (folder / "labels.csv").stat().st_mtime_ns == drawn
    (tmp_path / "other").mkdir()
    with pytest.raises(FileExistsError, match="other holds something other"):
        fg.write_own_faces(tmp_path / "other")
    with pytest.raises(ValueError, match="count"):
        fg.write_own_faces(tmp_path / "none", count=0)


def test_its_labels_are_called_as_no_attribute_of_celebas():
    assert check_spelling(tuple(OWN_LABELS)) == tuple(OWN_LABELS) and not set(OWN_LABELS) & set(ATTRIBUTES)
