"""CelebA as TensorFlow Datasets prepared it: JPEGs, attributes and splits in record files."""

import functools
import io
import json
import logging

from facegen_keras.data.folder import FaceFolder, cache_folder, file_states, hash_of
from facegen_keras.files import write_folder_atomically

logger = logging.getLogger(__name__)

SPLITS = ("train", "validation", "test")
# What celeb_a is made of. TensorFlow Datasets imports whatever module features.json names.
FEATURES = tuple(
    f"tensorflow_datasets.core.features.{name}"
    for name in ("features_dict.FeaturesDict", "image_feature.Image", "tensor_feature.Tensor", "scalar.Scalar",
                 "class_label_feature.ClassLabel", "text_feature.Text")
)  # fmt: skip


class TfdsFaces(FaceFolder):
    """A prepared `celeb_a`, as a `FaceFolder`; its tables are written into the cache folder, once.

    Args:
        folder: the folder of one version, such as `~/tensorflow_datasets/celeb_a/2.1.0`.

    Raises:
        ImportError: tensorflow_datasets is not installed.
        ValueError: the prepared data set is broken, has no pictures with attributes, or names a class that celeb_a
            does not have.
    """

    def __init__(self, folder):
        tables = cache_folder() / f"tfds-{hash_of((str(folder.resolve()), file_states(folder)))}"
        super().__init__(folder, tables / "list_attr_celeba.txt", tables / "list_eval_partition.txt")
        if not tables.is_dir():
            _write_tables(folder, tables)

    @functools.cached_property
    def names(self):
        """A name for each picture, in the order in which they are stored."""
        with open(self.partition_file, encoding="utf-8") as lines:
            return tuple(line.split()[0] for line in lines)

    @functools.cached_property
    def _states(self):
        return file_states(self.pictures)  # of the record files

    def open_pictures(self):
        """Yield each picture's JPEG as an open file, in the order of `names`."""
        return (io.BytesIO(example["image"]) for _, example in _examples(self.pictures))


def _examples(folder):
    """Yield (number of the split, example) for all examples of a prepared folder; their pictures are JPEG bytes."""
    _check_features(folder / "features.json")
    try:
        import tensorflow_datasets as tfds

        builder = tfds.builder_from_directory(folder)
        if not {"image", "attributes"} <= set(builder.info.features):
            raise ValueError(f"found the features {', '.join(builder.info.features)}, expected image and attributes")
        for number, split in enumerate(SPLITS):
            if split in builder.info.splits:
                dataset = builder.as_dataset(split=split, decoders={"image": tfds.decode.SkipDecoding()})
                yield from ((number, example) for example in dataset.as_numpy_iterator())
    except ImportError as error:
        raise ImportError(
            f"{folder} was prepared by TensorFlow Datasets; to read it: "
            f"pip install tensorflow-datasets importlib_resources ({error}). "
            "Or set FACEGEN_DATA to CelebA in its official layout."
        ) from error
    except Exception as error:  # TensorFlow's, protobuf's and JSON's own kinds
        raise ValueError(
            f"{folder}: TensorFlow Datasets cannot read it ({error}). Set FACEGEN_DATA to a prepared celeb_a, or "
            "prepare it again."
        ) from error


def _check_features(file):
    """ValueError if a features.json is broken, or names a class that celeb_a does not have."""
    try:
        named = set(_class_names(json.loads(file.read_text(encoding="utf-8"))))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{file}: it is no JSON ({error}). Prepare celeb_a again.") from None
    if foreign := sorted(named.difference(FEATURES)):
        raise ValueError(
            f"{file}: it names the class {foreign[0]}, which celeb_a does not have and which is not imported. "
            "Prepare celeb_a again."
        )


def _class_names(value):
    """Yield the classes that a parsed features.json names at any depth; a string may hold JSON of its own."""
    if isinstance(value, dict):
        for key, below in value.items():
            is_name = key in ("pythonClassName", "python_class_name", "type") and isinstance(below, str)
            yield from [below] if is_name else _class_names(below)
    elif isinstance(value, list):
        for below in value:
            yield from _class_names(below)
    elif isinstance(value, str) and "{" in value:
        yield from _class_names(json.loads(value))


def _write_tables(folder, tables):
    """Write the attributes and splits of a prepared `celeb_a` in the format of CelebA's own tables."""
    logger.info("Reading the attributes in %s into %s, once", folder, tables)
    attributes, partition, header = [], [], []
    for number, example in _examples(folder):
        name = f"{len(partition) + 1:06d}.jpg"
        header = header or sorted(example["attributes"])
        attributes.append(" ".join([name, *("1" if example["attributes"][key] else "-1" for key in header)]))
        partition.append(f"{name} {number}")
    with write_folder_atomically(tables, tables.is_dir) as made:
        made.mkdir()
        for file, lines in (
            ("list_attr_celeba.txt", [len(attributes), " ".join(header), *attributes]),
            ("list_eval_partition.txt", partition),
        ):
            (made / file).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
