"""Train variants of `modern` on as many images, or for as many minutes, and measure each, for docs/experiments.md.

    python tools/experiments.py --data data/celeba --out runs/variety --images 100000 plain constant gamma+ema
    python tools/experiments.py --data data/celeba --out runs/minutes --images 100000 --minutes 20

One variant trains after another, all with the first seed, then all with the next, so that a machine whose speed changes
slows all alike. Each has a folder of its own in `--out`; called again, the tool goes on at the last epoch that was
saved, and measures nothing twice. It writes `experiments.csv`, and `experiments.md`, a table for the page.
"""

import argparse
import json
import time
from functools import partial
from pathlib import Path

import facegen_keras as fg

fg.quiet()  # before Keras loads TensorFlow

import keras  # noqa: E402
import pandas as pd  # noqa: E402

from facegen_keras.data.layouts import find_data  # noqa: E402
from facegen_keras.files import write_atomically  # noqa: E402
from facegen_keras.training.comparison import agree  # noqa: E402
from facegen_keras.training.history import read_history  # noqa: E402
from facegen_keras.training.lock import only_process  # noqa: E402

METRICS = ("KID", "precision", "recall", "variance share")
ENDLESS = 1_000_000  # epochs: the minutes end the training


def variants(images):
    """What each variant changes in `modern`, by its name: settings, or a dict of arguments where these are functions.

    Args:
        images: what a training is planned to see; what changes late in it changes by that.
    """
    steps = images // fg.RECIPES["modern"].batch_size
    gamma = keras.optimizers.schedules.PiecewiseConstantDecay([steps // 2, steps * 3 // 4], [1.0, 0.3, 0.1])
    return {
        "plain": {},
        # late in a training
        "constant": {"cooldown": 0.0},
        "gamma": {"loss": {"gamma": gamma}},
        "ema": {"ema_decay": fg.HalfLife(100_000, ramp_up=0.1)},
        # what D compares, and sees
        "deviation": {"discriminator": {"deviation": 4}},
        "wide_d": {"discriminator": {"widths": (64, 128, 256, 512)}},
        "shifts": {"augmentation": fg.shifts},
        "growing_shifts": {"augmentation": partial(fg.shifts, images=images)},
        "diffusion": {"augmentation": partial(fg.diffusion_noise, images=images)},
        # what G is made of
        "unmodulated": {"generator": {"modulated": False}},
        "width_48": {"generator": {"width": 48}},
        "width_64": {"generator": {"width": 64}},
        "blocks": {"generator": {"blocks": 1}, "discriminator": {"blocks": 1}},
        # what obedience costs
        "less_mismatch": {"loss": {"weights": (1, 0.75, 0.25)}},
        "no_mismatch": {"loss": {"mismatch": None, "weights": (1, 1, 1)}},
        "dropout_10": {"loss": {"attribute_dropout": 0.1}},
        "dropout_50": {"loss": {"attribute_dropout": 0.5}},
    }


def changed(recipe, name, images):
    """A recipe with the changes of a variant, or of several that `+` joins."""
    changes = {}
    for part in name.split("+"):
        for setting, value in variants(images)[part].items():
            known = changes.get(setting)
            changes[setting] = known | value if isinstance(known, dict) else value
    if "loss" in changes:
        changes["loss"] = fg.CrossEntropy(**recipe.loss.get_config() | changes["loss"])
    for network in ("generator", "discriminator"):
        if network in changes:
            changes[network] = partial(getattr(recipe, network), **changes[network])
    return recipe.override(**changes)


class Seconds(keras.callbacks.Callback):
    """Logs the wall-clock seconds of each epoch, and of what was done since the one before."""

    def on_train_begin(self, logs=None):
        self.start = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        now = time.monotonic()
        logs["seconds"], self.start = now - self.start, now


def train(folder, recipe, seed, options):
    """Train a recipe in a folder, or go on with it: returns the GAN, and the images and seconds that it took."""
    file = folder / "gan.keras"
    gan = fg.load_gan(file) if file.exists() else recipe.build(seed=seed)
    faces = recipe.load_faces(data=options.data, random_select=options.epoch, seed=seed)
    batch, done = faces.element_spec[0].shape[0], int(gan.epochs_done.numpy())
    epochs = ENDLESS if options.minutes else max(round(options.images / (len(faces) * batch)), 1)
    seconds_left = 60 * (options.minutes or ENDLESS) - _seconds(folder, done)
    if done < epochs and seconds_left > 0:
        cooldown = fg.Cooldown(recipe.cooldown, options.minutes, spent=_seconds(folder, done) / 60)
        budget = fg.TimeBudget(seconds_left / 60)
        callbacks = [Seconds(), fg.NaNGuard(), cooldown, fg.Curves(folder), fg.Checkpoint(file), budget]
        gan.fit(faces, initial_epoch=done, epochs=epochs, verbose=0, callbacks=callbacks)
    return gan, int(gan.steps_done.numpy()) * batch, _seconds(folder, int(gan.epochs_done.numpy()))


def _seconds(folder, epochs):
    return sum(row["seconds"] for row in read_history(folder, epochs))


def measure(gan, options, reject):
    """The scores of a GAN as a dict: of each metric by each features, and how well it follows its attributes."""
    names = options.features
    found = fg.evaluate(
        gan, options.count, data=options.data, features=names if len(names) > 1 else names[0], reject=reject
    )
    columns = {"attributes": float(found.attributes["generated"].mean())}
    for place, name in enumerate(names):
        scores = {metric: found.scores.get(f"{metric} ({name})" if place else metric) for metric in METRICS}
        columns |= {f"{metric} ({name})": float(score) for metric, score in scores.items() if score is not None}
    return columns


def run(name, recipe, seed, options):
    """Train and measure a variant in its folder, as far as that is not done yet."""
    folder = options.out / f"{name}_{seed}"
    file, terms = folder / "result.json", {"features": list(options.features), "count": options.count}
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    rows = known.get("rows", []) if known.get("terms") == terms else []
    left = [reject for reject in (0.0, *options.reject) if reject not in [row["reject"] for row in rows]]
    if not left:
        return
    gan, images, seconds = train(folder, recipe, seed, options)
    about = {"variant": name, "seed": seed, "images": images, "minutes": seconds / 60}
    about["images/s"] = images / seconds
    for reject in left:
        rows.append(about | {"reject": reject} | measure(gan, options, reject))
    with write_atomically(file) as unfinished:
        unfinished.write_text(json.dumps({"terms": terms, "rows": rows}, indent=2) + "\n", encoding="utf-8")


def collect(folder):
    """Gather all results into the CSV and the table; returns a DataFrame."""
    files = sorted(folder.glob("*/result.json"))
    table = pd.DataFrame([row for file in files for row in json.loads(file.read_text(encoding="utf-8"))["rows"]])
    with write_atomically(folder / "experiments.csv") as file:
        table.to_csv(file, index=False, float_format="%.6g")
    with write_atomically(folder / "experiments.md") as file:
        file.write_text(as_markdown(table), encoding="utf-8")
    return table


def as_markdown(table):
    """A DataFrame as a table for the page, with KID in thousandths."""
    ways = {"seed": "{}", "images": "{:,}", "minutes": "{:.1f}", "images/s": "{:.0f}", "reject": "{:.0%}"}
    lines = [f"| {' | '.join(table.columns)} |", "|---" * len(table.columns) + "|"]
    for row in table.to_dict("records"):
        cells = [f"`{row.pop('variant')}`"]
        for name, value in row.items():
            is_kid = name.startswith("KID")
            cells.append(
                "" if value != value else ways.get(name, "{:.0f}" if is_kid else "{:.2f}").format(value * 1_000**is_kid)
            )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def terms_of(options):
    """What has to be the same for all experiments of a folder."""
    terms = {name: getattr(options, name) for name in ("images", "minutes", "epoch", "image_size")}
    return terms | {"data": str(find_data(options.data).resolve())}


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    listed = lambda kind: lambda text: tuple(kind(part) for part in text.split(","))  # noqa: E731
    parser.add_argument("variants", nargs="*", help="names, or several at once: deviation+gamma; by default each alone")
    parser.add_argument("--data", help="folder of the faces, as for train")
    parser.add_argument("--out", type=Path, required=True, help="folder of the experiments")
    parser.add_argument("--images", type=int, required=True, help="images that each sees, or that its plan is made for")
    parser.add_argument("--minutes", type=float, help="train each for so many minutes, however many images it sees")
    parser.add_argument("--seeds", type=listed(int), default=(0, 1), help="default: 0,1")
    parser.add_argument("--features", type=listed(str), default=("faces",), help="names, joined by commas")
    parser.add_argument("--reject", type=listed(float), default=(), help="measure again with these shares rejected")
    parser.add_argument("--count", type=int, default=2_000, help="samples measured (default: 2000)")
    parser.add_argument("--epoch", type=int, default=4_000, help="images from one save to the next (default: 4000)")
    parser.add_argument("--image-size", type=int, default=64, help="default: 64")
    options = parser.parse_args(arguments)

    known = variants(options.images)
    if unknown := {part for name in options.variants for part in name.split("+")} - set(known):
        parser.error(f"no variant {', '.join(sorted(unknown))}: expected some of {', '.join(known)}")
    modern = fg.RECIPES["modern"].override(image_size=options.image_size)
    with only_process(options.out):
        agree(options.out, terms_of(options))
        for seed in options.seeds:
            for name in options.variants or known:
                run(name, changed(modern, name, options.images), seed, options)
                print(collect(options.out).to_string(), flush=True)


if __name__ == "__main__":
    main()
