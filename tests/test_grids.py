import numpy as np
import pytest
from PIL import Image

import facegen_keras as fg


def colours(count, size=64):
    """Pictures of one colour each, told apart by their red."""
    pictures = np.zeros((count, size, size, 3), np.uint8)
    pictures[..., 0] = np.arange(count)[:, None, None] * 20
    return pictures


def test_grid_places_every_picture_row_by_row(tmp_path):
    path = fg.save_grid(colours(6), tmp_path / "new" / "grid.png", columns=3)
    sheet = np.asarray(Image.open(path))
    assert sheet.shape == (2 * 68 + 4, 3 * 68 + 4, 3)
    for i in range(6):
        np.testing.assert_array_equal(sheet[4 + 32 + i // 3 * 68, 4 + 32 + i % 3 * 68], [i * 20, 0, 0])


def test_grid_is_about_square_and_enlarges_small_pictures_without_smoothing():
    sheet = np.asarray(fg.grid(colours(10, size=32)))
    assert sheet.shape == (3 * 68 + 4, 4 * 68 + 4, 3)
    assert set(np.unique(sheet[4:68, 4:68, 0])) == {0}


def test_titles_are_written_beneath_and_beside():
    plain = np.asarray(fg.grid(colours(4)))
    titled = np.asarray(fg.grid(colours(4), titles=fg.verdict_titles([0, 0.5, 0.871, 1])))
    assert titled.shape[0] > plain.shape[0] and titled.shape[1] == plain.shape[1]
    assert (titled[68:80, 4:68] < 128).any()
    beside = np.asarray(fg.grid(colours(4), row_titles=["Male", "Smiling"]))
    assert beside.shape[1] > plain.shape[1]
    assert (beside[4:68, :30] < 128).any()


def test_verdict_titles_are_per_cent():
    assert fg.verdict_titles([0, 0.871]) == ["0 % real", "87 % real"]


@pytest.mark.parametrize(
    "pictures, options, message",
    [
        (np.zeros((2, 8, 8, 3), np.float32), {}, "uint8"),
        (np.zeros((8, 8, 3), np.uint8), {}, "expected uint8"),
        (np.zeros((2, 8, 8, 3), np.uint8), {"titles": ["one"]}, "titles has 1"),
        (np.zeros((2, 8, 8, 3), np.uint8), {"row_titles": ["a", "b", "c"]}, "row_titles has 3"),
    ],
)
def test_bad_pictures_and_titles(pictures, options, message):
    with pytest.raises(ValueError, match=message):
        fg.grid(pictures, **options)


def test_sheet_keeps_rows_and_columns():
    pictures = colours(6).reshape(2, 3, 64, 64, 3)
    sheet = np.asarray(fg.sheet(pictures, ["a", "b"]))
    left = sheet.shape[1] - 3 * 68
    assert sheet[68 + 36, left + 2 * 68 - 4 + 32, 0] == 5 * 20


def test_gif_plays_to_and_fro(tmp_path):
    path = fg.save_gif(colours(4), tmp_path / "film.gif", seconds=1)
    with Image.open(path) as film:
        assert film.n_frames == 6
        assert film.info["duration"] == 250


def test_curves_draw_what_the_history_has():
    history = {"d_loss": [1.0, 0.5], "g_loss": [1.0, 2.0], "d_real": [0.5, 0.9], "d_accuracy": [0.5, 0.8]}
    figure = fg.curves(history)
    drawn = {line.get_label() for axis in figure.axes for line in axis.lines}
    assert drawn == {"D", "G", "real", "accuracy"}
    assert len(fg.curves({"a": history, "b": history}).axes) == 6
