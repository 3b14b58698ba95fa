import pytest

from facegen_keras.files import write_atomically


def test_a_file_appears_once_it_is_complete(tmp_path):
    path = tmp_path / "new" / "file.txt"
    with write_atomically(path) as unfinished:
        assert unfinished.suffix == ".txt" and unfinished.parent == path.parent
        unfinished.write_text("done")
        assert not path.exists()
    assert path.read_text() == "done" and list(path.parent.iterdir()) == [path]


def test_an_error_leaves_the_file_that_was_there(tmp_path):
    (tmp_path / "file.txt").write_text("before")
    with pytest.raises(KeyboardInterrupt), write_atomically(tmp_path / "file.txt") as unfinished:
        unfinished.write_text("half")
        raise KeyboardInterrupt
    assert [path.read_text() for path in tmp_path.iterdir()] == ["before"]
