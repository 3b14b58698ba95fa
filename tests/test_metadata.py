"""What picture files say about themselves."""

import numpy as np
import pytest

import facegen_keras as fg

ABOUT = {"Recipe": "modern", "Epoch": 50, "Seed": 3, "Attributes": '{"Smiling": 1, "Schnäuzer": 0.5}'}
PICTURES = np.zeros((3, 64, 64, 3), np.uint8)


@pytest.mark.parametrize("name", ["grid.png", "grid.jpg", "grid.PNG"])
def test_grids_say_what_they_are(name, tmp_path):
    assert fg.inspect(fg.save_grid(PICTURES, tmp_path / name, about=ABOUT)) == {k: str(v) for k, v in ABOUT.items()}
    assert fg.inspect(fg.save_grid(PICTURES, tmp_path / name)) == {}


def test_films_say_it_too(tmp_path):
    assert fg.inspect(fg.save_film(PICTURES, tmp_path / "film.gif", about=ABOUT))["Epoch"] == "50"


def test_what_cannot_be_inspected(tmp_path):
    (tmp_path / "grid.png").write_bytes(b"\x89PNG no picture")
    with pytest.raises(ValueError, match="grid.png: it is no picture"):
        fg.inspect(tmp_path / "grid.png")
    with pytest.raises(FileNotFoundError, match="lost.png"):
        fg.inspect(tmp_path / "lost.png")
