"""CelebA as TensorFlow Datasets prepares it."""

import json
import sys

import numpy as np
import pytest

from facegen_keras.data.attributes import ATTRIBUTES
from facegen_keras.data.celeba import load_arrays
from facegen_keras.data.layouts import find_layout
from helpers import grey_of, load_small, numbers_in, order_of

pytestmark = pytest.mark.usefixtures("own_cache")


def test_tensorflow_datasets(tmp_path):
    tfds = pytest.importorskip("tensorflow_datasets")

    class CelebA(tfds.core.GeneratorBasedBuilder):
        VERSION = tfds.core.Version("2.1.0")

        def _info(self):
            flags = dict.fromkeys(ATTRIBUTES, np.bool_)
            image = tfds.features.Image(shape=(218, 178, 3), encoding_format="jpeg")
            features = tfds.features.FeaturesDict(
                {"image": image, "attributes": flags, "landmarks": {"nose_x": np.int64}}
            )
            return tfds.core.DatasetInfo(builder=self, features=features)

        def _split_generators(self, dl_manager):
            spans = {"train": range(1, 9), "validation": range(9, 11), "test": range(11, 14)}
            return {split: self._generate_examples(span) for split, span in spans.items()}

        def _generate_examples(self, span):
            for i in span:
                flags = {name: name == "Male" and i % 2 == 0 for name in ATTRIBUTES}
                image = np.full((218, 178, 3), grey_of(i), np.uint8)
                yield i, {"image": image, "attributes": flags, "landmarks": {"nose_x": 0}}

    root = tmp_path / "tensorflow_datasets"
    root.mkdir()
    CelebA(data_dir=root).download_and_prepare()
    for folder in (root, root / "celeb_a", root / "celeb_a" / "2.1.0"):
        pictures, table = load_arrays(image_size=8, attributes="Male", data=folder, split="all")
        assert sorted(numbers_in(pictures)) == list(range(1, 14))
        assert table["Male"].tolist() == [int(i % 2 == 0) for i in numbers_in(pictures)]
    assert sorted(order_of(load_small(root, split="valid", batch_size=2))) == [9, 10]
    record = next(root.rglob("*-train.tfrecord*"))
    record.write_bytes(record.read_bytes()[:-500])
    with pytest.raises(ValueError, match=r"2\.1\.0: TensorFlow Datasets"):
        load_small(root)


FOREIGN = {"pythonClassName": "foreign_features.Face", "jsonFeature": {"json": "{}"}}
DICT = "tensorflow_datasets.core.features.features_dict.FeaturesDict"
PREPARED = {
    "new": {"pythonClassName": DICT, "featuresDict": {"features": {"image": FOREIGN}}},
    "as protobuf spells it": {"python_class_name": "foreign_features.Face", "json_feature": {"json": "{}"}},
    "old": {"type": DICT, "content": {"image": {"type": "foreign_features.Face", "content": {}}}},
    "JSON in a string": {
        "type": DICT,
        "proto_cls": "tensorflow_datasets.FeaturesDict",
        "content": json.dumps({"features": {"image": FOREIGN}}),
    },
}


def write_prepared(folder, features):
    folder.mkdir()
    (folder / "features.json").write_text(features, encoding="utf-8")
    info = {"name": "celeb_a", "version": "2.1.0", "fileFormat": "tfrecord"}
    (folder / "dataset_info.json").write_text(json.dumps(info), encoding="utf-8")
    return folder


@pytest.mark.parametrize("spelling", PREPARED)
def test_a_class_that_is_not_celebas_is_not_imported(spelling, tmp_path, monkeypatch):
    """TensorFlow Datasets imports every module that features.json names."""
    pytest.importorskip("tensorflow_datasets")
    (tmp_path / "foreign_features.py").write_text("", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    folder = write_prepared(tmp_path / "celeb_a", json.dumps(PREPARED[spelling]))
    with pytest.raises(ValueError, match="features.json.*foreign_features.Face"):
        find_layout(folder)
    assert "foreign_features" not in sys.modules


@pytest.mark.parametrize("features", ["", "[", '"{"', "[" * 100_000, "{}", "[]", "7", '{"pythonClassName": 7}'])
def test_broken_features_are_refused_by_name(features, tmp_path):
    pytest.importorskip("tensorflow_datasets")
    with pytest.raises(ValueError, match="broken_celeb_a"):
        find_layout(write_prepared(tmp_path / "broken_celeb_a", features))
