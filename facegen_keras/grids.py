"""Arrays to pictures: grids, titled grids, attribute sheets, strips, films and curves."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFont

GAP = 4  # pixels between tiles
TITLE = 11  # pixels of a title's letters
SMALLEST_TILE = 64  # smaller pictures are enlarged by a whole factor
INK, PAPER = (40, 40, 40), (255, 255, 255)


def grid(pictures, columns=None, titles=None, row_titles=None):
    """Lay pictures out in a grid.

    Args:
        pictures: uint8 array (count, H, W, 3).
        columns: pictures in a row; by default the grid is about square.
        titles: one short text for each picture, written beneath it.
        row_titles: one text for each row, written at its left.

    Returns:
        A PIL image. Pictures under 64 pixels are enlarged by a whole factor, without smoothing.

    Raises:
        ValueError: `pictures` is no such array, or the titles do not match it.
    """
    pictures = np.asarray(pictures)
    if pictures.ndim != 4 or pictures.shape[-1] != 3 or pictures.dtype != np.uint8 or not len(pictures):
        raise ValueError(f"pictures is {pictures.dtype} {pictures.shape}: expected uint8 (count, H, W, 3).")
    columns = columns or math.ceil(math.sqrt(len(pictures)))
    rows = math.ceil(len(pictures) / columns)
    for name, texts, count in (("titles", titles, len(pictures)), ("row_titles", row_titles, rows)):
        if texts is not None and len(texts) != count:
            raise ValueError(f"{name} has {len(texts)} texts: expected {count}.")
    font = ImageFont.load_default(TITLE)
    scale = math.ceil(SMALLEST_TILE / min(pictures.shape[1:3]))
    height, width = pictures.shape[1] * scale, pictures.shape[2] * scale
    left = max((math.ceil(font.getlength(text)) for text in row_titles), default=0) + 2 * GAP if row_titles else 0
    step_x, step_y = width + GAP, height + GAP + (TITLE + GAP if titles is not None else 0)
    sheet = Image.new("RGB", (left + columns * step_x + GAP, rows * step_y + GAP), PAPER)
    draw = ImageDraw.Draw(sheet)
    for i, picture in enumerate(pictures):
        x, y = left + GAP + i % columns * step_x, GAP + i // columns * step_y
        sheet.paste(Image.fromarray(picture).resize((width, height), Image.Resampling.NEAREST), (x, y))
        if titles is not None:
            draw.text((x + width / 2, y + height + 1), str(titles[i]), INK, font, anchor="ma")
    for i, text in enumerate(row_titles or ()):
        draw.text((left - GAP, GAP + i * step_y + height / 2), text, INK, font, anchor="rm")
    return sheet


def save_grid(pictures, path, columns=None, titles=None, row_titles=None):
    """Save `grid(...)` as a picture file, its folders made where needed.

    Returns:
        The Path written to.

    Raises:
        ValueError: see `grid`; or the path does not end as a picture file's.
    """
    path = Path(path)
    if path.suffix.lower() not in Image.registered_extensions():
        raise ValueError(f"{path}: expected the name of a picture file, such as {path.with_suffix('.png')}.")
    path.parent.mkdir(parents=True, exist_ok=True)
    grid(pictures, columns, titles, row_titles).save(path)
    return path


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
    """
    pictures = np.asarray(pictures)
    return grid(pictures.reshape(-1, *pictures.shape[2:]), pictures.shape[1], row_titles=row_titles)


def save_gif(pictures, path, seconds=3.0):
    """Save pictures as a film that plays to and fro without end.

    Args:
        pictures: uint8 array (count, H, W, 3).
        path: a `.gif` file.
        seconds: how long it plays in one direction.

    Returns:
        The Path written to.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    frames = [grid(picture[None]).quantize(dither=Image.Dither.NONE) for picture in pictures]
    frames += frames[-2:0:-1]
    duration = max(20, round(1000 * seconds / len(pictures)))
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=duration, loop=0)
    return path


CURVES = {
    "loss": {"D": "d_loss", "G": "g_loss", "reconstruction": "reconstruction"},
    "D's mean probability": {"real": "d_real", "fake": "d_fake", "mismatched": "d_mismatch"},
    "D's accuracy, and its share of steps": {"accuracy": "d_accuracy", "steps trained": "d_trained"},
    "diversity of samples": {"samples": "diversity", "real faces": "real_diversity"},
    "KID of samples": {"KID": "kid"},
    "precision and recall of samples": {"precision": "precision", "recall": "recall"},
}


def curves(histories):
    """Draw the curves of one or several trainings: losses, probabilities, accuracy.

    Args:
        histories: a dict of lists, as `fit(...).history`, or a dict of such dicts by title, side by side.

    Returns:
        A matplotlib Figure: one column a training, one row a kind of curve.
    """
    if not any(isinstance(history, dict) for history in histories.values()):
        histories = {"": histories}
    known = {key for history in histories.values() for key in history}
    kinds = {label: lines for label, lines in CURVES.items() if known & set(lines.values())}
    wide = len(histories) == 1
    shape = (1, len(kinds)) if wide else (len(kinds), len(histories))
    figure = Figure(figsize=(4.2 * shape[1], 2.6 * shape[0]), layout="constrained")
    axes = figure.subplots(*shape, squeeze=False, sharex=True, sharey=False if wide else "row")
    axes = axes.T if wide else axes
    for row, (label, lines) in zip(axes, kinds.items()):
        for axis, (title, history) in zip(row, histories.items()):
            for line, key in lines.items():
                if key in history:
                    known = pd.Series(history[key], range(1, len(history[key]) + 1)).dropna()
                    axis.plot(known.index, known, marker="." if len(known) < 30 else None, label=line)
            if label.startswith("D's"):
                axis.set_ylim(-0.03, 1.03)
            axis.set_title(" · ".join(filter(None, (title, label))), fontsize=9)
            axis.set_xlabel("epoch", fontsize=8)
            axis.tick_params(labelsize=8)
            axis.grid(alpha=0.3)
            axis.legend(fontsize=7)
    return figure
