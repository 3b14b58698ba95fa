"""Feed faces, and noise, to generators that take pictures, and measure what they make of them.

    python tools/fed_faces.py --data data/celeba --out runs/fed runs/dcgan4 runs/dcgan5_epoch_5.npz

Each is asked for what the faces show, and for the change that FaceGen shows: black hair, male, smiling. The faces are
photographs that it was not trained on; the pictures show what it makes of drawn faces, as photographs may not be shown.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

import facegen_keras as fg
from facegen_keras.data.sample_faces import draw_sample_faces
from facegen_keras.files import write_atomically
from facegen_keras.gan.conditions import change_attributes, read_attributes
from facegen_keras.gan.latents import FACES
from facegen_keras.metrics.attributes import change_scores

CHANGE = {"Black_Hair": 1, "Male": 1, "Smiling": 1}
SHOWN = 8
SCORES = ["follows", "others kept", "moved", "face moved"]


def load(path):
    """A generator from a run's folder, as it is in its last epoch, or from packed weights."""
    gan = fg.load_run(path, last=True) if path.is_dir() else fg.load_pretrained(path)
    if gan.latent.shape != (*gan.size, 3) or not set(CHANGE) <= set(gan.attributes):
        raise ValueError(f"{path} is a {gan.recipe}: expected a generator that takes pictures and {', '.join(CHANGE)}.")
    return gan


def draw(gan, faces):
    """What it makes of faces, and of noise where it knows noise: title to uint8 (n, H, W, 3), asked and changed."""
    source = read_attributes(gan, faces)
    target = change_attributes(gan, source, CHANGE)
    starts = {"faces": gan.to_images(faces)}
    if gan.latent.distribution != FACES:
        starts["noise"] = gan.sample_latents(len(faces))
    return {
        (start, asked): gan.sample(attributes=attributes, latents=latents)
        for start, latents in starts.items()
        for asked, attributes in (("as they are", source), ("black hair, male, smiling", target))
    }


def measure(gan, faces):
    """A DataFrame, one row for each start and each of what was asked."""
    asked = np.full((len(faces), len(fg.ATTRIBUTES)), np.nan)
    asked[:, [fg.ATTRIBUTES.index(name) for name in CHANGE]] = list(CHANGE.values())
    rows = []
    for (start, wanted), pictures in draw(gan, faces).items():
        scores = change_scores(faces, pictures, asked)
        means = {name: scores[name].mean() for name in SCORES} | {"all three": (scores["follows"] == 1).mean()}
        variety = {"diversity": fg.diversity(pictures), "of the faces": fg.diversity(faces)}
        rows.append({"start": start, "asked": wanted} | means | variety | {"KID": float(fg.kid(faces, pictures))})
    return pd.DataFrame(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "generators", nargs="+", type=Path, metavar="GENERATOR", help="runs, or files of packed weights"
    )
    parser.add_argument("--data", help="the faces (default: as for load_faces)")
    parser.add_argument("--images", type=int, help="how many they were trained on, where no split leaves others")
    parser.add_argument("--count", type=int, default=500, help="faces that are measured (default: 500)")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    options = parser.parse_args()

    fg.quiet()
    tables = {}
    for path in options.generators:
        gan = load(path)
        faces = fg.unseen_faces(gan, options.count, options.data, options.images, gan.seed)
        tables[path.stem] = measure(gan, faces)
        drawings = draw_sample_faces(SHOWN, gan.size, crop=gan.crop)
        rows = {"fed": drawings} | {", ".join(title): pictures for title, pictures in draw(gan, drawings).items()}
        with write_atomically(options.out / f"{path.stem}.jpg") as file:
            fg.sheet(np.stack(list(rows.values())), list(rows)).save(file, quality=80)
    table = pd.concat(tables, names=["generator"]).reset_index("generator")
    with write_atomically(options.out / "fed.csv") as file:
        table.to_csv(file, index=False)
    print(table.round(3).to_string(index=False))


if __name__ == "__main__":
    main()
