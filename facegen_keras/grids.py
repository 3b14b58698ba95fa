"""From arrays to pictures: grids, grids with titles, attribute sheets, contact sheets and curves."""

import math
import os
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFont, ImageOps

from facegen_keras.files import pictures_in, write_atomically
from facegen_keras.metadata import marks

GAP = 4  # pixels between tiles
TITLE, ROW_TITLE = 11, 12  # sizes of letters in pixels; a title must be no wider than its picture
CONTACT = 128  # pixels of the side of a picture on a contact sheet
SMALLEST_TILE = 64  # pixels: smaller pictures are enlarged by a whole factor
INK, PAPER = (40, 40, 40), (255, 255, 255)


def grid(pictures, columns=None, titles=None, row_titles=None):
    """Lay pictures out in a grid.

    Args:
        pictures: uint8 array (count, H, W, 3).
        columns: pictures in a row, at least 1; by default the grid is about square.
        titles: one short text for each picture, written below it.
        row_titles: one text for each row, written to its left.

    Returns:
        A PIL image. Pictures smaller than 64 pixels are enlarged by a whole factor, without smoothing.

    Raises:
        ValueError: `pictures` is no such array, there is no column, or there are too many or too few titles.
    """
    pictures = np.asarray(pictures)
    if pictures.ndim != 4 or pictures.shape[-1] != 3 or pictures.dtype != np.uint8 or not pictures.size:
        raise ValueError(f"pictures is {pictures.dtype} {pictures.shape}: expected uint8 (count, H, W, 3), not empty.")
    columns = math.ceil(math.sqrt(len(pictures))) if columns is None else columns
    if columns < 1:
        raise ValueError(f"columns={columns}: expected at least 1.")
    rows = math.ceil(len(pictures) / columns)
    for name, texts, count in (("titles", titles, len(pictures)), ("row_titles", row_titles, rows)):
        if texts is not None and len(texts) != count:
            raise ValueError(f"{name} has {len(texts)} texts: expected {count}.")
    font, row_font = ImageFont.load_default(TITLE), ImageFont.load_default(ROW_TITLE)
    row_titles = [str(text) for text in row_titles or ()]
    scale = math.ceil(SMALLEST_TILE / min(pictures.shape[1:3]))
    height, width = pictures.shape[1] * scale, pictures.shape[2] * scale
    left = math.ceil(max(map(row_font.getlength, row_titles))) + 2 * GAP if row_titles else 0
    step_x, step_y = width + GAP, height + GAP + (TITLE + GAP if titles is not None else 0)
    image = Image.new("RGB", (left + columns * step_x + GAP, rows * step_y + GAP), PAPER)
    draw = ImageDraw.Draw(image)
    for i, picture in enumerate(pictures):
        x, y = left + GAP + i % columns * step_x, GAP + i // columns * step_y
        image.paste(Image.fromarray(picture).resize((width, height), Image.Resampling.NEAREST), (x, y))
        if titles is not None:
            draw.text((x + width / 2, y + height + 1), str(titles[i]), INK, font, anchor="ma")
    for i, text in enumerate(row_titles):
        draw.text((left - GAP, GAP + i * step_y + height / 2), text, INK, row_font, anchor="rm")
    return image


def save_grid(pictures, path, columns=None, titles=None, row_titles=None, about=None):
    """Save `grid(...)` as a picture file, in the format that its name ends in; missing folders are made.

    Args:
        path: the file to write.
        about: what the file shall say about itself, `{"Recipe": "modern", "Seed": 0}`, for `inspect`.
        others: as for `grid`.

    Returns:
        The Path written to.

    Raises:
        ValueError: see `grid`; or the name ends in no format that pictures can be saved in.
    """
    path = Path(path)
    if Image.registered_extensions().get(path.suffix.lower()) not in Image.SAVE:
        raise ValueError(f"{path}: expected the name of a picture file, such as {path.with_suffix('.png')}.")
    image = grid(pictures, columns, titles, row_titles)
    with write_atomically(path) as unfinished:
        image.save(unfinished, **marks(path, about))
    return path


def contact_sheet(pictures, path, columns=None):
    """Save an overview of picture files of any size, each whole, with its name below it.

    Args:
        pictures: a folder, with those in it, or paths of picture files.
        path: the file to write.
        columns: as for `grid`.

    Returns:
        The Path written to.

    Raises:
        FileNotFoundError: there is no such file or folder, or no picture in the folder.
        ValueError: a file is no picture; or see `save_grid`.
    """
    if isinstance(pictures, (str, os.PathLike)):
        files = [Path(pictures) / file for file in pictures_in(pictures)]
        if not files:
            raise FileNotFoundError(f"{pictures}: there is no picture in this folder, nor in those below it.")
    else:
        files = [Path(file) for file in pictures]
    return save_grid([_thumbnail(file) for file in files], path, columns, [_shortened(file.name) for file in files])


def _thumbnail(file):
    try:
        with Image.open(file) as picture:
            upright = ImageOps.exif_transpose(picture).convert("RGB")
    except FileNotFoundError:
        raise FileNotFoundError(f"{file}: there is no such picture.") from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:  # what Pillow raises of it
        raise ValueError(f"{file}: it is no picture that can be read ({error}).") from None
    return np.asarray(ImageOps.pad(upright, (CONTACT, CONTACT), Image.Resampling.LANCZOS, PAPER))


def _shortened(text):
    """The text, or as much of it as is no wider than a picture of a contact sheet, and three dots."""
    length = ImageFont.load_default(TITLE).getlength
    if length(text) <= CONTACT:
        return text
    return next(text[:end] + "..." for end in range(len(text), -1, -1) if length(text[:end] + "...") <= CONTACT)


def verdict_titles(verdicts):
    """Titles for a grid from D's verdicts in [0, 1]: "87 % real"."""
    return [f"{verdict:.0%} real".replace("%", " %") for verdict in verdicts]


def sheet(pictures, row_titles):
    """Lay out an attribute sheet: rows of attributes, columns of latents.

    Args:
        pictures: uint8 array (rows, columns, H, W, 3).
        row_titles: one text for each row.

    Returns:
        A PIL image.

    Raises:
        ValueError: `pictures` is no such array, or there are too many or too few titles.
    """
    pictures = np.asarray(pictures)
    if pictures.ndim != 5:
        raise ValueError(f"pictures has shape {pictures.shape}: expected (rows, columns, H, W, 3).")
    return grid(pictures.reshape(-1, *pictures.shape[2:]), pictures.shape[1], row_titles=row_titles)


CURVES = {
    "loss": {"D": "d_loss", "G": "g_loss", "reconstruction": "reconstruction"},
    "D's mean probability": {"real": "d_real", "fake": "d_fake", "mismatched": "d_mismatch"},
    "D's accuracy, and its share of steps": {"accuracy": "d_accuracy", "steps trained": "d_trained"},
    "diversity of samples": {"samples": "diversity", "real faces": "real_diversity"},
    "KID of samples": {"KID": "kid"},
    "precision and recall of samples": {"precision": "precision", "recall": "recall"},
}


def curves(histories, over="epoch"):
    """Draw the curves of one or several trainings: losses, probabilities, accuracy and the quality of samples.

    Epochs in which something was not measured (NaN) are left out of its curve, and the line connects those around them.

    Args:
        histories: a dict of lists, as `fit(...).history`, or a dict of such dicts by title, drawn side by side.
        over: the log that they are drawn over; epochs need none, and are counted from 1.

    Returns:
        A matplotlib Figure with one kind of curve in a row and one training in a column; those of a single training are
        side by side, three in a row.

    Raises:
        ValueError: the histories have none of the logs that are drawn.
    """
    if not any(isinstance(history, dict) for history in histories.values()):
        histories = {"": histories}
    logged = {key for history in histories.values() for key in history}
    kinds = {label: lines for label, lines in CURVES.items() if logged & set(lines.values())}
    if not kinds:
        known = ", ".join(key for lines in CURVES.values() for key in lines.values())
        raise ValueError(f"The histories have {', '.join(map(str, logged)) or 'no logs'}: expected some of {known}.")
    is_single = len(histories) == 1
    shape = (math.ceil(len(kinds) / 3), min(len(kinds), 3)) if is_single else (len(kinds), len(histories))
    figure = Figure(figsize=(4.2 * shape[1], 2.6 * shape[0]), layout="constrained")
    axes = figure.subplots(*shape, squeeze=False, sharex=True, sharey=False if is_single else "row")
    if is_single:
        axes = axes.reshape(-1, 1)
        for unused in axes[len(kinds) :, 0]:
            unused.remove()
    for row, (label, lines) in zip(axes, kinds.items()):
        for axis, (title, history) in zip(row, histories.items()):
            _draw_lines(axis, history, lines, over)
            if label.startswith("D's"):
                axis.set_ylim(-0.03, 1.03)
            axis.set_title(" · ".join(filter(None, (title, label))), fontsize=9)
            axis.set_xlabel(over, fontsize=8)
            axis.tick_params(labelsize=8)
            axis.grid(alpha=0.3)
    return figure


def save_figure(figure, path, dpi=80):
    """Save a matplotlib Figure as a small PNG, of 256 colours; returns the Path written to."""
    path = Path(path)
    with write_atomically(path) as unfinished:
        figure.savefig(unfinished, dpi=dpi)
        picture = Image.open(unfinished).convert("RGB")
        picture.quantize(method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(unfinished, optimize=True)
    return path


def _draw_lines(axis, history, lines, over):
    """Draw the logs that `lines` names by label; those never measured have no line and no legend."""
    for label, key in lines.items():
        if key not in history:
            continue
        times = history.get(over, range(1, len(history[key]) + 1))
        measured = pd.Series(history[key], times, dtype=float).dropna()
        if len(measured):
            axis.plot(measured.index, measured, marker="." if len(measured) < 30 else None, label=label)
    if axis.lines:
        axis.legend(fontsize=7)
