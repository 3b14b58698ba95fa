"""A training run in a folder: its options, checkpoint, history, curves and sample grids; it can be resumed."""

import json
from pathlib import Path

import keras
import pandas as pd

from facegen_keras.callbacks import Checkpoint, Curves, SampleGrid, TimeBudget
from facegen_keras.gan import FaceGAN
from facegen_keras.recipes import RECIPES
from facegen_keras.schedules import parse_schedule

BUILD_OPTIONS = ("image_size", "attributes", "schedule", "precision")
DATA_OPTIONS = ("data", "batch_size", "random_select", "balance", "flip", "crop")


def train(run, recipe=None, epochs=None, minutes=None, every=1, seed=0, resume=False, verbose="auto", **options):
    """Train a recipe into a folder, or go on with a run that was interrupted or should be longer.

    Args:
        run: the folder; gets `options.json`, `gan.keras`, `history.csv`, `curves.png` and the sample grids.
        recipe: name of a recipe.
        epochs: how many in all; by default the recipe's own.
        minutes: stop after this time, whatever the epochs.
        every: epochs from one sample grid to the next.
        seed: of weights, latents and the order of the pictures.
        resume: go on from `run`'s checkpoint, with the options it was started with.
        verbose: as in `fit`.
        **options: `image_size`, `attributes`, `schedule` (as text), `precision`, `data`, `batch_size`,
            `random_select`, `balance`, `flip`, `crop`; what is None is left to the recipe.

    Returns:
        The trained FaceGAN.

    Raises:
        FileExistsError: the folder holds a run already and `resume` is not set.
        FileNotFoundError: there is no run to resume.
        ValueError: no such recipe, or an option is wrong.
    """
    run = Path(run)
    settings = {"recipe": recipe, "seed": seed} | options
    settings = {name: value for name, value in settings.items() if value is not None}
    if resume:
        gan, settings = load_run(run), _read_options(run)
    elif (run / "options.json").exists():
        raise FileExistsError(f"{run} holds a run already: pass --resume to go on with it, or choose another folder.")
    recipe = _find_recipe(settings.get("recipe"))
    if not resume:
        gan = _build(recipe, settings)
    faces = recipe.override(**_only(settings, ("image_size", "attributes"))).load_faces(
        seed=settings["seed"], first_epoch=int(gan.epochs_done), **_only(settings, DATA_OPTIONS)
    )
    if not resume:
        run.mkdir(parents=True, exist_ok=True)
        (run / "options.json").write_text(json.dumps(settings, indent=2) + "\n")
    history_file = run / "history.csv"
    earlier = pd.read_csv(history_file).iloc[: int(gan.epochs_done)] if history_file.exists() else pd.DataFrame()
    gan.fit(
        faces,
        initial_epoch=int(gan.epochs_done),
        epochs=epochs or recipe.override(**_only(settings, ("attributes",))).epochs,
        verbose=verbose,
        callbacks=[
            Checkpoint(run / "gan.keras"),
            keras.callbacks.CSVLogger(history_file, append=resume),
            Curves(run / "curves.png", earlier.drop(columns="epoch", errors="ignore").to_dict("list")),
            SampleGrid(run, every=every, seed=settings["seed"]),
            *([TimeBudget(minutes)] if minutes else []),
        ],
    )
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
        raise ValueError(f"{path} cannot be read as a saved GAN ({error}): save it again with gan.save.") from error
    if not isinstance(gan, FaceGAN):
        raise ValueError(f"{path} holds a {type(gan).__name__}, not a FaceGAN: expected a file saved by gan.save.")
    return gan


def load_run(run):
    """Load the GAN of a run's folder at its last checkpoint; errors as `load_gan`."""
    checkpoint = Path(run) / "gan.keras"
    if not checkpoint.exists():
        raise FileNotFoundError(f"{checkpoint} is not there: {run} holds no run that finished an epoch.")
    return load_gan(checkpoint)


def _read_options(run):
    return json.loads((run / "options.json").read_text())


def _find_recipe(name):
    if name not in RECIPES:
        raise ValueError(f"recipe {name!r}: expected one of {', '.join(RECIPES)}.")
    return RECIPES[name]


def _build(recipe, settings):
    changes = _only(settings, BUILD_OPTIONS)
    if "schedule" in changes:
        changes["schedule"] = parse_schedule(changes["schedule"])
    return recipe.build(seed=settings["seed"], **changes)


def _only(options, names):
    return {name: options[name] for name in names if name in options}
