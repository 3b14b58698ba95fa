"""Train every recipe for the same time on the same faces, and measure all alike; resumable recipe by recipe."""

import json
import logging
import time
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from facegen_keras.data.attributes import ATTRIBUTES_5, ATTRIBUTES_8
from facegen_keras.data.images import to_size
from facegen_keras.data.layouts import find_data
from facegen_keras.files import write_atomically
from facegen_keras.gan.latents import FACES
from facegen_keras.gan.sheets import attribute_sheet
from facegen_keras.grids import curves, save_figure, sheet
from facegen_keras.metrics.evaluate import evaluate
from facegen_keras.metrics.samples import unseen_faces
from facegen_keras.metrics.scores import FEWEST
from facegen_keras.networks.dtype_policy import choose_dtype_policy
from facegen_keras.progress import tell_time_left
from facegen_keras.training.callbacks import TimeBudget
from facegen_keras.training.cooldown import Cooldown
from facegen_keras.training.pretrained import pack
from facegen_keras.training.recipe import reserve_faces
from facegen_keras.training.recipes import PRESETS, RECIPES
from facegen_keras.training.timeline import Timeline

logger = logging.getLogger(__name__)

SHIPPED = Path(__file__).parents[1] / "assets"
SHOWN = 12  # samples of each recipe on the sheet: the first ones, not picked
COLUMNS = 5  # latents on the attribute sheet of a recipe
SMALLER_SIDE = 64  # pixels of each face on a recipe's own pictures
QUALITY = 70  # of its JPEG files: a dozen recipes fit into a megabyte
DRAWING = [name for name, recipe in RECIPES.items() if recipe.guidance is None and name not in PRESETS]
ENDLESS = 1_000_000  # epochs: the time budget ends the training


def compare(
    folder, recipes=None, minutes=20, *, data=None, size=64, count=2_000, dtype_policy="auto", seed=0, verbose=2
):
    """Train recipes one after another, each for the same time, and measure their samples against the same real faces.

    Called again on the same folder, it continues with the recipes that have no result yet. Each recipe has its own
    crop, and is compared with real faces of the same crop; its samples and the real faces are brought to one size.

    Args:
        folder: gets `comparison.csv`, `comparison.jpg`, and for each recipe a folder of its evaluation and weights,
            `curves.csv` and `curves.png`; `faces.jpg`, the same latents while it learnt; and `attributes.jpg`, an
            attribute sheet, where it has attributes.
        recipes: names of `RECIPES`; by default all that draw faces, but for the presets of `modern`, in their order.
        minutes: of wall-clock time for each recipe's `fit`.
        data: the folder of faces, as for `load_faces`.
        size: side in pixels at which all are measured.
        count: samples measured, as for `evaluate`.
        dtype_policy: of all recipes, as in `Recipe`.
        seed: of weights, order and samples.
        verbose: as in `fit`.

    Returns:
        DataFrame, one row a recipe, as in `comparison.csv`.

    Raises:
        ValueError: no such recipe, or minutes, count or dtype_policy out of range; or the folder holds a comparison
            with other settings.
    """
    folder, dtype_policy = Path(folder), choose_dtype_policy(dtype_policy)
    names = DRAWING if recipes is None else list(recipes)
    unknown = [name for name in names if name not in RECIPES]
    if unknown or not names:
        raise ValueError(f"recipes {', '.join(unknown) or 'none'}: expected some of {', '.join(RECIPES)}.")
    TimeBudget(minutes)
    if count < FEWEST:
        raise ValueError(f"count={count}: expected at least {FEWEST} samples, and better 2,000.")
    terms = {"minutes": minutes, "data": str(find_data(data).resolve()), "size": size, "count": count}
    agree(folder, terms | {"dtype_policy": dtype_policy, "seed": seed})
    left = [name for name in names if not (folder / name / "result.json").exists()]
    for name in tell_time_left(left, "Comparison", every=0):
        logger.info("%s: %s minutes", name, minutes)
        result = _measure(folder / name, name, minutes, data, size, count, dtype_policy, seed, verbose)
        with write_atomically(folder / name / "result.json") as file:
            file.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
        _collect(folder)
    return _collect(folder)


def load_comparison(folder=SHIPPED):
    """Read what `compare` found.

    Args:
        folder: of a comparison; by default the one that is shipped, of all recipes for twenty minutes each, on two CPU
            cores and CelebA's first 10,000 faces.

    Returns:
        The DataFrame that `compare` returns, and the sheet of the first samples of each recipe, a Pillow image.

    Raises:
        FileNotFoundError: the folder holds no comparison.
    """
    table, pictures = Path(folder) / "comparison.csv", Path(folder) / "comparison.jpg"
    if not table.exists() or not pictures.exists():
        raise FileNotFoundError(f"{folder} holds no comparison: expected {table.name} and {pictures.name}.")
    return pd.read_csv(table, index_col="recipe", encoding="utf-8"), Image.open(pictures)


def agree(folder, terms):
    """Write down the terms, a dict, under which a folder's measurements are made; ValueError if it has other ones."""
    file = folder / "terms.json"
    if file.exists() and (known := json.loads(file.read_text(encoding="utf-8"))) != terms:
        raise ValueError(f"{folder} holds a comparison under {known}, and this one has {terms}: choose another folder.")
    with write_atomically(file) as unfinished:
        unfinished.write_text(json.dumps(terms, indent=2) + "\n", encoding="utf-8")


def _measure(folder, name, minutes, data, size, count, dtype_policy, seed, verbose):
    recipe = reserve_faces(RECIPES[name].override(dtype_policy=dtype_policy), data, seed)
    faces = recipe.load_faces(data=data, seed=seed)
    gan = recipe.build(seed=seed)
    if gan.latent.distribution == FACES:
        gan.start_faces = unseen_faces(gan, count, data, recipe.images, seed)
    timeline = Timeline(minutes, seed=seed)
    start = time.monotonic()
    callbacks = [timeline, Cooldown(recipe.cooldown, minutes), TimeBudget(minutes)]
    gan.fit(faces, epochs=ENDLESS, verbose=verbose, callbacks=callbacks)
    seconds = time.monotonic() - start
    seen = int(gan.steps_done.numpy()) * faces.element_spec[0].shape[0]
    _illustrate(folder, gan, timeline, seed)
    gan.start_faces = None  # `evaluate` finds the same, and says which they are
    found = evaluate(gan, count, data=data, images=recipe.images, size=size, seed=seed)
    found.save(folder)
    pack(gan, folder / "weights.npz")
    np.save(folder / "samples.npy", to_size(found.samples[:SHOWN], (size, size)))
    return {
        "recipe": name,
        "pixels": f"{recipe.size[0]}x{recipe.size[1]}",
        "crop": recipe.crop or "whole",
        "cooldown": recipe.cooldown,
        "seconds": round(seconds, 1),
        "images_seen": seen,
        "images_per_second": round(seen / seconds, 1),
        **{metric: float(score) for metric, score in found.scores.items()},
        "KID_std": found.scores["KID"].std,
        **{f"{metric}_real_vs_real": score.real_vs_real for metric, score in found.scores.items()},
        **_accuracies(found.attributes),
        "generator_parameters": gan.generator.count_params(),
        "discriminator_parameters": gan.discriminator.count_params(),
        "features": found.scores["KID"].how["features"],
        "faces_measured": found.scores["KID"].how["generated faces"],
    }


def _illustrate(folder, gan, timeline, seed):
    """Write what a page on a recipe shows: its faces while it learnt, its attributes, and its curves."""
    faces = [_enlarge(faces) for faces in timeline.faces.values()]
    pictures = {"faces.jpg": sheet(faces, [f"{round(minute, 1):g} min" for minute in timeline.faces])}
    if gan.attributes:
        names = [name for name in ATTRIBUTES_8 if name in gan.attributes]
        rows, titles = attribute_sheet(gan, names, COLUMNS, seed=seed)
        pictures["attributes.jpg"] = sheet([_enlarge(row) for row in rows], titles)
    for name, picture in pictures.items():
        with write_atomically(folder / name) as file:
            picture.save(file, quality=QUALITY)
    with write_atomically(folder / "curves.csv") as file:
        pd.DataFrame(timeline.logs).to_csv(file, index=False, float_format="%.6g")
    save_figure(curves(timeline.logs, over="minute"), folder / "curves.png", dpi=72)


def _enlarge(pictures):
    """Bring pictures (n, H, W, 3) to one smaller side, in their proportions."""
    scale = SMALLER_SIDE / min(pictures.shape[1:3])
    return to_size(pictures, [round(side * scale) for side in pictures.shape[1:3]])


def _accuracies(table):
    if table is None:
        return {}
    columns = {"attribute_accuracy": float(table["generated"].mean()), "real_accuracy": float(table["real"].mean())}
    for name in table.index.intersection(ATTRIBUTES_5):
        columns |= {name: float(table.loc[name, "generated"]), f"{name}_real": float(table.loc[name, "real"])}
    return columns


def _collect(folder):
    """Gather the results that there are into the CSV and the sheet."""
    done = [name for name in RECIPES if (folder / name / "result.json").exists()]
    rows = [json.loads((folder / name / "result.json").read_text(encoding="utf-8")) for name in done]
    table = pd.DataFrame(rows).set_index("recipe")
    with write_atomically(folder / "comparison.csv") as file:
        table.to_csv(file, float_format="%.6g", encoding="utf-8")
    pictures = sheet([np.load(folder / name / "samples.npy") for name in done], done)
    with write_atomically(folder / "comparison.jpg") as file:
        pictures.save(file, quality=90, subsampling=0)
    return table
