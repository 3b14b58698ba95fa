"""A training run in a folder: its options, checkpoint, history, curves and sample grids; it can be resumed."""

import json
import math
from pathlib import Path

import keras

from facegen_keras.callbacks import (
    Checkpoint,
    CollapseWarning,
    Curves,
    SampleDiversity,
    SampleGrid,
    SampleQuality,
    TimeBudget,
    read_history,
)
from facegen_keras.celeba import load_arrays
from facegen_keras.gan import FaceGAN
from facegen_keras.layouts import find_data
from facegen_keras.metrics import FEWEST
from facegen_keras.pretrained import pack
from facegen_keras.recipes import RECIPES
from facegen_keras.schedules import parse_schedule

RECIPE_OPTIONS = ("image_size", "attributes", "schedule", "averaging", "precision", "batch_size", "crop")
JUDGED = 1_000  # real faces that samples are compared with while training
DATA_OPTIONS = ("data", "random_select", "balance", "flip")


def train(run, recipe=None, epochs=None, minutes=None, every=None, seed=None, resume=False, verbose="auto", **options):
    """Train a recipe into a folder, or go on with a run that was interrupted or should be longer.

    Args:
        run: the folder; gets `options.json`, `gan.keras`, `history.csv`, `curves.png` and the sample grids, and as
            `best.keras` the epoch of the lowest KID.
        recipe: name of a recipe; by default dcgan2_64.
        epochs: how many in all; by default the recipe's own.
        minutes: stop after this time, whatever the epochs; the epoch that is cut short counts as one.
        every: epochs from one sample grid, and one judgement by KID, to the next; by default 1.
        seed: of weights, latents and the order of the pictures; by default 0.
        resume: go on from `run`'s checkpoint, with the options it was started with; only `epochs`, `minutes`, `every`
            and, where the faces were moved, `data` may then be given anew.
        verbose: as in `fit`.
        **options: of the recipe, `image_size`, `attributes`, `schedule` (as text), `averaging`, `precision`,
            `batch_size`, `crop`; of its faces, `data`, `random_select`, `balance`, `flip`. What is None is left to the
            recipe.

    Returns:
        The trained FaceGAN.

    Raises:
        FileExistsError: the folder holds a run already and `resume` is not set.
        FileNotFoundError: there is no run to resume.
        TypeError: there is no such option.
        ValueError: no such recipe, an option is wrong or differs from the run's, or nothing is left to train.
    """
    run = Path(run)
    known = (*RECIPE_OPTIONS, *DATA_OPTIONS)
    if unknown := set(options) - set(known):
        raise TypeError(f"train has no option {', '.join(unknown)}: expected some of {', '.join(known)}.")
    given = {"recipe": recipe, "seed": seed} | options
    given = {name: value for name, value in given.items() if value is not None}
    if resume:
        settings = _read_options(run)
        _check_unchanged(run, settings, given)
        settings |= _only(given, ["data"])
    elif (run / "options.json").exists():
        raise FileExistsError(f"{run} holds a run already: pass --resume to go on with it, or choose another folder.")
    else:
        settings = {"recipe": "dcgan2_64", "seed": 0} | given
    recipe = _recipe_of(settings)
    settings |= {"data": str(find_data(settings.get("data")).resolve())}
    settings |= {"epochs": epochs if epochs is not None else settings.get("epochs", recipe.epochs)}
    settings |= {"every": every if every is not None else settings.get("every", 1)}
    last = run / "gan.keras"
    gan = load_gan(last) if last.exists() else recipe.build(seed=settings["seed"])
    done = int(gan.epochs_done.numpy())
    if settings["epochs"] <= done:
        raise ValueError(f"epochs={settings['epochs']}: {run} has trained {done} already; ask for more than that.")
    faces = recipe.load_faces(seed=settings["seed"], first_epoch=done, **_only(settings, DATA_OPTIONS))
    earlier = read_history(run, done)
    callbacks = [
        SampleDiversity(every=settings["every"]),
        *_judges(run, recipe, settings, earlier),
        CollapseWarning(earlier=earlier),
        Curves(run),
        SampleGrid(run, every=settings["every"], seed=settings["seed"]),
        Checkpoint(run / "gan.keras"),
        *([TimeBudget(minutes)] if minutes is not None else []),
    ]
    run.mkdir(parents=True, exist_ok=True)
    (run / "options.json").write_text(json.dumps(settings, indent=2) + "\n")
    gan.fit(faces, initial_epoch=done, epochs=settings["epochs"], verbose=verbose, callbacks=callbacks)
    return gan


def load_gan(path):
    """Load a GAN saved by `gan.save` or by a run.

    Args:
        path: a `.keras` file.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file holds no FaceGAN.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there: expected a .keras file saved by gan.save.")
    try:
        gan = keras.models.load_model(path)
    except (ValueError, TypeError, OSError, KeyError) as error:
        reason = str(error)[:200]  # Keras quotes the whole configuration
        raise ValueError(f"{path} cannot be read as a saved GAN ({reason}): save it again with gan.save.") from error
    if not isinstance(gan, FaceGAN):
        raise ValueError(f"{path} holds a {type(gan).__name__}, not a FaceGAN: expected a file saved by gan.save.")
    return gan


def load_run(run, last=False):
    """Load the GAN of a run's folder, at the epoch of the lowest KID, or at the last one; errors as `load_gan`."""
    best = Path(run) / "best.keras"
    checkpoint = best if best.exists() and not last else Path(run) / "gan.keras"
    if not checkpoint.exists():
        raise FileNotFoundError(f"{checkpoint} is not there: {run} holds no run that finished an epoch.")
    return load_gan(checkpoint)


def faces_of_run(run):
    """The faces that a run was trained on: a dict of `data` and `crop`, as `evaluate` and `load_arrays` want them."""
    options = _read_options(Path(run))
    return {"data": options["data"], "crop": _recipe_of(options).crop}


def pack_run(run, out, last=False):
    """Write the weights of a run, as `load_run` loads it, into one small file (see `pretrained`)."""
    options = _read_options(Path(run))
    pack(load_run(run, last), {name: options[name] for name in ("image_size", "attributes") if name in options}, out)


def _judges(run, recipe, settings, earlier):
    """The callbacks that measure KID and keep the best epoch: none where there are too few faces for it."""
    real, _ = load_arrays(at_most=JUDGED, image_size=recipe.size, data=settings["data"], crop=recipe.crop)
    if len(real) < FEWEST:
        return []
    kids = [row["kid"] for row in earlier if not math.isnan(row.get("kid", math.nan))]
    best = Checkpoint(run / "best.keras", "kid", min(kids, default=math.inf))
    return [SampleQuality(real, every=settings["every"]), best]


def _read_options(run):
    file = run / "options.json"
    if not file.exists():
        raise FileNotFoundError(f"{file} is not there: {run} holds no run to resume.")
    return json.loads(file.read_text())


def _check_unchanged(run, settings, given):
    for name, value in given.items():
        if name != "data" and settings.get(name) != json.loads(json.dumps(value)):
            raise ValueError(
                f"{name}={value}: {run} was started with {settings.get(name)}, and a resumed run keeps its options. "
                "Leave it out, or start another run."
            )


def _recipe_of(settings):
    name = settings.get("recipe")
    if name not in RECIPES:
        raise ValueError(f"recipe {name!r}: expected one of {', '.join(RECIPES)}.")
    changes = _only(settings, RECIPE_OPTIONS)
    if "schedule" in changes:
        changes["schedule"] = parse_schedule(changes["schedule"])
    return RECIPES[name].override(**changes)


def _only(options, names):
    return {name: options[name] for name in names if name in options}
