"""Verbs that train: train, recipes, runs, train-attributes, train-views."""

import argparse
import sys
from pathlib import Path

import facegen_keras as fg
from facegen_keras.commands.arguments import add_verb, parse_number_or_share, parse_selection


def train(run, **options):
    fg.train(run, **options)
    print(f"The GAN, its curves and its sample grids are in {Path(run).absolute()}")


def recipes():
    for recipe in fg.RECIPES.values():
        height, width = recipe.size
        print(f"{recipe.name:<16} {width}x{height}, {len(recipe.attributes)} attributes; {recipe.source}")


def runs(folder):
    print(fg.list_runs(folder).to_string())


def train_attributes(out, data, epochs, seed, attributes, radius):
    judged = fg.train_attribute_network(out, data, epochs, seed=seed, attributes=attributes, radius=radius / 255)
    folder = out.parent.absolute()
    print(f"Mean balanced accuracy {judged.balanced_accuracy.mean():.3f}; the network and its card are in {folder}")


def train_views(out, data, epochs, seed):
    found = fg.train_view_network(out, data, epochs, seed=seed)
    print(f"It finds {found:.1%} of unseen faces again; the network and its card are in {out.parent.absolute()}")


def add_verbs(verbs):
    parser = add_verb(verbs, train, "train a recipe into a folder, or resume one")
    parser.add_argument("--recipe", help="one of those that `recipes` lists (default: modern)")
    parser.add_argument("--run", required=True, help="folder of the run")
    parser.add_argument("--data", help="folder of the faces (default: $FACEGEN_DATA, data/celeba, or the drawn faces)")
    parser.add_argument("--epochs", type=int, help="epochs in all (default: the recipe's)")
    parser.add_argument("--minutes", type=float, help="stop after so many minutes")
    parser.add_argument("--every", type=int, help="epochs from one sample grid to the next (default: 1)")
    parser.add_argument("--save-minutes", type=float, help="minutes from one save to the next (default: 10)")
    parser.add_argument("--keep", type=int, help="how many of the last checkpoints are kept (default: 2)")
    parser.add_argument("--seed", type=int, help="default: 0")
    parser.add_argument("--resume", action="store_true", help="go on with the run, or start it where there is none")
    parser.add_argument(
        "--attributes",
        type=parse_selection,
        help="size of a selection (1, 2, 5, 8, 23, 40), names of CelebA's or of your labels, or none",
    )
    parser.add_argument("--image-size", type=int)
    parser.add_argument("--batch-size", type=int)
    parser.add_argument(
        "--images", type=parse_number_or_share, help="pictures to train on, a fixed choice: 10000, or 0.5"
    )
    parser.add_argument(
        "--random-select", type=parse_number_or_share, help="pictures an epoch, chosen afresh: 1000, or 0.5"
    )
    parser.add_argument("--schedule", help="every, ratio:5, decay:5:1:10 or accuracy:0.8")
    parser.add_argument(
        "--cooldown",
        type=float,
        help="the last share of the training, in which learning rates fall (default: the recipe's)",
    )
    parser.add_argument("--ema-decay", type=float, help="decay of the averaged weights that samples are drawn with")
    parser.add_argument("--weights", help="start from these: a file that `pack` wrote, modern or editor")
    parser.add_argument("--learning-rate", type=float, help="G's; D's keeps its ratio to it (default: the recipe's)")
    parser.add_argument("--guide", help="attribute network that guides an editor (default: the shipped one)")
    parser.add_argument("--balance", help="attribute whose rare value is upsampled")
    parser.add_argument("--crop", type=int, help="width of the centred crop in CelebA's 178x218 pixels")
    parser.add_argument("--flip", action=argparse.BooleanOptionalAction, help="mirror half of the pictures")
    parser.add_argument(
        "--dtype-policy", help="auto (default): what is fast here; or float32, mixed_bfloat16, mixed_float16"
    )
    parser.add_argument(
        "--jit-compile", action=argparse.BooleanOptionalAction, help="compile by XLA (default: Keras' choice on GPUs)"
    )
    parser.add_argument(
        "--strategy",
        choices=("mirrored", "multiworker"),
        help="train on all GPUs of this machine, or on the machines of TF_CONFIG",
    )
    parser.add_argument("--num-parallel-calls", type=int, help="batches read at once (default: as many as CPU cores)")
    parser.add_argument("--steps-per-execution", type=int, help="training steps in one call (default: 1)")
    parser.add_argument(
        "--gradient-accumulation-steps", type=int, help="parts of a batch, for less memory (default: 1)"
    )
    parser.add_argument(
        "--tensorboard", action=argparse.BooleanOptionalAction, help="log scalars and grids for TensorBoard, in the run"
    )
    parser.add_argument(
        "--verbose",
        type=int,
        default=1 if sys.stdout.isatty() else 2,
        help="0 silent, 1 progress bar, 2 a line an epoch (default: 1 on a terminal, else 2)",
    )

    add_verb(verbs, recipes, "list the recipes: their pictures, their attributes, where they come from")

    parser = add_verb(verbs, runs, "list the runs in a folder: state, best KID, last picture")
    parser.add_argument("folder", nargs="?", default="runs", help="default: runs")

    parser = add_verb(verbs, train_attributes, "train the network that reads attributes off faces")
    _add_network(parser, epochs=40)
    parser.add_argument("--attributes", type=parse_selection, help="as for train (default: all that the faces have)")
    parser.add_argument(
        "--radius", type=float, default=0, help="of 255: train it against what would fool it, such as 4 (default: 0)"
    )

    parser = add_verb(verbs, train_views, "train the network whose features compare faces without labels")
    _add_network(parser, epochs=100)


def _add_network(parser, epochs):
    parser.add_argument("--out", type=Path, required=True, help="the .npz file to write; its card goes beside it")
    parser.add_argument("--data", help="as for train")
    parser.add_argument("--epochs", type=int, default=epochs, help=f"default: {epochs}")
    parser.add_argument("--seed", type=int, default=0)
