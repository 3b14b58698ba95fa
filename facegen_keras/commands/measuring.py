"""Verbs that measure: evaluate, compare."""

from pathlib import Path

import facegen_keras as fg
from facegen_keras.commands.arguments import (
    add_attribute_network,
    add_reject,
    add_run,
    add_truncation,
    add_verb,
    load,
    parse_names,
)

COMPARED = ("KID", "precision", "recall", "variance share")


def evaluate(run, last, count, data, features, reject, truncation, attribute_network, out):
    faces = (fg.faces_of_run(run) if run else {}) | ({"data": data} if data else {})
    gan = load(run, last, attribute_network=attribute_network, truncation=truncation)
    found = fg.evaluate(gan, count, features=features, reject=reject, **faces)
    print(found)
    print(f"The tables, and the samples nearest to real faces, are in {found.save(out).absolute()}")


def compare(out, recipes, minutes, data, count):
    table = fg.compare(out, recipes, minutes, data=data, count=count)
    shown = ["images_seen", "images_per_second", *(f"{m}{by}" for by in ("", " (views)") for m in COMPARED)]
    print(table.filter(items=shown).to_string())
    folder = Path(out).absolute()
    print(f"All results are in {folder / 'comparison.csv'}, a sheet of samples in {folder / 'comparison.jpg'}")


def add_verbs(verbs):
    parser = add_verb(verbs, evaluate, "measure how good a generator is")
    add_run(parser)
    parser.add_argument("-n", dest="count", type=int, default=2_000, help="samples and real faces (default: 2000)")
    parser.add_argument("--data", help="the real faces (default: those of the run)")
    parser.add_argument(
        "--features",
        type=parse_names,
        default="faces,views",
        help="some of faces (the shipped attribute network's), views (the shipped self-supervised network's) and "
        "inception, joined by commas (default: faces,views)",
    )
    add_reject(parser)
    add_truncation(parser)
    add_attribute_network(parser)
    parser.add_argument("--out", default="evaluation", help="folder for the tables (default: evaluation)")

    parser = add_verb(verbs, compare, "train every recipe for the same time, and measure all alike")
    parser.add_argument("--out", required=True, help="folder of the comparison; one that was interrupted goes on")
    parser.add_argument("--minutes", type=float, default=20, help="for each recipe (default: 20)")
    parser.add_argument("--recipes", type=parse_names, help="default: all but editor and the presets of modern")
    parser.add_argument("--data", help="as for train")
    parser.add_argument("-n", dest="count", type=int, default=2_000, help="samples measured (default: 2000)")
