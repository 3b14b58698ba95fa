"""Human faces from attributes, with GANs, in Keras."""

import contextlib
import logging
import os
import sys

# TensorFlow logs pages of harmless "remapper failed" errors for LeakyReLU; its real errors are Python exceptions.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")


@contextlib.contextmanager
def _quiet_start():
    """Mute file descriptor 2: while it loads, TensorFlow logs there before it reads its own log level.

    Whoever sets TF_CPP_MIN_LOG_LEVEL to another level sees everything.
    """
    if sys.stderr is None or os.environ["TF_CPP_MIN_LOG_LEVEL"] != "3":
        yield
        return
    kept, silence = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(silence)


with _quiet_start(), contextlib.suppress(ImportError):
    import tensorflow  # noqa: F401

# Where several models predict, TensorFlow takes them for one that is traced again and again, and warns at length.
logging.getLogger("tensorflow").addFilter(lambda record: "triggered tf.function retracing" not in record.getMessage())

__version__ = "0.1.0"

try:
    from facegen_keras import sample_faces
    from facegen_keras.attribute_metrics import (
        attribute_accuracy,
        attribute_response,
        bias_report,
        refinement_scores,
    )
    from facegen_keras.attribute_network import estimate_attributes, face_features, train_attribute_network
    from facegen_keras.attribute_statistics import celeba_statistics, draw_attributes, measure_statistics
    from facegen_keras.attributes import (
        ATTRIBUTES,
        ATTRIBUTES_1,
        ATTRIBUTES_2,
        ATTRIBUTES_5,
        ATTRIBUTES_8,
        ATTRIBUTES_23,
    )
    from facegen_keras.augmentation import instance_noise, shifts
    from facegen_keras.callbacks import (
        Checkpoint,
        CollapseWarning,
        Curves,
        SampleDiversity,
        SampleGrid,
        SampleQuality,
        TimeBudget,
    )
    from facegen_keras.celeba import load_arrays, load_attributes, load_faces, load_identities, load_partition
    from facegen_keras.comparison import compare, load_comparison
    from facegen_keras.conditioning import Cube, LastLayer, NoAttributes, Projection
    from facegen_keras.download import download_celeba
    from facegen_keras.evaluation import evaluate
    from facegen_keras.features import Features
    from facegen_keras.gan import FaceGAN
    from facegen_keras.grids import curves, grid, save_gif, save_grid, sheet, verdict_titles
    from facegen_keras.guesses import Guesses
    from facegen_keras.layouts import find_data, workspace
    from facegen_keras.losses import CrossEntropy, Relativistic
    from facegen_keras.metrics import diversity, fid, kid, memorisation, precision_recall
    from facegen_keras.photos import load_photo
    from facegen_keras.pretrained import load_pretrained
    from facegen_keras.projection import project
    from facegen_keras.recipe import Recipe
    from facegen_keras.recipes import RECIPES
    from facegen_keras.refinement import RefiningGAN
    from facegen_keras.runs import faces_of_run, load_gan, load_run, pack_run, train
    from facegen_keras.sampling import attribute_sheet, draw_with_verdicts, interpolation, refinement_sheet
    from facegen_keras.schedules import AccuracyGate, DecayRatio, EveryStep, Ratio, parse_schedule
    from facegen_keras.widget import refine_widget
except ImportError as missing:  # so that check_env can still say what is missing
    _missing = missing

    def __getattr__(name):
        raise ImportError(
            f"facegen_keras.{name} is not available ({_missing}): run `python -m facegen_keras.check_env`."
        ) from _missing
