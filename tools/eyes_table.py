"""What both pairs of eyes see in real faces, damaged and thinned out, and in the shipped generator.

    python tools/split_people.py data/celeba runs/people
    python tools/eyes_table.py --data runs/people/recipes

prints a Markdown table: each set against the same real faces, of people on whom the view network was not trained.
"""

import argparse

import numpy as np
from PIL import Image, ImageFilter

import facegen_keras as fg
from facegen_keras.metrics.evaluate import BOTH
from facegen_keras.metrics.scores import FeatureSets

SHOWN = {"KID": 3, "precision": 2, "recall": 2, "variance share": 2}  # digits


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="the folder of real faces")
    parser.add_argument("-n", dest="count", type=int, default=2_000, help="faces in a set (default: 2000)")
    options = parser.parse_args()

    faces, _ = fg.load_arrays(2 * options.count, data=options.data, split="all")
    real, others = np.array_split(faces, 2)
    count = len(others)
    gan = fg.load_pretrained()
    sets = {
        "other real faces": others,
        "half of them, twice": np.resize(others[: count // 2], others.shape),
        "a tenth of them, ten times": np.resize(others[: count // 10], others.shape),
        "blurred (radius 0.7)": blurred(others, 0.7),
        "blurred (radius 1.5)": blurred(others, 1.5),
        "a tenth torn": np.concatenate([torn(others[: count // 10]), others[count // 10 :]]),
        "all torn": torn(others),
        "shipped generator": gan.sample(count, gan.sample_attributes(count, None, 0), seed=0),
    }
    print("| set |", " | ".join(f"{metric} ({features})" for features in BOTH for metric in SHOWN), "|")
    print("|---" * (1 + len(BOTH) * len(SHOWN)) + "|")
    for name, pictures in sets.items():
        found = [FeatureSets(real[:count], pictures, features=features).scores() for features in BOTH]
        cells = [f"{scores[metric]:.{digits}f}" for scores in found for metric, digits in SHOWN.items()]
        print("|", " | ".join([name, *cells]), "|", flush=True)


def blurred(pictures, radius):
    return np.stack([np.asarray(Image.fromarray(p).filter(ImageFilter.GaussianBlur(radius))) for p in pictures])


def torn(pictures):
    """The left half of each face beside the right half of another one."""
    middle, pasted = pictures.shape[2] // 2, pictures.copy()
    pasted[:, :, middle:] = np.roll(pictures, 1, axis=0)[:, :, middle:]
    return pasted


if __name__ == "__main__":
    main()
