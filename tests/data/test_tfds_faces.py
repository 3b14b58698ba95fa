"""CelebA as TensorFlow Datasets prepares it."""

import numpy as np
import pytest

from facegen_keras.data.attributes import ATTRIBUTES
from facegen_keras.data.celeba import load_arrays
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
