"""Verbs for photographs: refine, app, align."""

import sys
from pathlib import Path

import facegen_keras as fg
from facegen_keras.commands.arguments import add_attribute_network, add_run, add_verb, load, parse_strengths


def refine(photos, run, last, attributes, passes, face, attribute_network, out, full_size):
    import numpy as np  # not at the top: `check` must run where it is missing

    _check_folder("--full-size", full_size)
    gan, changes = load(run, last, "editor", attribute_network), parse_strengths(attributes)
    if gan.reads_pictures and attribute_network:
        raise ValueError(f"--attribute-network {attribute_network}: an editor reads pictures by itself. Leave it out.")
    pairs = [fg.load_photo(photo, gan.size, gan.crop, face) for photo in photos]
    for photo, (_, framed) in zip(photos, pairs):
        print(f"{photo}: {framed}")
    before = [picture for picture, _ in pairs]
    refined = gan.refine(np.stack(before), changes, passes, verbose=int(sys.stdout.isatty()))
    titles = ["before", *(f"pass {i + 1}" for i in range(passes))]
    about = {"Software": "facegen_keras", "Edited": f"Photographs, edited with facegen_keras: {attributes}"}
    about |= {"Recipe": gan.recipe}
    drawn = [*before, *refined.reshape(-1, *refined.shape[2:])]
    path = fg.save_grid(drawn, out, len(photos), row_titles=titles, about=about)
    print(f"{path.absolute()} shows {len(photos)} face{'s' * (len(photos) > 1)}, before and after")
    if gan.takes_pictures:
        gan.passes = passes  # of a session's pictures
    session = fg.EditSession(gan) if full_size else None
    for photo in photos if full_size else ():
        session.start_from(photo, face)
        session.change_several(changes)
        print(f"{photo} in full size: {session.export(full_size)[-1].absolute()}")


def _check_folder(argument, folder):
    """ValueError where a file is in the way of a folder that is to be written to."""
    path = Path(folder or ".")
    if file := next((at for at in (path, *path.parents) if at.is_file()), None):
        raise ValueError(f"{argument} {folder}: {file} is a file; name a folder, which is made where there is none.")


def app(port):
    fg.serve_page(port)


def align(folder, out, faces, smallest):
    report = fg.align_faces(folder, out, faces, smallest)
    print(f"{report.written.sum():,} faces of {(report.written > 0).sum():,} pictures are in {out.absolute()}")
    reasons = report.left_out[report.left_out != ""].value_counts()
    for reason, count in reasons.items():
        print(f"{count:,} pictures: {reason}, such as {report.picture[report.left_out == reason].iloc[0]}")
    print(f"What became of each picture is in {(out / 'alignment.csv').absolute()}")


def add_verbs(verbs):
    parser = add_verb(verbs, refine, "change what photographs of faces show")
    parser.add_argument("photos", nargs="+", metavar="PHOTO", help="picture files")
    parser.add_argument("--attributes", required=True, help="what should change: Smiling=1,Eyeglasses=0.5")
    add_run(parser)
    parser.add_argument("--passes", type=int, default=1, help="default: 1")
    parser.add_argument("--face", type=int, default=0, help="which face of a photograph, from 0, the largest")
    add_attribute_network(parser)
    parser.add_argument("--out", default="refined.png", help="picture file to write")
    parser.add_argument("--full-size", metavar="FOLDER", help="lay the change over each photograph, in this folder")

    parser = add_verb(verbs, app, "refine faces on a page in your browser", tensorflow=False)
    parser.add_argument("--port", type=int, default=8866, help="default: 8866")

    parser = add_verb(verbs, align, "cut the faces of a folder of photographs the way CelebA's are")
    parser.add_argument("folder", help="the photographs, in folders within folders")
    parser.add_argument("out", type=Path, help="folder for the faces; an interrupted call goes on")
    parser.add_argument("--faces", default="each", choices=("each", "largest"), help="of a photograph (default: each)")
    parser.add_argument("--smallest", type=int, default=64, help="pixels that a face must be wide (default: 64)")
