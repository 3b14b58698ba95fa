"""Divide CelebA by people, so that nobody whom a network is judged by was seen by one that was trained.

    python tools/split_people.py data/celeba runs/people

writes folders of links to the pictures, for `--data` and `$FACEGEN_DATA`. For the editor: `faces`, whose train split is
85 % of the people and whose test split is the others, the same that the shipped attribute network was tested on; and
`judge`, half of the people of that train split, to train a second attribute network on. For recipes: `recipes`, half of
all people, to train and measure recipes on; and `views`, the other half, to train the view network on.
"""

import argparse
from pathlib import Path

import numpy as np

import facegen_keras as fg
from facegen_keras.data.layouts import find_layout
from facegen_keras.networks.attribute_training import hold_out


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="a folder with CelebA's pictures, attributes and identities")
    parser.add_argument("out", type=Path, help="the folder to write")
    parser.add_argument("--held-out", type=float, default=0.15, help="share of the people to test on (default: 0.15)")
    options = parser.parse_args()

    faces, identities = find_layout(options.data), fg.load_identities(options.data)
    if identities is None or faces.attribute_file is None:
        parser.error(f"{options.data} has no identity_CelebA.txt, or no list_attr_celeba.txt")
    people = identities.reindex(faces.names).to_numpy()
    tests = hold_out(people, options.held_out, seed=0)
    judges = hold_out(people[~tests], 0.5, seed=1)
    views = hold_out(people, 0.5, seed=2)
    link(faces, options.out / "faces", faces.names, tests)
    link(faces, options.out / "judge", np.asarray(faces.names)[~tests][judges])
    for folder, chosen in (("recipes", ~views), ("views", views)):
        link(faces, options.out / folder, np.asarray(faces.names)[chosen])
    print(f"{options.out}: {(~tests).sum():,} faces to train on, {tests.sum():,} of other people to judge by.")
    print(f"{judges.sum():,} of the first to train a second network on.")
    print(f"{(~views).sum():,} faces to train recipes on, {views.sum():,} of other people for the view network.")


def link(faces, folder, names, tests=None):
    """Make a folder of links to pictures and tables, and a partition file where `tests` says who is tested on."""
    pictures = folder / "img_align_celeba"
    pictures.mkdir(parents=True, exist_ok=True)
    if others := {link.name for link in pictures.iterdir()}.difference(names):
        raise SystemExit(f"{folder} holds {len(others):,} faces of another division: remove it, and divide again.")
    sources = {pictures / name: faces.pictures / name for name in names}
    sources |= {folder / "list_attr_celeba.txt": faces.attribute_file}
    sources |= {folder / "identity_CelebA.txt": faces.attribute_file.parent / "identity_CelebA.txt"}
    for target, source in sources.items():
        if not target.is_symlink():
            target.symlink_to(source.resolve())
    if tests is not None:
        lines = [f"{name} {2 if test else 0}\n" for name, test in zip(names, tests)]
        (folder / "list_eval_partition.txt").write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
