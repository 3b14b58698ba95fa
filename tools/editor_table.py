"""Measure on people whom nothing was trained on how well systems change their faces; docs/results/editor.md shows it.

    python tools/split_people.py data/celeba runs/people
    python tools/editor_table.py --data runs/people/faces --judge runs/judge.npz --out runs/editor_table

Each attribute is flipped alone, and three at once. The shipped attribute network says what a face shows before; the
second network, `--judge`, says what it shows after, and a face recogniser (tools/recogniser.py) whether it is the same
person. `--out` keeps what each system drew, and its scores; what is there already is not made again.
"""

import argparse
import functools
import time
from pathlib import Path

import numpy as np
import pandas as pd
from recogniser import SAME, distances

import facegen_keras as fg
from facegen_keras.data.images import to_size
from facegen_keras.files import write_atomically
from facegen_keras.gan.conditions import change_attributes, read_attributes
from facegen_keras.gan.inversion import add_difference, root_mean_square
from facegen_keras.metrics.attributes import change_scores

BATCH = 32
TUNE = 100
THREE = "three at once"
GROUPS = ("Male", "Young", "Eyeglasses", "Pale_Skin", "Blurry")
RECOGNISED = ("Black_Hair", "Blond_Hair", "Eyeglasses", "Smiling")  # after these it shall be the same person
SCORES = ["before", "follows", "follows (shipped)", "others kept", "unrelated kept", "RMS", "face moved", "same person"]
ONCE = ["redraw", "redraw same person", "alone", "batch"]  # the same for all changes of a system


def load_people(data, count):
    """Of so many people of the test split: one face each (n, 64, 64, 3), a DataFrame of their labels, and more faces.

    These are the second faces (m, 64, 64, 3) of all who have one, and the places (m,) of these people among the first.
    """
    pictures, labels = fg.load_arrays(None, 64, fg.ATTRIBUTES, data=data, split="test")
    people = fg.load_identities(data)
    if people is None:
        raise SystemExit(f"{data} has no identity_CelebA.txt, by which people are told apart")
    people = people.reindex(labels.index).to_numpy()
    order = np.random.default_rng(0).permutation(len(pictures))
    time = pd.Series(order).groupby(people[order]).cumcount().to_numpy()
    first, second = order[time == 0][:count], order[time == 1]
    places = {person: place for place, person in enumerate(people[first])}
    second = [place for place in second if people[place] in places]
    return pictures[first], labels.iloc[first], pictures[second], [places[person] for person in people[second]]


def ask(gan, source):
    """What is asked of the faces: a dict of change to targets (n, k) and, with NaN for what is not asked, (n, 40)."""
    rng, n, k = np.random.default_rng(1), len(source), len(gan.attributes)
    chosen = {name: np.full((n, 1), i) for i, name in enumerate(gan.attributes)}
    chosen[THREE] = np.stack([rng.choice(k, 3, replace=False) for _ in range(n)])
    changes = {}
    for change, flipped in chosen.items():
        targets, asked = source.copy(), np.full((n, len(fg.ATTRIBUTES)), np.nan)
        for face, places in enumerate(flipped):
            for place in places:
                name = gan.attributes[place]
                targets[face] = change_attributes(gan, targets[face : face + 1], {name: 1 - targets[face, place]})[0]
            for place in places:  # as the last of them left it
                asked[face, fg.ATTRIBUTES.index(gan.attributes[place])] = targets[face, place]
        changes[change] = targets, asked
    return changes


# A system: pictures (n, 64, 64, 3), source (n, k) and targets (t, n, k) -> (1 + t, n, 64, 64, 3), unchanged first


def inversion(gan, pictures, source, targets):
    found = fg.invert(gan, pictures, source)
    return np.stack([gan.sample(attributes=of, latents=found.latents) for of in (source, *targets)])


def tuned_inversion(gan, pictures, source, targets):
    """All are searched together, and each has a generator of its own tuned to it."""
    latents, drawn = fg.invert(gan, pictures, source).latents, []
    for i in range(len(pictures)):
        one = [i]
        found = fg.invert(gan, pictures[one], source[one], steps=1, latents=latents[one], tune=TUNE)
        of_each = (source[one], *targets[:, one])
        drawn.append(np.stack([found.gan.sample(attributes=of, latents=found.latents) for of in of_each]))
    return np.concatenate(drawn, axis=1)


def passes(gan, pictures, source, targets, count=1):
    """Of a generator that is fed pictures, which may have another size and fewer attributes than are asked for."""
    columns = [fg.ATTRIBUTES_8.index(name) for name in gan.attributes]
    fed = gan.to_images(to_size(pictures, gan.size))
    drawn = [gan.generate_passes(fed, of[:, columns], count)[-1] for of in (source, *targets)]
    return np.stack([to_size(gan.to_pictures(images), (64, 64)) for images in drawn])


def lay_over(pictures, drawn, strength):
    """Pictures uint8 (n, H, W, 3) with so much of the difference to what was drawn of them, uint8 (t, n, H, W, 3)."""
    difference = drawn - pictures.astype(np.float32)
    return np.clip(np.round(pictures + strength * difference), 0, 255).astype(np.uint8)


def draw(system, pictures, source, changes):
    """What a system makes of each change that it has the attributes for, and how many seconds a photograph takes.

    Returns:
        A dict: `changes`, their names (t,); `drawn`, uint8 (1 + t, n, 64, 64, 3), unchanged first; `alone`, seconds for
        a photograph by itself, unchanged and with one change; `batch`, for one of a batch, with all changes.
    """
    known = set(system.args[0].attributes)
    changes = {change: of for change, of in changes.items() if {change} <= known or set(fg.ATTRIBUTES_8) <= known}
    targets = np.stack([targets for targets, _ in changes.values()])
    system(pictures[:1], source[:1], targets[:1, :1])  # compiles
    start = time.perf_counter()
    for i in range(3):
        system(pictures[[i]], source[[i]], targets[:1, [i]])
    alone = (time.perf_counter() - start) / 3
    start = time.perf_counter()
    parts = [slice(i, i + BATCH) for i in range(0, len(pictures), BATCH)]
    drawn = np.concatenate([system(pictures[part], source[part], targets[:, part]) for part in parts], axis=1)
    batch = (time.perf_counter() - start) / len(pictures)
    return {"changes": list(changes), "drawn": drawn, "alone": alone, "batch": batch}


def measure(pictures, asked, judge, changes, drawn, alone, batch):
    """A DataFrame, one row for each face and change, of what `draw` returned.

    Beside the scores: `before`, what the judge reads as asked for already; `redraw`, the error where nothing is to
    change; `same person`, whether the recogniser takes what was drawn for the same person (of `RECOGNISED` alone), and
    `redraw same person`, what it says where nothing is to change.
    """
    rows = []
    redraw_same = distances(pictures, drawn[0]) < SAME
    for change, after in zip(changes, drawn[1:]):
        scores = change_scores(pictures, after, asked[change], judge)
        scores["before"] = change_scores(pictures, pictures, asked[change], judge)["follows"]
        scores["follows (shipped)"] = change_scores(pictures, after, asked[change])["follows"]
        scores["RMS"] = root_mean_square(after, pictures)
        scores["redraw"] = root_mean_square(drawn[0], pictures)
        scores["same person"] = distances(pictures, after) < SAME if change in RECOGNISED else np.nan
        scores["redraw same person"] = redraw_same
        scores["direction"] = np.where(np.nansum(asked[change], axis=1) > 0, "on", "off") if change != THREE else ""
        rows.append(scores.assign(change=change, face=np.arange(len(pictures)), alone=alone, batch=batch))
    return pd.concat(rows, ignore_index=True)


def score(out, name, pictures, asked, judge, drawn):
    file = out / "systems" / f"{name}.csv"
    if not file.exists():
        with write_atomically(file) as unfinished:
            measure(pictures, asked, judge, **drawn).to_csv(unfinished, index=False)
        print(f"{name} is measured", flush=True)


def summarise(out, labels, pictures):
    """Tables over all systems that were measured: for all changes, for each attribute, and for groups of people."""
    found = {file.stem: pd.read_csv(file) for file in sorted((out / "systems").glob("*.csv"))}
    single = {name: rows[rows.change != THREE] for name, rows in found.items()}
    overall = {name: rows.groupby("change")[SCORES].mean().mean() for name, rows in single.items()}
    overall = pd.DataFrame(overall).T.rename_axis("system")
    overall["follows (three)"] = {name: rows[rows.change == THREE].follows.mean() for name, rows in found.items()}
    overall[ONCE] = [rows[ONCE].mean() for rows in found.values()]
    by = pd.concat({name: rows.groupby("change")[SCORES].mean() for name, rows in single.items()}, names=["system"])
    ways = pd.concat(single, names=["system"]).groupby(["system", "change", "direction"])["follows"]
    middle = pictures[:, 20:48, 16:48].mean(axis=(1, 2, 3))
    groups = {f"{name} {value}": (labels[name] == value).to_numpy() for name in GROUPS for value in (1, 0)}
    thirds = np.digitize(middle, np.quantile(middle, [1 / 3, 2 / 3]))
    groups |= {f"{word} third of the faces": thirds == i for i, word in enumerate(("darkest", "middle", "lightest"))}
    of_groups = {
        (name, group): rows[rows.face.isin(np.flatnonzero(members))].groupby("change")[SCORES].mean().mean()
        for name, rows in single.items()
        for group, members in groups.items()
    }
    of_groups = pd.DataFrame(of_groups).T.rename_axis(["system", "group"])
    of_groups["people"] = [int(groups[group].sum()) for _, group in of_groups.index]
    tables = {"overall": overall, "attributes": by, "directions": ways.agg(["mean", "size"]), "groups": of_groups}
    for name, table in tables.items():
        with write_atomically(out / f"{name}.csv") as file:
            table.round(4).to_csv(file)
    return overall


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="CelebA, whose test split nothing was trained on")
    parser.add_argument("--judge", required=True, help="weights of a second attribute network")
    parser.add_argument("--out", type=Path, required=True, help="folder of the tables")
    parser.add_argument("--people", type=int, default=300, help="default: 300")
    parser.add_argument("--dcgan5", help="the run of a trained dcgan5, to be measured, too")
    parser.add_argument("--systems", help="names of some systems, with commas between; by default all")
    parser.add_argument("--strengths", help="of the editor's changes, to be measured, too, such as 0.5,1.5")
    options = parser.parse_args()
    strengths = [float(text) for text in options.strengths.split(",")] if options.strengths else []

    fg.quiet()
    modern, editor = fg.load_pretrained(), fg.load_pretrained("editor")
    judge = fg.load_attribute_network(options.judge)
    pictures, labels, others, places = load_people(options.data, options.people)
    source = read_attributes(modern, pictures)
    changes = ask(modern, source)
    asked = {change: of[1] for change, of in changes.items()}
    systems = {
        "inversion": functools.partial(inversion, modern),
        "tuned inversion": functools.partial(tuned_inversion, modern),
        "editor": functools.partial(passes, editor),
        "editor three passes": functools.partial(passes, editor, count=3),
    }
    if options.dcgan5:
        systems["dcgan5"] = functools.partial(passes, fg.load_run(options.dcgan5, last=True))
    for name in options.systems.split(",") if options.systems else systems:
        file = options.out / "drawn" / f"{name}.npz"
        if not file.exists():
            with write_atomically(file) as unfinished:
                np.savez(unfinished, **draw(systems[name], pictures, source, changes))
            print(f"{name} has drawn", flush=True)
    for file in sorted((options.out / "drawn").glob("*.npz")):
        drawn = dict(np.load(file))
        score(options.out, file.stem, pictures, asked, judge, drawn)
        if file.stem == "inversion":
            drawn["drawn"] = add_difference(pictures, drawn["drawn"][0], drawn["drawn"])
            score(options.out, "difference", pictures, asked, judge, drawn)
        for strength in strengths if file.stem == "editor" else ():
            laid = drawn | {"drawn": lay_over(pictures, drawn["drawn"], strength)}
            score(options.out, f"editor at {strength:g}", pictures, asked, judge, laid)
    print(summarise(options.out, labels, pictures).round(3).T.to_string())
    same, strangers = (
        distances(pictures[places], others) < SAME,
        distances(pictures, np.roll(pictures, 1, axis=0)) < SAME,
    )
    print(f"The recogniser takes {same.mean():.3f} of {len(same)} pairs of photographs of one person for one person,")
    print(f"and {strangers.mean():.3f} of {len(strangers)} of two people.")


if __name__ == "__main__":
    main()
