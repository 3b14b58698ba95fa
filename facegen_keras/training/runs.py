"""A training run in a folder: its options, checkpoints, history, curves and sample grids; it can be resumed."""

import contextlib
import logging
import math
from pathlib import Path

from facegen_keras.data.celeba import load_arrays
from facegen_keras.data.layouts import find_data, find_layout
from facegen_keras.gan.distribution import find_strategy, is_chief, told_of_lost_workers
from facegen_keras.gan.latents import FACES
from facegen_keras.metrics.samples import unseen_faces
from facegen_keras.metrics.scores import FEWEST
from facegen_keras.training.callbacks import (
    Checkpoint,
    CollapseWarning,
    Curves,
    SampleDiversity,
    SampleGrid,
    SampleQuality,
    TimeBudget,
)
from facegen_keras.training.checkpoints import (
    BEST,
    LAST,
    checkpoints_of,
    clear_unfinished,
    describe_progress,
    load_first,
    set_aside,
)
from facegen_keras.training.cooldown import Cooldown
from facegen_keras.training.guard import NaNGuard
from facegen_keras.training.history import HISTORY, lowest_kid, read_history
from facegen_keras.training.interruption import Interruption
from facegen_keras.training.lock import only_process
from facegen_keras.training.options import (
    DATA_OPTIONS,
    OPTIONS,
    RECIPE_OPTIONS,
    RUN_OPTIONS,
    START_OPTIONS,
    as_read,
    check_options,
    only,
    read_options,
    recipe_of,
    write_options,
)
from facegen_keras.training.pretrained import pack, start_from
from facegen_keras.training.recipe import reserve_faces
from facegen_keras.training.tensorboard import TensorBoardLog, require_tensorboard

logger = logging.getLogger(__name__)

MEASURED = 1_000  # real faces that samples are compared with while training
CHANGEABLE = ("data", "num_parallel_calls", "epochs", "cooldown", *RUN_OPTIONS)  # what a resumed run may be given anew
STARTED_FROM = 2_000  # faces that a generator which is fed faces starts from: as many as `evaluate` draws


def train(
    run, recipe=None, epochs=None, minutes=None, seed=None, resume=False, strategy=None, verbose="auto", **options
):
    """Train a recipe into a folder, or resume a run that was interrupted or should be longer.

    A run is saved at each epoch's end, every few minutes, and when its process is asked to end (Ctrl-C, SIGTERM). It
    goes on at the next batch, and ends as if nothing had happened. A run whose newest checkpoint is damaged or missing
    goes on from the one before, and warns of it.

    Args:
        run: the folder; gets `options.json`, `gan.keras`, earlier checkpoints as `gan_1.keras`, ..., `history.csv`,
            `curves.png` and the sample grids, and as `best.keras` the epoch of the lowest KID. One process at a time
            trains in it.
        recipe: name of a recipe; by default modern.
        epochs: how many in all; by default the recipe's own.
        minutes: stop after this time, whatever the epochs; the epoch that is cut short counts as one.
        seed: of weights, latents and the choice and order of the pictures; by default 0.
        resume: resume the run in the folder, with the options it was started with, or start it where there is none yet;
            of a run that is resumed, only `epochs`, `minutes`, `every`, `save_minutes`, `keep`, `tensorboard`,
            `num_parallel_calls`, `cooldown` and, where the faces were moved, `data` may be given anew. A run that has
            all its epochs is loaded.
        strategy: the devices to train on, "mirrored" or "multiworker" (see `Recipe.build`); a run that is resumed may
            be given another. Several workers share the run's folder; only the first of them, the chief, writes.
        verbose: as in `fit`.
        **options: `every`, epochs from one sample grid, and one measurement of KID, to the next (1); `save_minutes`,
            minutes of an epoch from one save to the next (10); `keep`, how many of the last checkpoints are kept (2);
            `tensorboard`, whether epochs are logged for TensorBoard, too (False). Of the recipe, `image_size`,
            `attributes`, `schedule` (as text), `cooldown`, `ema_decay`, `dtype_policy`, `batch_size`, `crop`, `flip`,
            `images`, `random_select`, `jit_compile`, `steps_per_execution`, `gradient_accumulation_steps`, `guide`; and
            `data`, `balance` and `num_parallel_calls` of `load_faces`. `weights`, as for `load_pretrained`, are what a
            new run starts from, with new optimisers; they are of the same recipe, size and attributes.
            `learning_rate` is G's; D's keeps its ratio to it. What is None is left to the recipe.

    Returns:
        The trained FaceGAN.

    Raises:
        FileExistsError: the folder holds a run already and `resume` is not set.
        ImportError: TensorBoard was asked for, and is not installed.
        FileNotFoundError: the run has lost its options or all of its checkpoints.
        RuntimeError: another process trains in the folder, or another worker is gone.
        TypeError: there is no such option, or it has another type.
        ValueError: no such recipe, an option is wrong or differs from the run's, other faces than the run's, a damaged
            `options.json`, no checkpoint that can be loaded, or it needs more memory than there is.
    """
    run = Path(run)
    known = (*RUN_OPTIONS, *RECIPE_OPTIONS, *DATA_OPTIONS, *START_OPTIONS)
    if unknown := set(options) - set(known):
        raise TypeError(f"train has no option {', '.join(unknown)}: expected some of {', '.join(known)}.")
    given = {"recipe": recipe, "seed": seed, "epochs": epochs} | options
    given = as_read({name: value for name, value in given.items() if value is not None})
    strategy = find_strategy(strategy)
    chief = is_chief(strategy)
    with only_process(run) if chief else contextlib.nullcontext(), told_of_lost_workers(strategy):
        settings = _settings(run, given, resume)
        if settings["tensorboard"]:
            require_tensorboard()
        recipe = recipe_of(settings)
        replicas = strategy.num_replicas_in_sync
        recipe.check_replicas(replicas)
        each = " on each device" if replicas > 1 else ""
        logger.info("Training takes about %.1f GB of memory%s", recipe.check_memory(replicas) / 1e9, each)
        with strategy.scope():
            gan, checkpoint = _load_or_build(run, recipe, settings)
        gan.start_faces = _start_faces(gan, settings)
        done = int(gan.epochs_done.numpy())
        if settings["epochs"] <= done:
            logger.warning("%s has trained %d epochs already: ask for more than that to go on.", run, done)
            return gan
        faces = recipe.load_faces(seed=settings["seed"], **only(settings, DATA_OPTIONS))
        if checkpoint:
            logger.info("%s goes on %s.", run, describe_progress(gan))
        callbacks, interruption = _callbacks(run, recipe, settings, read_history(run, done), minutes, chief)
        if chief:
            if checkpoint != run / LAST:
                set_aside(run / LAST)
            clear_unfinished(run)
            write_options(run, settings)
        with interruption.heard():
            gan.fit(faces, initial_epoch=done, epochs=settings["epochs"], verbose=verbose, callbacks=callbacks)
    return gan


def load_run(run, last=False):
    """Load the GAN of a run's folder.

    Args:
        run: the folder.
        last: whether to load the last epoch, instead of that of the lowest KID. Where it cannot be loaded, an earlier
            one is, with a warning.

    Returns:
        The `FaceGAN`; what starts from faces gets those of the run, or drawn ones where they are away.

    Raises:
        FileNotFoundError, ValueError: no checkpoint of the run can be loaded, or its `options.json` is damaged.
    """
    run = Path(run)
    *checkpoints, best = checkpoints_of(run)
    if best.exists() and not last:
        checkpoints.insert(0, best)
    gan, _ = load_first(checkpoints)
    if (run / OPTIONS).exists():
        try:
            gan.start_faces = _start_faces(gan, read_options(run))
        except FileNotFoundError as error:
            logger.warning("Samples start from drawn faces, as those of the run are away: %s", error)
    return gan


def faces_of_run(run):
    """The faces that a run was trained on.

    Args:
        run: the folder.

    Returns:
        dict of `data` and `images`, as `evaluate` and `load_arrays` want them.

    Raises:
        FileNotFoundError, ValueError: the run's `options.json` is not there, or is damaged.
    """
    options = read_options(run)
    return {"data": options["data"], "images": recipe_of(options).images}


def pack_run(run, out, last=False):
    """Write the weights of a run into one small file, for `load_pretrained`.

    Args:
        run, last: as for `load_run`.
        out: the `.npz` file to write.

    Raises:
        FileNotFoundError, ValueError: as `load_run`; or the GAN is none that the file could tell how to build.
    """
    pack(load_run(run, last), out)


def _settings(run, given, resume):
    """The options of a new run, or of the one that is resumed."""
    there = [file.name for file in (run / OPTIONS, *checkpoints_of(run)) if file.exists()]
    if not there:
        return _complete({"recipe": "modern", "seed": 0} | RUN_OPTIONS | given)
    if not resume:
        raise FileExistsError(
            f"{run} holds a run already ({', '.join(there)}): pass --resume to go on with it, or choose another folder."
        )
    started = read_options(run)
    _check_unchanged(run, started, given)
    settings = _complete({"cooldown": 0.0} | started | only(given, CHANGEABLE))
    if settings["faces"] != started["faces"]:
        raise ValueError(
            f"data={settings['data']}: these are other pictures than those of {started['data']}, which {run} was "
            "started with. Name a folder of the same pictures, or start another run."
        )
    return settings


def _complete(settings):
    """The settings, and everything else that must be the same when the run is resumed."""
    recipe = recipe_of(settings)
    recipe.check()  # before faces are looked for, which may take a while
    data = find_data(settings.get("data")).resolve()
    recipe = reserve_faces(recipe, data, settings["seed"])
    settings = settings | {
        "images": recipe.images,
        "cooldown": recipe.cooldown,
        "data": str(data),
        "faces": find_layout(data).identity,
        "epochs": settings.get("epochs", recipe.epochs),
    }
    check_options(settings)
    return settings


def _load_or_build(run, recipe, settings):
    """The GAN to go on with, and the checkpoint it is from: a new GAN, and None, where nothing was saved yet."""
    checkpoints = checkpoints_of(run)
    if any(checkpoint.exists() for checkpoint in checkpoints):
        gan, checkpoint = load_first(checkpoints)
        if (gan.recipe, gan.size, gan.attributes) != (recipe.name, recipe.size, recipe.attributes):
            raise ValueError(
                f"{checkpoint} is a {gan.recipe} of {gan.size} with {gan.attributes}: not what {run / OPTIONS} says. "
                "Bring back the one that belongs to the other, or start another run."
            )
        return gan, checkpoint
    if (run / OPTIONS).exists():
        if len(epochs := read_history(run)) > 1:  # the first may have been interrupted as it was saved
            raise FileNotFoundError(
                f"{run} has no checkpoint, although {HISTORY} has {len(epochs)} epochs: bring back {LAST}, or start "
                "another run."
            )
        logger.warning("%s has no checkpoint yet: it starts at its first epoch.", run)
    gan = recipe.build(seed=settings["seed"])
    if "weights" in settings:
        start_from(gan, settings["weights"])
    if "learning_rate" in settings:
        gan.optimizer.learning_rate = settings["learning_rate"]
    return gan, None


def _callbacks(run, recipe, settings, earlier, minutes, chief):
    """The callbacks of a run, and the one of them that hears when it is asked to end."""
    quality, best = _measures(run, recipe, settings, earlier)
    checkpoint = Checkpoint(run / LAST, minutes=settings["save_minutes"], keep=settings["keep"])
    interruption = Interruption(checkpoint.save if chief else lambda: None)
    grids = SampleGrid(run, every=settings["every"], seed=settings["seed"])
    callbacks = [
        NaNGuard(),  # first, so that nothing that it takes back is drawn, measured or saved
        Cooldown(recipe.cooldown, minutes),
        SampleDiversity(every=settings["every"]),
        *quality,
        CollapseWarning(earlier=earlier),
        Curves(run, earlier),
        grids,
        *([TensorBoardLog(run / "tensorboard", grids, earlier)] if settings["tensorboard"] else []),
        *best,  # once an epoch is saved, its history and its grid are there
        checkpoint,
        interruption,
        *([TimeBudget(minutes)] if minutes is not None else []),
    ]
    return callbacks, interruption


def _measures(run, recipe, settings, earlier):
    """Two lists of callbacks, one measures KID and one keeps the best epoch; empty where there are too few faces."""
    real, _ = load_arrays(MEASURED, recipe.size, data=settings["data"], crop=recipe.crop)
    if len(real) < FEWEST:
        return [], []
    lowest = lowest_kid(earlier, math.inf) if (run / BEST).exists() else math.inf
    return [SampleQuality(real, every=settings["every"])], [Checkpoint(run / BEST, "kid", lowest)]


def _start_faces(gan, settings):
    """What a generator that is fed faces starts from: faces that it is not trained on; None for the others."""
    if gan.latent.distribution != FACES:
        return None
    return unseen_faces(gan, STARTED_FROM, settings["data"], settings["images"], settings["seed"])


def _check_unchanged(run, started, given):
    for name, value in given.items():
        before, now = (_resolved(options, name) for options in (started, started | {name: value}))
        if name not in CHANGEABLE and before != now:
            raise ValueError(
                f"{name}={value}: {run} was started with {before}, and a resumed run keeps its options. Leave it out, "
                "or start another run."
            )


def _resolved(options, name):
    """What an option comes to: a recipe's own value where it was not given, names for the size of a selection."""
    if name not in RECIPE_OPTIONS:
        return options.get(name)
    recipe = recipe_of(options)
    return repr(recipe.size if name == "image_size" else getattr(recipe, name))
