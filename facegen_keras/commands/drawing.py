"""Verbs that draw: sample, film, interpolate, contact-sheet, and inspect for what they drew."""

from pathlib import Path

import facegen_keras as fg
from facegen_keras.commands.arguments import add_reject, add_run, add_truncation, add_verb, load, parse_strengths


def sample(run, last, count, attributes, seed, reject, truncation, out, titles):
    gan, wanted = load(run, last, truncation=truncation), parse_strengths(attributes)
    if titles:
        pictures, verdicts = fg.sample_with_verdicts(gan, count, wanted, seed, reject)
        written = fg.verdict_titles(verdicts)
    else:
        pictures, written = gan.sample(count, wanted, seed, reject=reject), None
    path = fg.save_grid(pictures, out, titles=written, about=fg.about_samples(gan, wanted, seed, reject))
    print(f"{count} faces are in {path.absolute()}")


def film(run, out, seconds):
    print(f"The film of the training is in {fg.training_film(run, out, seconds).absolute()}")


def interpolate(run, last, count, attributes, to_attributes, seed, to_seed, truncation, out, seconds):
    gan = load(run, last, truncation=truncation)
    start, end = parse_strengths(attributes), parse_strengths(to_attributes)
    pictures = fg.interpolation(gan, count, start, end or None, seed, to_seed)
    about = fg.about_samples(gan, start, seed) | {"To seed": to_seed, "To attributes": to_attributes}
    print(f"The film of {count} faces is in {fg.save_film(pictures, out, seconds, about=about).absolute()}")


def contact_sheet(pictures, columns, out):
    is_folder = len(pictures) == 1 and Path(pictures[0]).is_dir()
    path = fg.contact_sheet(pictures[0] if is_folder else pictures, out, columns)
    print(f"The contact sheet is {path.absolute()}")


def inspect(pictures):
    for picture in pictures:
        said = fg.inspect(picture) or {"It": "says nothing about itself"}
        print(f"{picture}:", *(f"    {word}: {text}" for word, text in said.items()), sep="\n")


def add_verbs(verbs):
    parser = add_verb(verbs, sample, "draw faces")
    add_run(parser)
    parser.add_argument("-n", dest="count", type=int, default=64)
    parser.add_argument("--attributes", default="", help="such as Male=1,Smiling=0; the rest is drawn as in the data")
    parser.add_argument("--seed", type=int, default=0)
    add_reject(parser)
    add_truncation(parser)
    parser.add_argument("--out", default="grid.png")
    parser.add_argument("--titles", action="store_true", help="write the discriminator's verdict under each face")

    parser = add_verb(verbs, film, "show how the faces of a run grew, epoch by epoch")
    parser.add_argument("--run", required=True, help="folder of the run")
    parser.add_argument("--seconds", type=float, default=6, help="default: 6")
    parser.add_argument("--out", default="film.gif", help="a .gif file, or .mp4 where ffmpeg is (default: film.gif)")

    parser = add_verb(verbs, interpolate, "film the way from one face to another")
    add_run(parser)
    parser.add_argument("-n", dest="count", type=int, default=24, help="faces on the way (default: 24)")
    parser.add_argument("--attributes", default="", help="of the first face, as for sample")
    parser.add_argument("--to-attributes", default="", help="of the last face (default: as of the first)")
    parser.add_argument("--seed", type=int, default=0, help="of the first face (default: 0)")
    parser.add_argument("--to-seed", type=int, default=1, help="of the last face (default: 1)")
    add_truncation(parser)
    parser.add_argument("--seconds", type=float, default=3, help="in one direction (default: 3)")
    parser.add_argument("--out", default="interpolation.gif", help="as for film (default: interpolation.gif)")

    parser = add_verb(verbs, contact_sheet, "lay pictures out with their names", tensorflow=False)
    parser.add_argument("pictures", nargs="+", metavar="PICTURE", help="picture files, or a folder of them")
    parser.add_argument("--columns", type=int)
    parser.add_argument("--out", default="contact_sheet.jpg", help="default: contact_sheet.jpg")

    parser = add_verb(verbs, inspect, "print what a picture of this package says about itself", tensorflow=False)
    parser.add_argument("pictures", nargs="+", metavar="PICTURE", help="grids, films, exports")
