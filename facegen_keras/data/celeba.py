"""CelebA, or faces of one's own, as a tf.data pipeline, as arrays and as tables."""

import math
import os

import numpy as np
import pandas as pd
import tensorflow as tf

from facegen_keras.checks import check_whole
from facegen_keras.data.images import CROP
from facegen_keras.data.labels import attributes_of, partition_of
from facegen_keras.data.layouts import find_data, find_layout
from facegen_keras.data.selection import check_split, open_faces, plan_epoch
from facegen_keras.data.tables import read_identities, whole_where_whole
from facegen_keras.memory import check_memory


def load_faces(
    image_size=64,
    batch_size=64,
    attributes=None,
    *,
    data=None,
    split="train",
    crop=CROP,
    value_range=(0, 1),
    images=None,
    random_select=None,
    balance=None,
    flip=False,
    seed=0,
    shuffle=True,
    drop_remainder=True,
    num_parallel_calls=None,
):
    """Load faces in batches, for `fit`: each new iterator is a new epoch, in an order that follows from `seed`.

    `FaceGAN.fit` tells it which epoch begins, through `next_epoch`, so that a resumed training sees what it would have
    seen. The pictures are decoded the first time and kept in the cache folder; later epochs and runs only read them.

    Args:
        image_size: the side of the pictures, or (height, width).
        batch_size: pictures in a batch.
        attributes: what `resolve_attributes` accepts: names of CelebA's attributes, or of labels of your own, which are
            columns of a table or folders of pictures (see docs/datasets.md). None gives no attributes.
        data: the folder; None finds it as `find_data` does.
        split: "train", "valid", "test" or "all". Without a partition file, "train" is all.
        crop: width of the centred crop in CelebA's 178x218 pixels (108, 128, 148 or 178 are usual); None takes the
            whole picture.
        value_range: the values of black and white.
        images: how many pictures to train on (int; all where there are fewer), or which share of the split (float in
            (0, 1]). It is a fixed choice that follows from `seed`, the same in every epoch; None takes all.
        random_select: how many of those pictures make an epoch (int), or which share of them (float in (0, 1]). Each
            epoch draws them afresh; None takes all.
        balance: the name of an attribute whose rare value is upsampled until both are equally frequent.
        flip: whether half of the pictures, drawn afresh each epoch, are mirrored.
        seed: what the choice, all orders and flips follow from.
        shuffle: whether the order is random; False keeps that of the file names.
        drop_remainder: whether an incomplete last batch is left out.
        num_parallel_calls: batches that are read at once; by default as many as there are CPU cores. Their order stays.

    Returns:
        A tf.data.Dataset of (images, attributes): float32 (batch, height, width, 3) in `value_range`, and float32
        (batch, n) in [0, 1]; n is 0 without attributes. `len()` of it is the number of batches; its attribute
        `next_epoch` is a `NextEpoch`, and `label_statistics` are those of its attributes, or None.

    Raises:
        FileNotFoundError: no such folder, no picture in it, or a table is missing that was asked for.
        ValueError: a setting is wrong or asks for more pictures than there are; a table is broken, or has no such
            attribute.
    """
    batch_size = check_whole("batch_size", batch_size, 1)
    readers = check_whole("num_parallel_calls", os.cpu_count() if num_parallel_calls is None else num_parallel_calls, 1)
    faces = open_faces(image_size, attributes, data, split, crop, images=images, balance=balance, seed=seed)
    draw_rows, count = plan_epoch(faces, random_select, shuffle)
    steps = count // batch_size if drop_remainder else -(-count // batch_size)
    if steps == 0:
        raise ValueError(
            f"batch_size={batch_size} is more than the {count:,} pictures of an epoch. Take a smaller batch_size, "
            "larger images or random_select, or drop_remainder=False."
        )
    next_epoch = NextEpoch()

    def draw_epoch():
        rng = np.random.default_rng([int(seed), next_epoch.take()])
        rows = np.full(steps * batch_size, -1, dtype=np.int64)
        drawn = draw_rows(rng)[: len(rows)]
        rows[: len(drawn)] = drawn
        yield rows.reshape(steps, batch_size), rng.random((steps, batch_size)) < 0.5

    pictures, values = _as_tensor(faces.pictures), tf.constant(faces.attributes)
    low, high = map(float, value_range)

    def fetch(rows, flipped):
        if not drop_remainder:
            rows, flipped = rows[rows >= 0], flipped[rows >= 0]
        images = _gather_flipped(pictures, rows, flipped) if flip else tf.gather(pictures, rows)
        images = tf.ensure_shape(images, (batch_size if drop_remainder else None, *pictures.shape[1:]))
        # One pass from uint8 to floats: 0 becomes `low`, 255 becomes `high`.
        images = tf.quantization.dequantize(tf.bitcast(images, tf.quint8), low, high)
        attributes = tf.gather(values, rows)
        return images, tf.ensure_shape(attributes, (images.shape[0], values.shape[1]))

    signature = tf.TensorSpec((steps, batch_size), tf.int64), tf.TensorSpec((steps, batch_size), tf.bool)
    dataset = tf.data.Dataset.from_generator(draw_epoch, output_signature=signature).unbatch()
    dataset = dataset.apply(tf.data.experimental.assert_cardinality(steps))
    options = tf.data.Options()
    options.autotune.enabled = False  # its thread may keep an ended epoch in memory for half a minute
    options.experimental_optimization.apply_default_optimizations = False  # they would copy all pictures into memory
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    dataset = dataset.map(fetch, num_parallel_calls=readers).prefetch(2).with_options(options)
    dataset.next_epoch, dataset.label_statistics = next_epoch, faces.label_statistics
    return dataset


class NextEpoch:
    """Which epoch the next iterator over a data set gives: `epoch`, counted from 0. It then grows by one."""

    epoch = 0

    def take(self):
        self.epoch += 1
        return self.epoch - 1


def _as_tensor(pictures):
    """The memory-mapped pictures as a tensor that shares their memory: none is read before it is asked for."""
    writable = np.load(pictures.filename, mmap_mode="c")  # DLPack has no read-only arrays; the file stays as it is
    return tf.experimental.dlpack.from_dlpack(np.asarray(writable).__dlpack__())


def _gather_flipped(pictures, rows, flipped):
    """The pictures of `rows`, mirrored where `flipped`."""
    upright, mirrored = tf.where(~flipped)[:, 0], tf.where(flipped)[:, 0]
    images = [
        tf.gather(pictures, tf.gather(rows, upright)),
        tf.reverse(tf.gather(pictures, tf.gather(rows, mirrored)), [2]),
    ]
    return tf.dynamic_stitch([tf.cast(upright, tf.int32), tf.cast(mirrored, tf.int32)], images)


def load_arrays(
    images=None, image_size=64, attributes=None, *, data=None, split="train", crop=CROP, held_out_from=None, seed=0
):
    """Load faces as arrays, for metrics and notebooks.

    Args:
        images: the fixed choice of `load_faces`: the same number or share, `split` and `seed` choose the same pictures,
            here in random order. None takes all, in the order of the file names.
        image_size, attributes, data, split, crop: as for `load_faces`.
        held_out_from: the `images` that `load_faces` trains on: those pictures are left out, so that what is loaded is
            unseen; `images` then chooses among the others. None leaves out nothing.
        seed: what the choice follows from; for `held_out_from` the seed of the training.

    Returns:
        uint8 array (n, height, width, 3), and a DataFrame (n, k), index the picture names: int8 0/1, or float32 where
        there are labels in between.

    Raises:
        As `load_faces`; ValueError, too, if `held_out_from` leaves no picture, or there is no memory for so many.
    """
    faces = open_faces(image_size, attributes, data, split, crop, images=images, held_out_from=held_out_from, seed=seed)
    size = faces.pictures.shape[1:]
    check_memory(
        f"load_arrays of {len(faces.rows):,} pictures of {size[0]}x{size[1]}",
        len(faces.rows) * math.prod(size),
        "take fewer (images=) or smaller ones (image_size=), or load_faces, which reads them batch by batch",
    )
    values = whole_where_whole(faces.attributes[faces.rows])
    table = pd.DataFrame(values, index=faces.names[faces.rows], columns=list(faces.attribute_names))
    return faces.pictures[faces.rows], table


def load_attributes(data=None, split="all", with_pictures=False):
    """Read the attributes of a folder of faces.

    Args:
        data: the folder; None finds it as `find_data` does.
        split: "train", "valid", "test" or "all".
        with_pictures: whether rows without a picture are left out.

    Returns:
        DataFrame (pictures, n), 40 of CelebA, index the picture names: int8 0/1, or float32 where there are labels in
        between.

    Raises:
        FileNotFoundError: the folder, its labels, or the partition file, is not there.
        ValueError: a table is broken, or `split` is none of the four.
    """
    faces = find_layout(find_data(data))
    table = attributes_of(faces).copy()
    if check_split(split) != "all":
        table = table[partition_of(faces, split).reindex(table.index) == split]
    return table[table.index.isin(faces.names)] if with_pictures else table


def load_partition(data=None):
    """Read the official split: Series of "train", "valid" or "test", index the picture names.

    Args:
        data: the folder; None finds it as `find_data` does.

    Raises:
        FileNotFoundError: the folder or the partition file is not there.
        ValueError: the file is broken.
    """
    return partition_of(find_layout(find_data(data)), "train")


def load_identities(data=None):
    """Read who is on each picture: Series of int, index the picture names; None where there is no such file.

    Args:
        data: the folder, with `identity_CelebA.txt` beside the attribute file; None finds it as `find_data` does.
    """
    faces = find_layout(find_data(data))
    file = (faces.attribute_file or faces.pictures).parent / "identity_CelebA.txt"
    return read_identities(file) if file.exists() else None
