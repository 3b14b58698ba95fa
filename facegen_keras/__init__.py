"""Human faces from attributes, with GANs, in Keras."""

import os

# TensorFlow logs pages of harmless "remapper failed" errors for LeakyReLU; its real errors are Python exceptions.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

__version__ = "0.1.0"

try:
    from facegen_keras import sample_faces
    from facegen_keras.attribute_statistics import celeba_statistics, draw_attributes, measure_statistics
    from facegen_keras.attributes import (
        ATTRIBUTES,
        ATTRIBUTES_1,
        ATTRIBUTES_2,
        ATTRIBUTES_5,
        ATTRIBUTES_8,
        ATTRIBUTES_23,
    )
    from facegen_keras.callbacks import Checkpoint, Curves, SampleDiversity, SampleGrid, TimeBudget
    from facegen_keras.celeba import load_arrays, load_attributes, load_faces, load_partition
    from facegen_keras.conditioning import Cube, LastLayer, NoAttributes
    from facegen_keras.download import download_celeba
    from facegen_keras.gan import FaceGAN
    from facegen_keras.grids import curves, grid, save_gif, save_grid, sheet, verdict_titles
    from facegen_keras.layouts import find_data, workspace
    from facegen_keras.losses import CrossEntropy
    from facegen_keras.metrics import attribute_response, diversity
    from facegen_keras.recipes import RECIPES, Recipe
    from facegen_keras.runs import load_gan, load_run, train
    from facegen_keras.sampling import attribute_sheet, interpolation
    from facegen_keras.schedules import AccuracyGate, DecayRatio, EveryStep, Ratio, parse_schedule
except ImportError as missing:  # so that check_env can still say what is missing
    _missing = missing

    def __getattr__(name):
        raise ImportError(
            f"facegen_keras.{name} is not available ({_missing}): run `python -m facegen_keras.check_env`."
        ) from _missing
