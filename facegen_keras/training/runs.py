"""A training run in a folder: its options, checkpoint, history, curves and sample grids; it can be resumed."""

import json
import math
from pathlib import Path

import keras

from facegen_keras.data.celeba import load_arrays
from facegen_keras.data.layouts import find_data, find_layout
from facegen_keras.files import write_atomically
from facegen_keras.gan.latents import FACES
from facegen_keras.gan.model import FaceGAN
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
    read_history,
)
from facegen_keras.training.pretrained import pack
from facegen_keras.training.recipe import reserve_faces
from facegen_keras.training.recipes import RECIPES

RECIPE_OPTIONS = (
    *("image_size", "attributes", "schedule", "ema_decay", "dtype_policy", "batch_size", "crop", "flip"),
    *("images", "random_select"),
)
DATA_OPTIONS = ("data", "balance")
MEASURED = 1_000  # real faces that samples are compared with while training


def train(run, recipe=None, epochs=None, minutes=None, every=None, seed=None, resume=False, verbose="auto", **options):
    """Train a recipe into a folder, or resume a run that was interrupted or should be longer.

    Args:
        run: the folder; gets `options.json`, `gan.keras`, `history.csv`, `curves.png` and the sample grids, and as
            `best.keras` the epoch of the lowest KID.
        recipe: name of a recipe; by default modern.
        epochs: how many in all; by default the recipe's own.
        minutes: stop after this time, whatever the epochs; the epoch that is cut short counts as one.
        every: epochs from one sample grid, and one measurement of KID, to the next; by default 1.
        seed: of weights, latents and the choice and order of the pictures; by default 0.
        resume: resume from `run`'s checkpoint, with the options it was started with; only `epochs`, `minutes`, `every`
            and, where the faces were moved, `data` may then be given anew.
        verbose: as in `fit`.
        **options: of the recipe, `image_size`, `attributes`, `schedule` (as text), `ema_decay`, `dtype_policy`,
            `batch_size`, `crop`, `flip`, `images`, `random_select`; and `data` and `balance` of `load_faces`. What is
            None is left to the recipe.

    Returns:
        The trained FaceGAN.

    Raises:
        FileExistsError: the folder holds a run already and `resume` is not set.
        FileNotFoundError: there is no run to resume.
        TypeError: there is no such option.
        ValueError: no such recipe, an option is wrong or differs from the run's, other faces than the run's, or nothing
            is left to train.
    """
    run = Path(run)
    known = (*RECIPE_OPTIONS, *DATA_OPTIONS)
    if unknown := set(options) - set(known):
        raise TypeError(f"train has no option {', '.join(unknown)}: expected some of {', '.join(known)}.")
    given = {"recipe": recipe, "seed": seed} | options
    given = {name: value for name, value in given.items() if value is not None}
    if resume:
        started = _read_options(run)
        _check_unchanged(run, started, given)
        settings = _complete(started | _only(given, ["data"]), epochs, every)
        if settings["faces"] != started["faces"]:
            raise ValueError(
                f"data={settings['data']}: these are other pictures than those of {started['data']}, which {run} was "
                "started with. Name a folder of the same pictures, or start another run."
            )
    elif (run / "options.json").exists():
        raise FileExistsError(f"{run} holds a run already: pass --resume to go on with it, or choose another folder.")
    else:
        settings = _complete({"recipe": "modern", "seed": 0} | given, epochs, every)
    recipe = _recipe_of(settings)
    last = run / "gan.keras"
    gan = load_gan(last) if last.exists() else recipe.build(seed=settings["seed"])
    done = int(gan.epochs_done.numpy())
    if settings["epochs"] <= done:
        raise ValueError(f"epochs={settings['epochs']}: {run} has trained {done} already; ask for more than that.")
    faces = recipe.load_faces(seed=settings["seed"], first_epoch=done, **_only(settings, DATA_OPTIONS))
    gan.start_faces = _start_faces(gan, settings)
    earlier = read_history(run, done)
    callbacks = [
        SampleDiversity(every=settings["every"]),
        *_measures(run, recipe, settings, earlier),
        CollapseWarning(earlier=earlier),
        Curves(run),
        SampleGrid(run, every=settings["every"], seed=settings["seed"]),
        Checkpoint(run / "gan.keras"),
        *([TimeBudget(minutes)] if minutes is not None else []),
    ]
    with write_atomically(run / "options.json") as file:
        file.write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
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
    gan = load_gan(checkpoint)
    if (Path(run) / "options.json").exists():
        gan.start_faces = _start_faces(gan, _read_options(Path(run)))
    return gan


def faces_of_run(run):
    """The faces that a run was trained on: a dict of `data` and `images`, as `evaluate` and `load_arrays` want them."""
    options = _read_options(Path(run))
    return {"data": options["data"], "images": _recipe_of(options).images}


def pack_run(run, out, last=False):
    """Write the weights of a run, as `load_run` loads it, into one small file (see `pretrained`)."""
    pack(load_run(run, last), out)


def _complete(settings, epochs, every):
    """The settings, and everything else that must be the same when the run is resumed."""
    recipe = _recipe_of(settings)
    recipe.check()  # before faces are looked for, which may take a while
    data = find_data(settings.get("data")).resolve()
    recipe = reserve_faces(recipe, data, settings["seed"])
    return settings | {
        "images": recipe.images,
        "data": str(data),
        "faces": find_layout(data).identity,
        "epochs": epochs if epochs is not None else settings.get("epochs", recipe.epochs),
        "every": every if every is not None else settings.get("every", 1),
    }


def _start_faces(gan, settings):
    """What a generator that is fed faces starts from: faces that it is not trained on; None for the others."""
    if gan.latent.distribution != FACES:
        return None
    return unseen_faces(gan, MEASURED, settings["data"], settings["images"], settings["seed"])


def _measures(run, recipe, settings, earlier):
    """The callbacks that measure KID and keep the best epoch: none where there are too few faces for it."""
    real, _ = load_arrays(MEASURED, recipe.size, data=settings["data"], crop=recipe.crop)
    if len(real) < FEWEST:
        return []
    kids = [row["kid"] for row in earlier if not math.isnan(row.get("kid", math.nan))]
    best = Checkpoint(run / "best.keras", "kid", min(kids, default=math.inf))
    return [SampleQuality(real, every=settings["every"]), best]


def _read_options(run):
    file = run / "options.json"
    if not file.exists():
        raise FileNotFoundError(f"{file} is not there: {run} holds no run to resume.")
    return json.loads(file.read_text(encoding="utf-8"))


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
    return RECIPES[name].override(**_only(settings, RECIPE_OPTIONS))


def _only(options, names):
    return {name: options[name] for name in names if name in options}
