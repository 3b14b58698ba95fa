"""Lay trainings of one recipe side by side that differ in one option, such as the schedule of the discriminator.

    python tools/contest.py --out runs/contest.d runs/contest/*

writes their curves, the same latents drawn by each, and a table of the means over their last epochs.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

import facegen_keras as fg
from facegen_keras.files import write_atomically
from facegen_keras.grids import save_figure

LAST = 5  # epochs that the table is the mean of
FACES = 8  # latents of each row
REAL = 256  # real faces whose diversity is compared with that of the samples
COLUMNS = ("d_accuracy", "d_real", "d_fake", "d_loss", "g_loss", "diversity", "kid")


def summarise(histories):
    """A DataFrame, one row a training: its epochs, D's share of steps, and the means of its last epochs' logs."""
    rows = {}
    for title, history in histories.items():
        logs = pd.DataFrame(history)
        measured = {name: logs[name].dropna().iloc[-LAST:].mean() for name in COLUMNS if name in logs}
        rows[title] = {"epochs": len(logs), "d_trained": logs["d_trained"].mean(), **measured}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("run")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="folders of runs")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    options = parser.parse_args()

    fg.quiet()
    gans = {run.name: fg.load_run(run, last=True) for run in options.runs}
    histories = {run.name: fg.load_history(run) for run in options.runs}
    for run in options.runs:
        gan, history = gans[run.name], histories[run.name]
        real, _ = fg.load_arrays(REAL, gan.size, data=fg.faces_of_run(run)["data"], crop=gan.crop)
        history["real_diversity"] = [fg.diversity(real)] * len(history["d_loss"])
    samples = np.stack([gan.sample(FACES, seed=1) for gan in gans.values()])
    with write_atomically(options.out / "contest.csv") as file:
        summarise(histories).to_csv(file, float_format="%.4g")
    save_figure(fg.curves(histories), options.out / "curves.png", dpi=60)
    with write_atomically(options.out / "faces.jpg") as file:
        fg.sheet(samples, list(gans)).save(file, quality=80)
    print(summarise(histories).round(3).to_string())


if __name__ == "__main__":
    main()
