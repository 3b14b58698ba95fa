"""Write docs/results/celeba.md: what CelebA's tables say, beside the labels of the drawn sample faces.

    python tools/celeba_page.py /path/to/celeba docs/results/celeba.md

It reads labels, people and splits, and shows no photograph.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

import facegen_keras as fg
from facegen_keras.files import write_atomically
from facegen_keras.grids import save_figure

DRAWINGS = 2_000  # as many as the embedded default has
SPARSE = 0.1  # an attribute is sparse if a smaller share of the faces has it
PAIRS = 12  # of the strongest correlations
BAR, DOT = "lightsteelblue", "crimson"  # the drawings, CelebA: as in notebook 1

PAGE = """# CelebA's look, without its photographs

What the tables of CelebA say: {faces:,} photographs with 40 labels each, of {people:,} people. Beside it are the
{drawings:,} drawn sample faces, which the package takes where there is no CelebA. Their labels are drawn from CelebA's
frequencies and its correlations of pairs. [Notebook 1](../../notebooks/01_explore_celeba.ipynb) shows the same of the
faces that you have.

```sh
python tools/celeba_page.py /path/to/celeba docs/results/celeba.md
```

## How often each attribute occurs

![Shares of the 40 attributes](celeba/frequencies.png)

{sparse} of the 40 are sparse: less than a tenth of the photographs have them. On average the shares of the drawings
differ from CelebA's by {off:.3f}. The largest difference is that of `{worst}`: {worst_drawn:.3f} of the drawings,
{worst_real:.3f} of the photographs.

## The 23 that FaceGen chose

![Photographs with each of the 23, and how many of the 23 one face has](celeba/chosen.png)

A photograph has {chosen_real:.1f} of the 23 on average, a drawing {chosen_drawn:.1f}; of all 40 they have
{all_real:.1f} and {all_drawn:.1f}.

## What goes together

![Correlations of the 40 attributes](celeba/correlations.png)

Above the diagonal are CelebA's correlations, below it those of the drawings; on the right each pair of attributes is
one dot. The strongest pairs:

{pairs}
## People

![Photographs of each person](celeba/people.png)

A person has {mean:.1f} photographs on average, at least {least} and at most {most}; {few:.0f} % of the people have
fewer than 10. {shared} people are in two of the splits. Each drawing is of another person.

| split | photographs | people |
| --- | --- | --- |
{splits}"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", help="a folder with CelebA's attributes, identities and partition")
    parser.add_argument("page", type=Path, help="the page to write; its pictures go into a folder of its name")
    options = parser.parse_args()

    real = fg.load_attributes(options.data)
    drawn = pd.DataFrame(fg.sample_attributes(DRAWINGS), columns=list(fg.ATTRIBUTES))
    people, partition = fg.load_identities(options.data), fg.load_partition(options.data)
    of_real, of_drawn = fg.measure_statistics(real), fg.measure_statistics(drawn)
    photographs = people.value_counts()
    pictures = {
        "frequencies": draw_frequencies(of_real["frequency"], of_drawn["frequency"]),
        "chosen": draw_chosen(real[list(fg.ATTRIBUTES_23)], drawn[list(fg.ATTRIBUTES_23)]),
        "correlations": draw_correlations(of_real, of_drawn),
        "people": draw_people(photographs),
    }
    for name, figure in pictures.items():
        save_figure(figure, options.page.with_suffix("") / f"{name}.png", dpi=90)
    off = of_drawn["frequency"] - of_real["frequency"]
    worst = off.abs().idxmax()
    text = PAGE.format(
        faces=len(real),
        people=len(photographs),
        drawings=DRAWINGS,
        sparse=(of_real["frequency"] < SPARSE).sum(),
        off=off.abs().mean(),
        worst=worst,
        worst_drawn=of_drawn.loc[worst, "frequency"],
        worst_real=of_real.loc[worst, "frequency"],
        chosen_real=real[list(fg.ATTRIBUTES_23)].sum(axis=1).mean(),
        chosen_drawn=drawn[list(fg.ATTRIBUTES_23)].sum(axis=1).mean(),
        all_real=real.sum(axis=1).mean(),
        all_drawn=drawn.sum(axis=1).mean(),
        pairs=describe_pairs(of_real, of_drawn),
        mean=photographs.mean(),
        least=photographs.min(),
        most=photographs.max(),
        few=100 * (photographs < 10).mean(),
        shared=(partition.groupby(people.reindex(partition.index)).nunique() > 1).sum(),
        splits=describe_splits(partition, people),
    )
    with write_atomically(options.page) as file:
        file.write_text(text, encoding="utf-8")
    print(f"The page is {options.page}")


def draw_frequencies(real, drawn):
    order = real.sort_values().index
    figure = Figure(figsize=(7, 7.5), layout="constrained")
    axes = figure.subplots()
    axes.barh(order, drawn[order], color=BAR, label="drawings")
    axes.plot(real[order], order, "o", color=DOT, markersize=4, label="CelebA")
    axes.axvline(SPARSE, color="grey", linestyle=":")
    axes.set(xlabel="share of faces", ylim=(-1, len(order)))
    axes.tick_params(labelsize=8)
    axes.legend(loc="lower right")
    return figure


def draw_chosen(real, drawn):
    """FaceGen's histogram of its 23 attributes, and of how many of them one face has."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(2, 1))
    shares = pd.DataFrame({"drawings": drawn.mean(), "CelebA": real.mean()}).sort_values("CelebA", ascending=False)
    left.bar(shares.index, shares["drawings"], color=BAR, label="drawings")
    left.plot(shares.index, shares["CelebA"], "o", color=DOT, markersize=4, label="CelebA")
    left.tick_params("x", rotation=90)
    left.set(ylabel="share of faces")
    left.margins(x=0.01)
    left.legend()
    counts = range(len(shares) + 1)
    right.bar(counts, np.bincount(drawn.sum(axis=1), minlength=len(counts)) / len(drawn), color=BAR)
    right.plot(counts, np.bincount(real.sum(axis=1), minlength=len(counts)) / len(real), "o", color=DOT, markersize=4)
    right.set(xlabel="of the 23 on one face", ylabel="share of faces")
    return figure


def draw_correlations(real, drawn):
    figure = Figure(figsize=(10, 5.6), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.7, 1))
    names, upper = real.index, np.triu(np.ones((len(real), len(real)), dtype=bool), 1)
    both = np.where(upper, real[names], drawn[names])
    shown = left.imshow(np.where(np.eye(len(names)), np.nan, both), cmap="RdBu_r", vmin=-1, vmax=1)
    left.set_xticks(range(len(names)), names, rotation=90, fontsize=6)
    left.set_yticks(range(len(names)), names, fontsize=6)
    figure.colorbar(shown, ax=left, shrink=0.5, label="correlation")
    right.axline((0, 0), slope=1, color="grey", linewidth=0.8)
    right.plot(real[names].to_numpy()[upper], drawn[names].to_numpy()[upper], ".", color=DOT, markersize=3)
    right.set(xlabel="correlation in CelebA", ylabel="correlation in the drawings", aspect="equal")
    return figure


def draw_people(photographs):
    figure = Figure(figsize=(7, 2.6), layout="constrained")
    axes = figure.subplots()
    counts = photographs.value_counts().sort_index()
    axes.bar(counts.index, counts, color=DOT)
    axes.set(xlabel="photographs of one person", ylabel="people")
    return figure


def describe_pairs(real, drawn):
    names = list(real.index)
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    pairs = sorted(pairs, key=lambda pair: -abs(real.loc[pair]))[:PAIRS]
    rows = [f"| {a} | {b} | {real.loc[a, b]:.2f} | {drawn.loc[a, b]:.2f} |\n" for a, b in pairs]
    return "| attribute | goes with | CelebA | drawings |\n| --- | --- | --- | --- |\n" + "".join(rows)


def describe_splits(partition, people):
    groups = {split: partition.index[partition == split] for split in ("train", "valid", "test")}
    rows = [f"| {split} | {len(names):,} | {people.reindex(names).nunique():,} |\n" for split, names in groups.items()]
    return "".join(rows)


if __name__ == "__main__":
    main()
