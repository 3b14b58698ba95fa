"""The state of a training: whether it is sound, and a copy of it to go back to."""

import numpy as np

from facegen_keras.gan.optimizers import has_schedule

LOSSES = ("d_loss", "g_loss")


def copy_state(gan):
    """A copy, in main memory, of all that training steps change: weights, moments, loss scales, EMA, counters, logs.

    Learning rates and the numbers of epochs and batches are left out: callbacks set them, training steps do not.

    Returns:
        list of (variable, array) for `restore_state`.
    """
    trackers = [variable for tracker in gan.metrics for variable in tracker.variables]
    variables = {id(variable): variable for variable in [*gan.variables, *trackers, *_moments(gan)]}
    rates = [of.learning_rate for of in (gan.d_optimizer, gan.g_optimizer) if not has_schedule(of)]
    for left_out in (gan.epochs_done, gan.batches_done, gan.cooldown_state, *rates):
        variables.pop(id(left_out), None)
    return [(variable, variable.numpy()) for variable in variables.values()]


def restore_state(state):
    """Go back to what `copy_state` returned."""
    for variable, value in state:
        variable.assign(value)


def broken_losses(gan):
    """Names of the losses that were NaN or infinite in this epoch; one that was not measured is none of them."""
    return [name for name in LOSSES if not np.isfinite(gan.trackers[name].total.numpy())]


def broken_weights(gan):
    """Paths of the weights, and of what the optimisers keep, that are not all finite numbers."""
    variables = {id(variable): variable for variable in [*gan.weights, *_moments(gan)]}.values()
    return [variable.path for variable in variables if not np.isfinite(variable.numpy()).all()]


def check_finite(gan):
    """Do nothing where all weights are finite numbers; else raise a ValueError that names one that is not."""
    if broken := broken_weights(gan):
        raise ValueError(
            f"{broken[0]}, one of {len(broken)} broken weights, is NaN or infinite: such a GAN draws nothing. Go back "
            "to an earlier checkpoint, and train on with NaNGuard or lower learning rates."
        )


def check_counters(gan):
    """ValueError unless the steps, epochs and accuracies that a GAN has counted can have been counted."""
    for counter in (gan.steps_done, gan.epochs_done, gan.batches_done, gan.real_accuracy, gan.fake_accuracy):
        value, most = counter.numpy(), 1 if "accuracy" in counter.name else np.inf
        if not 0 <= value <= most:
            raise ValueError(f"{counter.name} is {value}, which no training can have counted. Save the GAN again.")


def _moments(gan):
    return [*gan.d_optimizer.variables, *gan.g_optimizer.variables] if gan.compiled else []
