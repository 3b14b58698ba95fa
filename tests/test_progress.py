import logging
import re
import time

import pytest

from facegen_keras.progress import duration, tell_time_left


def test_nothing_is_told_of_work_that_is_soon_done(caplog):
    with caplog.at_level(logging.INFO):
        assert list(tell_time_left("abc", "Work")) == ["a", "b", "c"]
    assert caplog.text == ""


def test_time_left_is_about_what_it_takes(caplog):
    start = time.monotonic()
    with caplog.at_level(logging.INFO):
        for i in tell_time_left(range(5), "Work", every=0.0):
            time.sleep(0.4)
            if i == 1:
                half = time.monotonic() - start
    told = [re.fullmatch(r"Work: (\d+)% done, about (\d+) s left", message).groups() for message in caplog.messages]
    assert [int(share) for share, _ in told] == [20, 40, 60, 80]
    assert int(told[1][1]) == pytest.approx(half / 2 * 3, abs=0.6)


@pytest.mark.parametrize(
    "seconds, words", [(0.2, "0 s"), (59.4, "59 s"), (59.6, "1 min"), (3_595, "1 h 0 min"), (7_500, "2 h 5 min")]
)
def test_durations_in_words(seconds, words):
    assert duration(seconds) == words
