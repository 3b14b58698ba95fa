"""Films: how long they are, which way they play, and what is refused."""

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

import facegen_keras as fg
from facegen_keras.gan.drawing import about_samples


def colours(count, size=64):
    """Pictures of one colour each, told apart by their red."""
    pictures = np.zeros((count, size, size, 3), np.uint8)
    pictures[..., 0] = np.arange(count)[:, None, None] * 60
    return pictures


def test_gif_plays_to_and_fro(tmp_path):
    path = fg.save_film(colours(4), tmp_path / "film.gif", seconds=1)
    with Image.open(path) as film:
        assert film.n_frames == 6
        assert film.info["duration"] == 250
    with Image.open(fg.save_film(colours(4), tmp_path / "forth.gif", titles=["a", "b", "c", "d"], back=False)) as film:
        assert film.n_frames == 4 and film.size[1] > film.size[0]


def test_mp4_has_every_frame_in_its_colour(tmp_path):
    path = fg.save_film(colours(4, 63), tmp_path / "film.mp4", seconds=1, about={"Recipe": "modern"})
    frames = imageio_ffmpeg.read_frames(str(path))
    about = next(frames)
    width, height = about["size"]
    reds = [np.frombuffer(frame, np.uint8).reshape(height, width, 3)[40, 40, 0] for frame in frames]
    np.testing.assert_allclose(reds, [0, 60, 120, 180, 120, 60], atol=6)
    assert about["fps"] == 4


def test_mp4_without_ffmpeg_is_refused_with_the_mend(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(__import__("sys").modules, "imageio_ffmpeg", None)
    with pytest.raises(RuntimeError, match="pip install imageio-ffmpeg"):
        fg.save_film(colours(2), tmp_path / "film.mp4")
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(
    "count, name, titles, word",
    [(4, "film.png", None, "film.gif"), (0, "film.gif", None, "pictures"), (2, "film.gif", ["one"], "titles has 1")],
)
def test_films_that_cannot_be(count, name, titles, word, tmp_path):
    with pytest.raises(ValueError, match=word):
        fg.save_film(colours(count), tmp_path / name, titles=titles)


@pytest.mark.parametrize("seconds", [0, -1.0, float("inf"), float("nan")])
def test_films_of_no_time(seconds, tmp_path):
    with pytest.raises(ValueError, match="seconds="):
        fg.save_film(colours(2), tmp_path / "film.gif", seconds)


def test_film_of_a_training_shows_its_grids_in_the_order_of_epochs(tmp_path):
    for epoch in (1, 100, 20):
        about = {"Recipe": "modern", "Epoch": epoch, "Seed": 0}
        fg.save_grid(
            colours(4) + np.uint8(epoch // 2), tmp_path / "run" / "modern" / f"epoch_{epoch:03d}.png", about=about
        )
    path = fg.training_film(tmp_path / "run", tmp_path / "film.gif", seconds=3)
    with Image.open(path) as film:
        assert film.n_frames == 3 and film.info["duration"] == 1000
        shades = []
        for i in range(3):
            film.seek(i)
            shades.append(film.convert("RGB").getpixel((20, 20))[1])
    assert shades == sorted(shades)
    assert fg.inspect(path) == {"Recipe": "modern", "Seed": "0", "Epochs": "3"}
    with pytest.raises(FileNotFoundError, match="no sample grid"):
        fg.training_film(tmp_path, tmp_path / "film.gif")


def test_samples_say_what_was_asked_for():
    gan = fg.RECIPES["dcgan2"].build(image_size=16)
    about = about_samples(gan, {"Male": 1}, 7)
    assert about == {
        "Software": "facegen_keras",
        "Recipe": "dcgan2",
        "Epoch": 0,
        "Seed": 7,
        "Attributes": '{"Male": 1}',
    }
    assert about_samples(gan)["Attributes"] == "{}" and about_samples(gan, np.ones(2))["Attributes"] == "[1.0, 1.0]"
