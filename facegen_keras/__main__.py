"""The command line: python -m facegen_keras train|runs|sample|refine|evaluate|compare|..."""

import argparse
import logging
import sys
from pathlib import Path

import facegen_keras as fg
from facegen_keras import check_env


def main(arguments=None):
    """Run a command; returns the exit status, 2 for input that needs mending."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["check"]:  # before anything is imported that may be missing
        return check_env.main()
    fg.quiet()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    for name in ("absl", "tensorflow"):
        logging.getLogger(name).setLevel(logging.WARNING)
    options = vars(_parser().parse_args(arguments))
    command = options.pop("command")
    try:
        return command(**options) or 0
    except (ValueError, TypeError, RuntimeError, ImportError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def _train(run, **options):
    fg.train(run, **options)
    print(f"The GAN, its curves and its sample grids are in {Path(run).absolute()}")


def _runs(folder):
    print(fg.list_runs(folder).to_string())


def _sample(run, last, count, attributes, seed, reject, out, titles):
    gan, wanted = _load(run, last), _parse_attributes(attributes)
    pictures, verdicts = fg.sample_with_verdicts(gan, count, wanted, seed, reject)
    titles = fg.verdict_titles(verdicts) if titles else None
    path = fg.save_grid(pictures, out, titles=titles, about=fg.about_samples(gan, wanted, seed, reject))
    print(f"{count} faces are in {path.absolute()}")


def _film(run, out, seconds):
    print(f"The film of the training is in {fg.training_film(run, out, seconds).absolute()}")


def _interpolate(run, last, count, attributes, to_attributes, seed, to_seed, out, seconds):
    gan, start, end = _load(run, last), _parse_attributes(attributes), _parse_attributes(to_attributes)
    pictures = fg.interpolation(gan, count, start, end or None, seed, to_seed)
    about = fg.about_samples(gan, start, seed) | {"To seed": to_seed, "To attributes": to_attributes}
    print(f"The film of {count} faces is in {fg.save_film(pictures, out, seconds, about=about).absolute()}")


def _contact_sheet(pictures, columns, out):
    is_folder = len(pictures) == 1 and Path(pictures[0]).is_dir()
    path = fg.contact_sheet(pictures[0] if is_folder else pictures, out, columns)
    print(f"The contact sheet is {path.absolute()}")


def _inspect(pictures):
    for picture in pictures:
        said = fg.inspect(picture) or {"It": "says nothing about itself"}
        print(f"{picture}:", *(f"    {word}: {text}" for word, text in said.items()), sep="\n")


def _refine(photos, run, last, attributes, passes, face, out, full_size):
    import numpy as np  # not at the top: `check` must run where it is missing

    gan, changes = _load(run, last, "editor"), _parse_attributes(attributes)
    pairs = [fg.load_photo(photo, gan.size, gan.crop, face) for photo in photos]
    for photo, (_, framed) in zip(photos, pairs):
        print(f"{photo}: {framed}")
    before = [picture for picture, _ in pairs]
    refined = gan.refine(np.stack(before), changes, passes, verbose=int(sys.stdout.isatty()))
    titles = ["before", *(f"pass {i + 1}" for i in range(passes))]
    path = fg.save_grid([*before, *refined.reshape(-1, *refined.shape[2:])], out, len(photos), row_titles=titles)
    print(f"{len(photos)} faces, before and after, are in {path.absolute()}")
    for photo in photos if full_size else ():
        session = fg.EditSession(gan)
        session.start_from(photo, face)
        for name, strength in changes.items():
            session.change(name, strength)
        print(f"{photo} in full size: {session.export(full_size)[-1].absolute()}")


def _evaluate(run, last, count, data, features, reject, attribute_network, out):
    faces = (fg.faces_of_run(run) if run else {}) | ({"data": data} if data else {})
    gan = _load(run, last)
    gan.attribute_network = attribute_network
    found = fg.evaluate(gan, count, features=features, reject=reject, **faces)
    print(found)
    print(f"The tables, and the samples nearest to real faces, are in {found.save(out).absolute()}")


def _compare(out, recipes, minutes, data, count):
    table = fg.compare(out, recipes, minutes, data=data, count=count)
    shown = ["images_seen", "images_per_second", *(f"{m}{by}" for by in ("", " (views)") for m in COMPARED)]
    print(table.filter(items=shown).to_string())
    folder = Path(out).absolute()
    print(f"All results are in {folder / 'comparison.csv'}, a sheet of samples in {folder / 'comparison.jpg'}")


def _train_attributes(out, data, epochs, seed, attributes):
    judged = fg.train_attribute_network(out, data, epochs, seed=seed, attributes=attributes)
    folder = out.parent.absolute()
    print(f"Mean balanced accuracy {judged.balanced_accuracy.mean():.3f}; the network and its card are in {folder}")


def _train_views(out, data, epochs, seed):
    found = fg.train_view_network(out, data, epochs, seed=seed)
    print(f"It finds {found:.1%} of unseen faces again; the network and its card are in {out.parent.absolute()}")


def _export(run, last, weights, out, bits):
    if run and weights:
        raise ValueError("--run and --weights: expected one of them.")
    gan = fg.load_run(run, last) if run else fg.load_pretrained(weights or "modern")
    print(f"The generator is in {fg.export(gan, out, bits).absolute()}")


def _pack(run, last, out):
    fg.pack_run(run, out, last)
    print(f"The weights are in {Path(out).absolute()}")


def _align(folder, out, faces, smallest):
    report = fg.align_faces(folder, out, faces, smallest)
    print(f"{report.written.sum():,} faces of {(report.written > 0).sum():,} pictures are in {out.absolute()}")
    reasons = report.left_out[report.left_out != ""].value_counts()
    for reason, count in reasons.items():
        print(f"{count:,} pictures: {reason}, such as {report.picture[report.left_out == reason].iloc[0]}")
    print(f"What became of each picture is in {(out / 'alignment.csv').absolute()}")


def _download(folder):
    print(f"CelebA is in {fg.download_celeba(folder).absolute()}")


def _load(run, last, shipped="modern"):
    return fg.load_run(run, last) if run else fg.load_pretrained(shipped)


def _parse_attributes(text):
    """ "Male=1,Smiling=0.5" -> {"Male": 1.0, "Smiling": 0.5}."""
    pairs = [pair.partition("=") for pair in text.split(",")] if text else []
    try:
        return {name.strip(): float(value) for name, _, value in pairs}
    except ValueError:
        raise ValueError(f"--attributes {text}: expected name=strength pairs such as Male=1,Smiling=0.") from None


def _selection(text):
    """ "5" -> 5; "none" -> "none"; "Male,Smiling" -> ["Male", "Smiling"]."""
    if text.lower() == "none":
        return "none"
    return int(text) if text.isdigit() else _names(text)


def _names(text):
    """ "faces,views" -> ["faces", "views"]."""
    return [name.strip() for name in text.split(",")]


def _number_or_share(text):
    """ "1000" -> 1000; "0.5" -> 0.5."""
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number such as 10000, or a share such as 0.5") from None


COMPARED = ("KID", "precision", "recall", "variance share")
COMMANDS = (
    "train|runs|sample|film|interpolate|contact-sheet|inspect|refine|evaluate|compare|train-attributes|train-views|"
    "export|pack|align|download|check"
)


def _parser():
    parser = argparse.ArgumentParser(prog="python -m facegen_keras", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar=COMMANDS)

    command = commands.add_parser("train", help="train a recipe into a folder, or resume one")
    command.set_defaults(command=_train)
    command.add_argument("--recipe", help=f"one of {', '.join(fg.RECIPES)} (default: modern)")
    command.add_argument("--run", required=True, help="folder of the run")
    command.add_argument("--data", help="folder of the faces (default: $FACEGEN_DATA, data/celeba, or the drawn faces)")
    command.add_argument("--epochs", type=int, help="epochs in all (default: the recipe's)")
    command.add_argument("--minutes", type=float, help="stop after so many minutes")
    command.add_argument("--every", type=int, help="epochs from one sample grid to the next (default: 1)")
    command.add_argument("--save-minutes", type=float, help="minutes from one save to the next (default: 10)")
    command.add_argument("--keep", type=int, help="how many of the last checkpoints are kept (default: 2)")
    command.add_argument("--seed", type=int, help="default: 0")
    command.add_argument("--resume", action="store_true", help="go on with the run, or start it where there is none")
    command.add_argument(
        "--attributes",
        type=_selection,
        help="size of a selection (1, 2, 5, 8, 23, 40), names of CelebA's or of your labels, or none",
    )
    command.add_argument("--image-size", type=int)
    command.add_argument("--batch-size", type=int)
    command.add_argument("--images", type=_number_or_share, help="pictures to train on, a fixed choice: 10000, or 0.5")
    command.add_argument(
        "--random-select", type=_number_or_share, help="pictures an epoch, chosen afresh: 1000, or 0.5"
    )
    command.add_argument("--schedule", help="every, ratio:5, decay:5:1:10 or accuracy:0.8")
    command.add_argument("--ema-decay", type=float, help="decay of the averaged weights that samples are drawn with")
    command.add_argument("--guide", help="attribute network that guides an editor (default: the shipped one)")
    command.add_argument("--balance", help="attribute whose rare value is upsampled")
    command.add_argument("--crop", type=int, help="width of the centred crop in CelebA's 178x218 pixels")
    command.add_argument("--flip", action=argparse.BooleanOptionalAction, help="mirror half of the pictures")
    command.add_argument(
        "--dtype-policy", help="auto (default): what is fast here; or float32, mixed_bfloat16, mixed_float16"
    )
    command.add_argument(
        "--jit-compile", action=argparse.BooleanOptionalAction, help="compile by XLA (default: Keras' choice on GPUs)"
    )
    command.add_argument(
        "--strategy",
        choices=("mirrored", "multiworker"),
        help="train on all GPUs of this machine, or on the machines of TF_CONFIG",
    )
    command.add_argument("--num-parallel-calls", type=int, help="batches read at once (default: as many as CPU cores)")
    command.add_argument("--steps-per-execution", type=int, help="training steps in one call (default: 1)")
    command.add_argument(
        "--gradient-accumulation-steps", type=int, help="parts of a batch, for less memory (default: 1)"
    )
    command.add_argument(
        "--tensorboard", action=argparse.BooleanOptionalAction, help="log scalars and grids for TensorBoard, in the run"
    )
    command.add_argument(
        "--verbose",
        type=int,
        default=1 if sys.stdout.isatty() else 2,
        help="0 silent, 1 progress bar, 2 a line an epoch (default: 1 on a terminal, else 2)",
    )

    command = commands.add_parser("runs", help="list the runs in a folder: state, best KID, last picture")
    command.set_defaults(command=_runs)
    command.add_argument("folder", nargs="?", default="runs", help="default: runs")

    command = commands.add_parser("sample", help="draw faces")
    command.set_defaults(command=_sample)
    _add_run(command)
    command.add_argument("-n", dest="count", type=int, default=64)
    command.add_argument("--attributes", default="", help="such as Male=1,Smiling=0; the rest is drawn as in the data")
    command.add_argument("--seed", type=int, default=0)
    _add_reject(command)
    command.add_argument("--out", default="grid.png")
    command.add_argument("--titles", action="store_true", help="write the discriminator's verdict under each face")

    command = commands.add_parser("film", help="show how the faces of a run grew, epoch by epoch")
    command.set_defaults(command=_film)
    command.add_argument("--run", required=True, help="folder of the run")
    command.add_argument("--seconds", type=float, default=6, help="default: 6")
    command.add_argument("--out", default="film.gif", help="a .gif file, or .mp4 where ffmpeg is (default: film.gif)")

    command = commands.add_parser("interpolate", help="film the way from one face to another")
    command.set_defaults(command=_interpolate)
    _add_run(command)
    command.add_argument("-n", dest="count", type=int, default=24, help="faces on the way (default: 24)")
    command.add_argument("--attributes", default="", help="of the first face, as for sample")
    command.add_argument("--to-attributes", default="", help="of the last face (default: as of the first)")
    command.add_argument("--seed", type=int, default=0, help="of the first face (default: 0)")
    command.add_argument("--to-seed", type=int, default=1, help="of the last face (default: 1)")
    command.add_argument("--seconds", type=float, default=3, help="in one direction (default: 3)")
    command.add_argument("--out", default="interpolation.gif", help="as for film (default: interpolation.gif)")

    command = commands.add_parser("contact-sheet", help="lay pictures out with their names")
    command.set_defaults(command=_contact_sheet)
    command.add_argument("pictures", nargs="+", metavar="PICTURE", help="picture files, or a folder of them")
    command.add_argument("--columns", type=int)
    command.add_argument("--out", default="contact_sheet.jpg", help="default: contact_sheet.jpg")

    command = commands.add_parser("inspect", help="print what a picture of this package says about itself")
    command.set_defaults(command=_inspect)
    command.add_argument("pictures", nargs="+", metavar="PICTURE", help="grids, films, exports")

    command = commands.add_parser("refine", help="change what photographs of faces show")
    command.set_defaults(command=_refine)
    command.add_argument("photos", nargs="+", metavar="PHOTO", help="picture files")
    command.add_argument("--attributes", required=True, help="what should change: Smiling=1,Eyeglasses=0.5")
    _add_run(command)
    command.add_argument("--passes", type=int, default=1, help="default: 1")
    command.add_argument("--face", type=int, default=0, help="which face of a photograph, from 0, the largest")
    command.add_argument("--out", default="refined.png", help="picture file to write")
    command.add_argument("--full-size", metavar="FOLDER", help="lay the change over each photograph, in this folder")

    command = commands.add_parser("evaluate", help="measure how good a generator is")
    command.set_defaults(command=_evaluate)
    _add_run(command)
    command.add_argument("-n", dest="count", type=int, default=2_000, help="samples and real faces (default: 2000)")
    command.add_argument("--data", help="the real faces (default: those of the run)")
    command.add_argument(
        "--features",
        type=_names,
        default="faces,views",
        help="some of faces (the shipped attribute network's), views (the shipped self-supervised network's) and "
        "inception, joined by commas (default: faces,views)",
    )
    _add_reject(command)
    command.add_argument("--attribute-network", help="the .npz file of train-attributes that reads the run's labels")
    command.add_argument("--out", default="evaluation", help="folder for the tables (default: evaluation)")

    command = commands.add_parser("compare", help="train every recipe for the same time, and measure all alike")
    command.set_defaults(command=_compare)
    command.add_argument("--out", required=True, help="folder of the comparison; one that was interrupted goes on")
    command.add_argument("--minutes", type=float, default=20, help="for each recipe (default: 20)")
    command.add_argument("--recipes", type=_names, help="default: all")
    command.add_argument("--data", help="as for train")
    command.add_argument("-n", dest="count", type=int, default=2_000, help="samples measured (default: 2000)")

    command = commands.add_parser("train-attributes", help="train the network that reads attributes off faces")
    _add_network(command, _train_attributes, 40)
    command.add_argument("--attributes", type=_selection, help="as for train (default: all that the faces have)")

    command = commands.add_parser("train-views", help="train the network whose features compare faces without labels")
    _add_network(command, _train_views, 100)

    command = commands.add_parser(
        "export", help="write a generator for runtimes without Keras: ONNX, LiteRT, SavedModel"
    )
    command.set_defaults(command=_export)
    _add_run(command)
    command.add_argument("--weights", help="instead of a run: modern (default), editor, or a file of packed weights")
    command.add_argument("--out", required=True, help="an .onnx or .tflite file, or a folder for a SavedModel")
    command.add_argument("--bits", type=int, default=32, help="8: weights of a quarter of the size, with .onnx")

    command = commands.add_parser("pack", help="write a run's weights as load_pretrained reads them")
    command.set_defaults(command=_pack)
    _add_run(command, required=True)
    command.add_argument("--out", required=True, help="the .npz file to write")

    command = commands.add_parser("align", help="cut the faces of a folder of photographs the way CelebA's are")
    command.set_defaults(command=_align)
    command.add_argument("folder", help="the photographs, in folders within folders")
    command.add_argument("out", type=Path, help="folder for the faces; an interrupted call goes on")
    command.add_argument("--faces", default="each", choices=("each", "largest"), help="of a photograph (default: each)")
    command.add_argument("--smallest", type=int, default=64, help="pixels that a face must be wide (default: 64)")

    command = commands.add_parser("download", help="get CelebA from Kaggle")
    command.set_defaults(command=_download)
    command.add_argument("folder", nargs="?", help="where to (default: data/celeba)")

    command = commands.add_parser("check", help="check the environment")
    return parser


def _add_reject(command):
    command.add_argument(
        "--reject", type=float, default=0.0, help="share of the faces that the discriminator rejects, such as 0.33"
    )


def _add_network(command, train, epochs):
    command.set_defaults(command=train)
    command.add_argument("--out", type=Path, required=True, help="the .npz file to write; its card goes beside it")
    command.add_argument("--data", help="as for train")
    command.add_argument("--epochs", type=int, default=epochs, help=f"default: {epochs}")
    command.add_argument("--seed", type=int, default=0)


def _add_run(command, required=False):
    shipped = "" if required else " (default: the generator that is shipped)"
    command.add_argument("--run", required=required, help=f"folder of the run{shipped}")
    command.add_argument("--last", action="store_true", help="its last epoch instead of that of the lowest KID")


if __name__ == "__main__":
    sys.exit(main())
