"""What a picture file says about itself: recipe, epoch, seed, attributes."""

from pathlib import Path

from PIL import Image, UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo


def marks(path, about):
    """What `PIL.Image.Image.save` is given so that a picture says what it is.

    Args:
        path: the file that will be written.
        about: a dict of words to texts or numbers, such as `{"Recipe": "modern", "Seed": 0}`; None says nothing.

    Returns:
        A dict of options: PNG gets a text for each word, JPEG and GIF a comment of a line for each.
    """
    about = {word: str(value) for word, value in (about or {}).items()}
    if Path(path).suffix.lower() == ".png":
        texts = PngInfo()
        for word, value in about.items():
            texts.add_itxt(word, value)
        return {"pnginfo": texts}
    return {"comment": "\n".join(f"{word}: {value}" for word, value in about.items()).encode()} if about else {}


def inspect(path):
    """Read what a picture file says about itself: a dict of words to texts, empty where it says nothing.

    Args:
        path: a picture that this package has written, a grid, a film or an export.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no picture.
    """
    try:
        with Image.open(path) as image:
            image.load()
            texts, comment = getattr(image, "text", {}), image.info.get("comment", b"")
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: there is no such file.") from None
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise ValueError(f"{path}: it is no picture that can be read ({error}).") from None
    said = dict(line.split(": ", 1) for line in comment.decode("utf-8", "replace").splitlines() if ": " in line)
    return {word: str(text) for word, text in texts.items() if not word.startswith("XML:")} | said
