import math

import pytest

import facegen_keras as fg
from facegen_keras.training.history import lowest_kid, read_history, write_history

WHOLE = "epoch,kid,g_loss\n1,0.5,1.0\n2,,0.1\n3,0.25,2.0\n"


def epochs_of(text, folder, **options):
    (folder / "history.csv").write_text(text, encoding="utf-8", newline="")
    return [row["epoch"] for row in read_history(folder, **options)]


def test_a_whole_history_is_read_without_a_warning(tmp_path, caplog):
    assert epochs_of(WHOLE, tmp_path) == epochs_of(WHOLE.replace("\n", "\r\n"), tmp_path) == [1, 2, 3]
    assert epochs_of(WHOLE, tmp_path, epochs=2) == [1, 2]
    rows = read_history(tmp_path)
    assert math.isnan(rows[1]["kid"]) and lowest_kid(rows, math.inf) == 0.25
    assert lowest_kid(rows[1:2], math.inf) == math.inf
    assert lowest_kid([{"kid": -math.inf}, {"kid": 0.5}], math.inf) == 0.5
    assert read_history(tmp_path / "none") == [] and not caplog.records


def test_what_is_written_is_read_to_the_last_bit(tmp_path):
    rows = [{"epoch": i + 1, "kid": 0.1 * i / 3} for i in range(20)]
    write_history(tmp_path, rows)
    assert read_history(tmp_path) == rows


def test_history_of_a_run_is_loaded_for_curves(tmp_path):
    (tmp_path / "history.csv").write_text(WHOLE, encoding="utf-8")
    logs = fg.load_history(tmp_path)
    assert list(logs) == ["kid", "g_loss"] and logs["g_loss"] == [1.0, 0.1, 2.0] and math.isnan(logs["kid"][1])
    with pytest.raises(FileNotFoundError, match="no epoch"):
        fg.load_history(tmp_path / "none")


@pytest.mark.parametrize(
    "text, kept",
    [
        ("", []),
        ("epo", []),
        (WHOLE[:-1], [1, 2]),  # "2.0" may be the beginning of "2.0625"
        (WHOLE[:-4], [1, 2]),
        (WHOLE[:-10], [1, 2]),
        (WHOLE.replace("epoch,", "epo,"), []),
        (WHOLE.replace("2,,0.1", "2,,one"), [1, 3]),
        (WHOLE.replace("2,,0.1", "2,0.1"), [1, 3]),
        (WHOLE.replace("2,,0.1", "2.5,,0.1"), [1, 3]),
        (WHOLE.replace("2,,0.1", ",,"), [1, 3]),
        (WHOLE.replace("2,,0.1", "inf,,"), [1, 3]),
        (WHOLE.replace("2,,0.1", "0,,"), [1, 3]),
        (WHOLE.replace("2,,0.1", "3,,0.1"), [1, 3]),
        ("\x00" * 80, []),
        (WHOLE + "\x00" * 80, [1, 2, 3]),
        (WHOLE.replace("1,0.5", "1,\ufffd"), [2, 3]),
        (WHOLE.replace("2,,0.1", "2,,1_0"), [1, 3]),
        (WHOLE.replace("2,,0.1", "2,,٣"), [1, 3]),
        (WHOLE.replace("2,,0.1", "1e300,,"), [1, 3]),
        (WHOLE.replace("kid", "g_loss"), []),
        (WHOLE.replace("kid", ""), []),
        (WHOLE.replace("kid", "k\x00d"), []),
    ],
)
def test_of_a_damaged_history_the_whole_rows_are_kept_and_it_is_said(tmp_path, caplog, text, kept):
    assert epochs_of(text, tmp_path) == kept
    assert len(caplog.records) == 1 and f"history.csv is damaged: {len(kept)} of" in caplog.text


def test_bytes_that_are_no_text(tmp_path, caplog):
    (tmp_path / "history.csv").write_bytes(b"epoch,kid\n1,0.5\n\xff\xfe\n2,0.25\n")
    assert [row["epoch"] for row in read_history(tmp_path)] == [1, 2]
    assert "damaged" in caplog.text


def test_of_an_epoch_that_is_there_twice_the_later_row_counts(tmp_path):
    assert epochs_of(WHOLE + "1,0.125,0\n", tmp_path) == [1, 2, 3]
    assert lowest_kid(read_history(tmp_path), math.inf) == 0.125
