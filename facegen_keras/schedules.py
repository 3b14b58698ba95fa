"""When the discriminator trains. The generator trains at every step; a step that skips D does none of D's work.

Every schedule answers inside the compiled training step, so its arithmetic is on tensors.
"""

from typing import NamedTuple

import keras
from keras import ops


class Progress(NamedTuple):
    """What a schedule may look at: scalar tensors."""

    step: object  # int64, steps trained so far
    epoch: object  # int64, epochs completed so far
    accuracy: object  # float32 in [0, 1], D's running accuracy on real and generated faces


class Schedule:
    """Base of the schedules: saved with the model by the arguments it was made with."""

    def __call__(self, progress):
        """Whether D trains in this step: a scalar boolean tensor."""
        raise NotImplementedError

    def get_config(self):
        return dict(vars(self))

    @classmethod
    def from_config(cls, config):
        return cls(**config)

    def __repr__(self):
        return f"{type(self).__name__}({', '.join(f'{k}={v}' for k, v in vars(self).items())})"


@keras.saving.register_keras_serializable("facegen_keras")
class EveryStep(Schedule):
    """D trains at every step of G, as in the original GAN (Goodfellow et al. 2014)."""

    def __call__(self, progress):
        return progress.step >= 0


@keras.saving.register_keras_serializable("facegen_keras")
class Ratio(Schedule):
    """D trains once for every `ratio` updates of G (Human Face Generator: 5).

    Args:
        ratio: whole number of G updates per D update, at least 1.
    """

    def __init__(self, ratio=5):
        self.ratio = _whole("ratio", ratio, 1)

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
        self.full_epochs = _whole("full_epochs", full_epochs, 0)
        self.grow_every = _whole("grow_every", grow_every, 1)
        self.max_ratio = _whole("max_ratio", max_ratio, 1)

    def __call__(self, progress):
        grown = (progress.epoch - self.full_epochs + self.grow_every) // self.grow_every
        ratio = ops.clip(1 + grown, 1, self.max_ratio)
        return progress.step % ratio == 0


@keras.saving.register_keras_serializable("facegen_keras")
class AccuracyGate(Schedule):
    """D trains only while its accuracy is under a threshold (Human Face Generator).

    The accuracy is a running mean over real and generated faces. It costs nothing while D rests: G's own update
    shows D generated faces at every step, and real faces change no verdict of a D that does not learn.

    Args:
        threshold: accuracy in (0.5, 1]; at 0.5 and below D would never train, since guessing reaches it.
    """

    def __init__(self, threshold=0.8):
        if not 0.5 < threshold <= 1:
            raise ValueError(f"AccuracyGate(threshold={threshold}): expected a number over 0.5 (guessing) up to 1.")
        self.threshold = float(threshold)

    def __call__(self, progress):
        return progress.accuracy < self.threshold


def _whole(name, value, least):
    if isinstance(value, bool) or int(value) != value or value < least:
        raise ValueError(f"{name}={value}: expected a whole number, at least {least}.")
    return int(value)


SCHEDULES = {"every": EveryStep, "ratio": Ratio, "decay": DecayRatio, "accuracy": AccuracyGate}


def parse_schedule(text):
    """Make a schedule from a word and its settings: "every", "ratio:5", "decay:5:1:10" or "accuracy:0.8".

    Raises:
        TypeError: it is no text.
        ValueError: the word is none of `SCHEDULES`, or a setting is no number or nonsense.
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
