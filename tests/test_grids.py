"""Pictures and curves: what is drawn where, and what is refused."""

import math
import warnings

import numpy as np
import pytest
from PIL import Image

import facegen_keras as fg
from facegen_keras.grids import save_figure


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
        (np.zeros((0, 8, 8, 3), np.uint8), {}, "empty"),
        (np.zeros((2, 8, 8, 3), np.uint8), {"titles": ["one"]}, "titles"),
        (np.zeros((2, 8, 8, 3), np.uint8), {"row_titles": ["a", "b", "c"]}, "row_titles"),
        (np.zeros((2, 8, 8, 3), np.uint8), {"columns": 0}, "columns"),
    ],
)
def test_bad_pictures_and_titles(pictures, options, message):
    with pytest.raises(ValueError, match=message):
        fg.grid(pictures, **options)


def test_row_titles_may_be_numbers():
    numbers, texts = (np.asarray(fg.grid(colours(4), row_titles=titles)) for titles in ([1, 20], ["1", "20"]))
    np.testing.assert_array_equal(numbers, texts)


@pytest.mark.parametrize("name", ["grid", "grid.text", "grid.psd"])  # Pillow reads .psd and cannot write it
def test_names_that_are_no_picture_files(name, tmp_path):
    with pytest.raises(ValueError, match="grid.png"):
        fg.save_grid(colours(4), tmp_path / name)


@pytest.mark.parametrize("name, kind", [("a.png", "PNG"), ("a.jpg", "JPEG"), ("a.JPEG", "JPEG"), ("a.webp", "WEBP")])
def test_a_grid_is_saved_in_the_format_of_its_name(name, kind, tmp_path):
    with Image.open(fg.save_grid(colours(4), str(tmp_path / name))) as saved:
        assert saved.format == kind


def test_a_failure_leaves_the_grid_that_was_there(tmp_path, monkeypatch):
    path = fg.save_grid(colours(4), tmp_path / "grid.png")
    before = path.read_bytes()

    def save(image, file, **options):
        file.write_bytes(b"half of a picture")
        raise OSError("No space left on device")

    monkeypatch.setattr(Image.Image, "save", save)
    with pytest.raises(OSError, match="space"):
        fg.save_grid(colours(9), path)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_sheet_keeps_rows_and_columns():
    pictures = colours(6).reshape(2, 3, 64, 64, 3)
    sheet = np.asarray(fg.sheet(pictures, ["a", "b"]))
    left = sheet.shape[1] - 3 * 68
    assert sheet[68 + 36, left + 2 * 68 - 4 + 32, 0] == 5 * 20
    with pytest.raises(ValueError, match="rows"):
        fg.sheet(colours(6), ["a", "b"])


def test_contact_sheet_shows_pictures_of_any_size_whole_with_their_names(tmp_path):
    folder = tmp_path / "pictures"
    for inside in ("more", ".hidden"):
        (folder / inside).mkdir(parents=True)
        Image.new("RGB", (300, 100), (200, 0, 0)).save(folder / inside / "wide.png")
    Image.new("L", (50, 400), 0).save(folder / ("a_very_long_name_of_a_picture" * 3 + ".jpg"))
    for name in ("notes.txt", "notes.pdf"):
        (folder / name).write_text("no picture")
    sheet = np.asarray(Image.open(fg.contact_sheet(folder, tmp_path / "sheet.png", columns=2)))
    assert sheet.shape == (128 + 3 * 4 + 11, 2 * 132 + 4, 3)
    wide = sheet[4:132, 136:264]
    assert (wide[64] == (200, 0, 0)).all() and (wide[10] == 255).all()
    assert (sheet[132:, :132] < 128).any() and (sheet[132:, 136:] < 128).any()
    one = fg.contact_sheet([folder / "more" / "wide.png"], tmp_path / "one.jpg")
    assert Image.open(one).size == (136, 151)


def test_contact_sheets_that_cannot_be(tmp_path):
    (tmp_path / "broken.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match="broken.png: it is no picture"):
        fg.contact_sheet(tmp_path, tmp_path / "sheet.png")
    Image.effect_noise((64, 64), 50).save(tmp_path / "whole.png")
    (tmp_path / "broken.png").write_bytes((tmp_path / "whole.png").read_bytes()[:2000])
    with pytest.raises(ValueError, match="broken.png: it is no picture"):
        fg.contact_sheet([tmp_path / "whole.png", tmp_path / "broken.png"], tmp_path / "sheet.png")
    damaged = bytearray((tmp_path / "whole.png").read_bytes())
    damaged[8 + 25 + 4 : 8 + 25 + 8] = b"\0\0\0\0"  # the name of the second chunk
    (tmp_path / "broken.png").write_bytes(damaged)
    with pytest.raises(ValueError, match="broken.png: it is no picture"):
        fg.contact_sheet([tmp_path / "broken.png"], tmp_path / "sheet.png")
    (tmp_path / "whole.png").unlink()
    with pytest.raises(FileNotFoundError, match="lost.png"):
        fg.contact_sheet([tmp_path / "lost.png"], tmp_path / "sheet.png")
    (tmp_path / "broken.png").unlink()
    with pytest.raises(FileNotFoundError, match="no picture in this folder"):
        fg.contact_sheet(tmp_path, tmp_path / "sheet.png")


def test_curves_draw_what_the_history_has():
    history = {"d_loss": [1.0, 0.5], "g_loss": [1.0, 2.0], "d_real": [0.5, 0.9], "d_accuracy": [0.5, 0.8]}
    figure = fg.curves(history)
    drawn = {line.get_label() for axis in figure.axes for line in axis.lines}
    assert drawn == {"D", "G", "real", "accuracy"}
    assert len(fg.curves({"a": history, "b": history}).axes) == 6


def test_curves_connect_what_was_measured():
    """A discriminator that rests, or samples that are measured every few epochs, leave NaN in the history."""
    history = {"d_loss": [math.nan, 1.0, math.nan, 0.5], "kid": [math.nan, math.nan, math.nan, 0.1]}
    lines = [line for axis in fg.curves(history).axes for line in axis.lines]
    assert [list(line.get_xdata()) for line in lines] == [[2, 4], [4]]
    assert [list(line.get_ydata()) for line in lines] == [[1.0, 0.5], [0.1]]


def test_curves_that_were_never_measured_have_no_line_and_no_warning():
    histories = {"a": {"g_loss": [1.0, 2.0], "kid": [math.nan, None]}, "b": {"g_loss": [1.0], "d_loss": [math.nan]}}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = fg.curves(histories)
        figure.canvas.draw()
    drawn = [[line.get_label() for line in axis.lines] for axis in figure.axes]
    assert drawn == [["G"], ["G"], [], []]
    assert [axis.get_legend() is None for axis in figure.axes] == [False, False, True, True]


@pytest.mark.parametrize("history", [{}, {"loss": [1.0]}])
def test_histories_without_anything_to_draw(history):
    with pytest.raises(ValueError, match="d_loss"):
        fg.curves(history)


def test_curves_run_over_another_log():
    figure = fg.curves({"minute": [0.5, 2.0, 3.5], "g_loss": [1.0, math.nan, 3.0]}, over="minute")
    (axis,) = figure.axes
    assert list(axis.lines[0].get_xdata()) == [0.5, 3.5] and axis.get_xlabel() == "minute"


def test_a_figure_becomes_a_small_picture(tmp_path):
    figure = fg.curves({"g_loss": [1.0, 2.0]})
    path = save_figure(figure, tmp_path / "curves.png")
    with Image.open(path) as small:
        assert small.mode == "P" and len(np.unique(small.convert("RGB"))) > 2
    figure.savefig(tmp_path / "large.png", dpi=80)
    assert path.stat().st_size < 0.7 * (tmp_path / "large.png").stat().st_size
