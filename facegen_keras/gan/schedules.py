"""When the discriminator trains. The generator trains at every step; a step that skips D does none of D's work.

Schedules are called inside the compiled training step, so they compute with tensors.
"""

from typing import NamedTuple

import keras
import tensorflow as tf
from keras import ops

from facegen_keras.checks import check_whole
from facegen_keras.gan.configured import Configured


class Progress(NamedTuple):
    """What a schedule decides by: scalar tensors."""

    step: object  # int64, steps trained so far
    epoch: object  # int64, epochs completed so far
    accuracy: object  # float32 in [0, 1], D's running accuracy on real and generated faces


class Schedule(Configured):
    """Base of the schedules."""

    def __call__(self, progress):
        """Whether D trains in this step: a scalar boolean tensor."""
        raise NotImplementedError


@keras.saving.register_keras_serializable("facegen_keras")
class EveryStep(Schedule):
    """D trains at every step of G, as in the original GAN (Goodfellow et al. 2014)."""

    def __call__(self, progress):
        return tf.constant(True)  # TensorFlow knows it beforehand, and compiles no step without D


@keras.saving.register_keras_serializable("facegen_keras")
class Ratio(Schedule):
    """D trains once for every `ratio` updates of G (Human Face Generator: 5).

    Args:
        ratio: whole number of G updates per D update, at least 1.
    """

    def __init__(self, ratio=5):
        self.ratio = check_whole("ratio", ratio, 1)

    def __call__(self, progress):
        return progress.step % self.ratio == 0


@keras.saving.register_keras_serializable("facegen_keras")
class DecayRatio(Schedule):
    """D trains at every update of G for the first epochs, then less and less often (Human Face Generator).

    Args:
        full_epochs: epochs in which D trains at every step.
        grow_every: after those, the ratio of G updates to one D update grows by one every so many epochs.
        max_ratio: where the ratio stops growing.
    """

    def __init__(self, full_epochs=5, grow_every=1, max_ratio=10):
        self.full_epochs = check_whole("full_epochs", full_epochs, 0)
        self.grow_every = check_whole("grow_every", grow_every, 1)
        self.max_ratio = check_whole("max_ratio", max_ratio, 1)

    def __call__(self, progress):
        grown = (progress.epoch - self.full_epochs + self.grow_every) // self.grow_every
        ratio = ops.clip(1 + grown, 1, self.max_ratio)
        return progress.step % ratio == 0


@keras.saving.register_keras_serializable("facegen_keras")
class AccuracyGate(Schedule):
    """D trains only while its accuracy is under a threshold (Human Face Generator).

    The accuracy is a running mean over real and generated faces. It costs nothing while D rests: G's update shows D
    generated faces at every step, and D's verdict on real faces does not change while D does not learn.

    Args:
        threshold: accuracy in (0.5, 1]; at 0.5 and below D would never train, since guessing reaches it.
    """

    def __init__(self, threshold=0.8):
        if not 0.5 < threshold <= 1:
            raise ValueError(f"AccuracyGate(threshold={threshold}): expected a number over 0.5 (guessing) up to 1.")
        self.threshold = float(threshold)

    def __call__(self, progress):
        return progress.accuracy < self.threshold


SCHEDULES = {"every": EveryStep, "ratio": Ratio, "decay": DecayRatio, "accuracy": AccuracyGate}


def parse_schedule(text):
    """Make a schedule from its name and settings: "every", "ratio:5", "decay:5:1:10" or "accuracy:0.8".

    Raises:
        TypeError: `text` is no string.
        ValueError: the name is none of `SCHEDULES`, or a setting is no number or out of range.
    """
    if not isinstance(text, str):
        raise TypeError(f'schedule={text!r}: expected text, such as "ratio:5".')
    name, *settings = text.split(":")
    if name not in SCHEDULES:
        raise ValueError(f"schedule {text!r}: expected one of every, ratio:5, decay:5:1:10, accuracy:0.8.")
    try:
        return SCHEDULES[name](*map(float, settings))
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"schedule {text!r}: {error}") from None
