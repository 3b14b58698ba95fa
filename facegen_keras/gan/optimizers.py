"""What Keras' optimisers lack where two networks learn: a loss scale for both, learning rates that move together."""

import keras


def with_loss_scale(optimizer, *models):
    """An optimiser that scales losses, where one of the models computes in float16; else the optimiser itself.

    Small gradients are 0 in float16. Keras' `LossScaleOptimizer` multiplies the loss before they are computed and
    divides them afterwards; it skips a step whose gradients overflow, and halves the scale (Micikevicius et al. 2018).
    """
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        return optimizer
    is_half = any(layer.compute_dtype == "float16" for model in models for layer in _layers(model))
    return keras.optimizers.LossScaleOptimizer(optimizer) if is_half else optimizer


def _layers(model):
    for layer in getattr(model, "layers", ()):
        yield layer
        yield from _layers(layer)


class OptimizerPair:
    """Both optimisers, as Keras' callbacks see them: a learning rate is set for G, and D's keeps its ratio to it.

    Args:
        d_optimizer, g_optimizer: Keras optimisers.
    """

    built = True

    def __init__(self, d_optimizer, g_optimizer):
        self.d_optimizer, self.g_optimizer = d_optimizer, g_optimizer
        self.ratio = 1.0  # of D's learning rate to G's

    @property
    def learning_rate(self):
        return self.g_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, value):
        d_rate, g_rate = rate_of(self.d_optimizer), rate_of(self.g_optimizer)
        if g_rate > 0:  # a warm-up may start at 0
            self.ratio = d_rate / g_rate
        self.g_optimizer.learning_rate = value
        self.d_optimizer.learning_rate = self.ratio * value

    @property
    def variables(self):
        return self.d_optimizer.variables + self.g_optimizer.variables


def rate_of(optimizer):
    """An optimiser's learning rate at this step, as a float."""
    return float(optimizer.learning_rate.numpy())


def scale_learning_rate(optimizer, factor):
    """Multiply an optimiser's learning rate, a number or a schedule, by a factor."""
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    if has_schedule(optimizer):
        schedule = keras.optimizers.schedules.deserialize(optimizer.get_config()["learning_rate"])
        optimizer.learning_rate = ScaledSchedule(schedule, factor)
    else:
        optimizer.learning_rate = rate_of(optimizer) * factor


def has_schedule(optimizer):
    """Whether an optimiser's learning rate is a schedule, which is compiled into the training step."""
    return not hasattr(optimizer.learning_rate, "assign")


@keras.saving.register_keras_serializable("facegen_keras")
class ScaledSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate schedule times a factor."""

    def __init__(self, schedule, factor):
        super().__init__()
        self.schedule, self.factor = schedule, factor

    def __call__(self, step):
        return self.factor * self.schedule(step)

    def get_config(self):
        return {"schedule": keras.saving.serialize_keras_object(self.schedule), "factor": self.factor}

    @classmethod
    def from_config(cls, config):
        return cls(keras.saving.deserialize_keras_object(config["schedule"]), config["factor"])
