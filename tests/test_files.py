import pytest

from facegen_keras.files import write_atomically, write_folder_atomically


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


def test_a_folder_appears_once_it_is_complete_and_the_quicker_one_stays(tmp_path):
    folder = tmp_path / "new" / "folder"
    for text in ("first", "second"):
        with write_folder_atomically(folder, folder.is_dir) as made:
            made.mkdir()
            (made / "file.txt").write_text(text)
            assert folder.is_dir() == (text == "second")
    assert (folder / "file.txt").read_text() == "first" and list(folder.parent.iterdir()) == [folder]
    with pytest.raises(OSError), write_folder_atomically(folder, lambda: False) as made:
        made.mkdir()
