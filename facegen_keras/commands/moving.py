"""Verbs that bring faces in and generators out: download, export, pack."""

from pathlib import Path

import facegen_keras as fg
from facegen_keras.commands.arguments import add_run, add_verb


def download(folder):
    print(f"CelebA is in {fg.download_celeba(folder).absolute()}")


def export(run, last, weights, out, bits):
    if run and weights:
        raise ValueError("--run and --weights: expected one of them.")
    gan = fg.load_run(run, last) if run else fg.load_pretrained(weights or "modern")
    print(f"The generator is in {fg.export(gan, out, bits).absolute()}")


def pack(run, last, out):
    fg.pack_run(run, out, last)
    print(f"The weights are in {Path(out).absolute()}")


def add_verbs(verbs):
    parser = add_verb(verbs, download, "get CelebA from Kaggle", tensorflow=False)
    parser.add_argument("folder", nargs="?", help="where to (default: data/celeba)")

    parser = add_verb(verbs, export, "write a generator for runtimes without Keras: ONNX, LiteRT, SavedModel")
    add_run(parser)
    parser.add_argument("--weights", help="instead of a run: modern (default), editor, or a file of packed weights")
    parser.add_argument("--out", required=True, help="an .onnx or .tflite file, or a folder for a SavedModel")
    parser.add_argument("--bits", type=int, default=32, help="8: weights of a quarter of the size, with .onnx")

    parser = add_verb(verbs, pack, "write a run's weights as load_pretrained reads them")
    add_run(parser, required=True)
    parser.add_argument("--out", required=True, help="the .npz file to write")
