"""From pictures to films: GIF everywhere, MP4 where ffmpeg is installed."""

import math
import shutil
import subprocess
from pathlib import Path

from PIL import Image

from facegen_keras.files import write_atomically
from facegen_keras.grids import grid
from facegen_keras.metadata import marks


def save_film(pictures, path, seconds=3.0, titles=None, about=None, back=True):
    """Save pictures as a film.

    Args:
        pictures: uint8 array (count, H, W, 3).
        path: a `.gif` file, which plays without end, or an `.mp4` file, where ffmpeg is installed.
        seconds: how long it plays in one direction.
        titles: one short text for each picture, written below it.
        about: as for `save_grid`.
        back: whether it plays backwards after it has played forwards.

    Returns:
        The Path written to.

    Raises:
        ValueError: there are no pictures, they show for no time, or the path ends in neither.
        RuntimeError: there is no ffmpeg to write an `.mp4` with, or it failed.
    """
    path = Path(path)
    if path.suffix.lower() not in (".gif", ".mp4"):
        raise ValueError(f"{path}: expected the name of a film, such as {path.with_suffix('.gif')}.")
    if not len(pictures):
        raise ValueError("There are no pictures to show: expected at least 1.")
    if not 0 < seconds < math.inf:
        raise ValueError(f"seconds={seconds}: expected a time over 0.")
    if titles is not None and len(titles) != len(pictures):
        raise ValueError(f"titles has {len(titles)} texts: expected {len(pictures)}.")
    frames = [grid(picture[None], titles=titles and titles[i : i + 1]) for i, picture in enumerate(pictures)]
    frames += frames[-2:0:-1] if back else []
    rate = len(pictures) / seconds
    with write_atomically(path) as unfinished:
        if path.suffix.lower() == ".mp4":
            _write_mp4(frames, unfinished, rate, about)
        else:
            first, *others = [frame.quantize(dither=Image.Dither.NONE) for frame in frames]
            timing = {"duration": max(20, round(1000 / rate)), "loop": 0}
            first.save(unfinished, save_all=True, append_images=others, **timing, **marks(path, about))
    return path


def _write_mp4(frames, path, rate, about):
    ffmpeg = _find_ffmpeg()
    width, height = frames[0].size
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", f"{rate:.4f}", "-i", "-"]
    # Players want halved colours, and so an even width and height.
    shown = ["-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-pix_fmt", "yuv420p", "-movflags", "+faststart"]
    comment = "; ".join(f"{word}: {value}" for word, value in (about or {}).items())
    command = [ffmpeg, "-y", "-loglevel", "error", *raw, *shown, "-metadata", f"comment={comment}", str(path)]
    done = subprocess.run(command, input=b"".join(frame.tobytes() for frame in frames), capture_output=True)
    if done.returncode:
        raise RuntimeError(f"ffmpeg could not write the film: {done.stderr.decode(errors='replace').strip()}")


def _find_ffmpeg():
    """The path of the program: the machine's own, or that of the package imageio-ffmpeg."""
    if program := shutil.which("ffmpeg"):
        return program
    try:
        import imageio_ffmpeg
    except ImportError:
        raise RuntimeError(
            "There is no ffmpeg here, which writes MP4: `pip install imageio-ffmpeg`, or name a .gif file."
        ) from None
    return imageio_ffmpeg.get_ffmpeg_exe()
