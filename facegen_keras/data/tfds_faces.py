"""CelebA as TensorFlow Datasets prepared it: JPEGs, attributes and splits in record files."""

import functools
import io
import logging
import os
import tempfile
from pathlib import Path

from facegen_keras.data.folder import FaceFolder, cache_folder, file_states, hash_of

logger = logging.getLogger(__name__)

SPLITS = ("train", "validation", "test")


class TfdsFaces(FaceFolder):
    """A prepared `celeb_a`, as a `FaceFolder`; its tables are written into the cache folder, once.

    Args:
        folder: the folder of one version, such as `~/tensorflow_datasets/celeb_a/2.1.0`.

    Raises:
        ImportError: tensorflow_datasets is not installed.
        ValueError: the prepared data set has no pictures with attributes.
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
    try:
        import tensorflow_datasets as tfds
    except ImportError as error:
        raise ImportError(
            f"{folder} was prepared by TensorFlow Datasets; to read it: pip install tensorflow-datasets. "
            "Or set FACEGEN_DATA to CelebA in its official layout."
        ) from error
    builder = tfds.builder_from_directory(folder)
    if not {"image", "attributes"} <= set(builder.info.features):
        raise ValueError(
            f"{folder}: found the features {', '.join(builder.info.features)}, expected image and attributes. "
            "Set FACEGEN_DATA to a prepared celeb_a."
        )
    for number, split in enumerate(SPLITS):
        if split in builder.info.splits:
            dataset = builder.as_dataset(split=split, decoders={"image": tfds.decode.SkipDecoding()})
            yield from ((number, example) for example in dataset.as_numpy_iterator())


def _write_tables(folder, tables):
    """Write the attributes and splits of a prepared `celeb_a` in the format of CelebA's own tables."""
    logger.info("Reading the attributes in %s into %s, once", folder, tables)
    attributes, partition, header = [], [], []
    for number, example in _examples(folder):
        name = f"{len(partition) + 1:06d}.jpg"
        header = header or sorted(example["attributes"])
        attributes.append(" ".join([name, *("1" if example["attributes"][key] else "-1" for key in header)]))
        partition.append(f"{name} {number}")
    with tempfile.TemporaryDirectory(dir=tables.parent) as scratch:
        made = Path(scratch) / "tables"
        made.mkdir()
        for file, lines in (
            ("list_attr_celeba.txt", [len(attributes), " ".join(header), *attributes]),
            ("list_eval_partition.txt", partition),
        ):
            (made / file).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        try:
            os.replace(made, tables)
        except OSError:
            if not tables.is_dir():  # another process may have been quicker
                raise
