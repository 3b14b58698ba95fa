import signal
import subprocess
import sys

import pytest

from facegen_keras.training.lock import is_held, only_process

pytest.importorskip("fcntl", reason="there are no locks without fcntl")

HOLD = """
import sys, time
from pathlib import Path
from facegen_keras.training.lock import only_process
with only_process(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_process_is_refused_until_the_first_is_dead(tmp_path):
    run = tmp_path / "run"
    with subprocess.Popen([sys.executable, "-c", HOLD, str(run)], stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout.readline() == "held\n"
        assert is_held(run)
        with pytest.raises(RuntimeError, match=f"another process.*{first.pid} on"), only_process(run):
            pass
        assert is_held(run), "the one that was refused has let go of nothing"
        first.send_signal(signal.SIGKILL)
    assert not is_held(run)
    with only_process(run):
        assert is_held(run)


def test_folder_is_left_as_it_was_where_nothing_is_written(tmp_path):
    with only_process(tmp_path / "deep" / "run"):
        assert (tmp_path / "deep" / "run").is_dir()
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError), only_process(tmp_path / "empty"):
        raise ValueError
    assert list((tmp_path / "empty").iterdir()) == []
    with only_process(tmp_path / "used"):
        (tmp_path / "used" / "options.json").touch()
    assert (tmp_path / "used" / "options.json").exists() and not is_held(tmp_path / "used")
