"""Eyes, noses and mouths in pictures, found by mtcnn (Zhang et al. 2016), which comes with the extra `photos`."""

import functools
from pathlib import Path

import numpy as np

LEAST = 24  # pixels of the shorter side: mtcnn finds faces of 20 pixels and more
INSTALL = 'pip install "mtcnn>=1.0,<2"'


def explain_missing_detector():
    """Why no faces can be found in pictures, or None where mtcnn is installed."""
    try:
        import mtcnn  # noqa: F401
    except ImportError:
        return f"no face detector is installed ({INSTALL})"


def find_landmarks(pictures):
    """Find the faces in pictures of one size.

    Args:
        pictures: uint8 array (n, H, W, 3).

    Returns:
        A list of n float arrays (faces, 5, 2): the left eye as seen in the picture, the right eye, the nose and the
        two corners of the mouth, as (x, y) in pixels.

    Raises:
        ImportError: mtcnn is not installed.
    """
    import tensorflow as tf

    count, *shape = pictures.shape
    found = np.empty((0, 16))
    if min(shape[:2]) >= LEAST:
        images = (pictures.astype(np.float32) - 127.5) / 128
        with tf.device("CPU"):  # small networks, and each picture has another size
            found = _search(images, [shape] * count)
    points = found[:, 6:].reshape(-1, 2, 5).transpose(0, 2, 1)
    return [points[found[:, 0] == i] for i in range(count)]


def _search(images, shapes):
    """Rows of mtcnn: picture, box (4), confidence, x of the landmarks (5), y (5)."""
    boxes = None
    for stage in _load_stages():
        boxes = stage(bboxes_batch=boxes, images_normalized=images, images_oshapes=shapes)
        if not len(boxes):  # the next network would fail without a box, and TensorFlow would log it
            return np.empty((0, 16))
    return boxes


@functools.cache
def _load_stages():
    """mtcnn's three networks, in float32 whatever the global policy is."""
    import keras
    import mtcnn
    from mtcnn.stages import StageONet, StagePNet, StageRNet

    # Whole paths: a file pnet.lz4 in the working directory would be unpickled instead.
    folder = Path(mtcnn.__file__).parent / "assets" / "weights"
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        stages = {"pnet": StagePNet, "rnet": StageRNet, "onet": StageONet}
        return [stage(weights=str(folder / f"{name}.lz4")) for name, stage in stages.items()]
    finally:
        keras.config.set_dtype_policy(policy)
