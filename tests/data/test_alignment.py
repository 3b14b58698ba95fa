"""Folders of photographs, cut as CelebA's faces are."""

import numpy as np
import pytest
from PIL import Image

import facegen_keras as fg
from facegen_keras.data import alignment
from facegen_keras.data.face_places import CELEBA_LANDMARKS
from facegen_keras.data.landmarks import find_landmarks

pytest.importorskip("mtcnn")


@pytest.fixture(scope="module")
def faces():
    """Three faces from the shipped generator, as PIL images."""
    return [Image.fromarray(face) for face in fg.load_pretrained().sample(3, {"Young": 1, "Wearing_Hat": 0}, seed=1)]


def photograph(*pasted, size=(640, 480)):
    """A grey photograph with faces (image, side, corner, degrees)."""
    photo = Image.new("RGB", size, (120, 130, 140))
    for face, side, corner, degrees in pasted:
        large = face.resize((side, side), Image.Resampling.BICUBIC).convert("RGBA")
        large = large.rotate(degrees, Image.Resampling.BICUBIC, expand=True)
        photo.paste(large, corner, large)
    return photo


@pytest.fixture
def folder(faces, tmp_path):
    folder = tmp_path / "photos"
    (folder / "holiday" / "sea").mkdir(parents=True)
    photograph((faces[0], 250, (180, 100), 20)).save(folder / "one.jpg")
    two = photograph((faces[1], 280, (10, 90), 0), (faces[2], 180, (400, 150), -10))
    two.save(folder / "holiday" / "two.png")
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera lay on its side
    photograph((faces[2], 250, (180, 100), 0)).rotate(90, expand=True).save(
        folder / "holiday" / "sea" / "turned.jpg", exif=exif
    )
    photograph((faces[1], 36, (300, 200), 0)).save(folder / "far.webp")
    photograph((faces[0], 300, (-120, 100), 0)).save(folder / "edge.bmp")
    photograph().save(folder / "empty.jpg")
    (folder / "broken.jpg").write_bytes((folder / "one.jpg").read_bytes()[:500])
    (folder / "notes.txt").write_text("no picture")
    (folder / ".hidden.jpg").write_bytes((folder / "one.jpg").read_bytes())
    return folder


def files_in(out):
    return sorted(str(file.relative_to(out)) for file in out.rglob("*.jpg"))


@pytest.mark.slow
def test_faces_stand_where_celebas_do_and_what_was_left_out_is_told(folder, tmp_path):
    out = tmp_path / "faces"
    report = fg.align_faces(folder, out).set_index("picture")
    assert files_in(out) == ["holiday/sea/turned.jpg", "holiday/two.jpg", "holiday/two_2.jpg", "one.jpg"]
    aligned = np.stack([np.asarray(Image.open(out / name)) for name in files_in(out)])
    assert aligned.shape == (4, 218, 178, 3)
    for (points,) in find_landmarks(aligned):
        assert np.abs(points - CELEBA_LANDMARKS).mean() < 6
    assert report.loc["holiday/two.png", ["faces", "written"]].tolist() == [2, 2]
    assert report.loc["broken.jpg", "left_out"] == "it cannot be read as a picture"
    assert report.loc["empty.jpg", "left_out"] == "no face was found"
    assert report.loc["far.webp", "written"] == report.loc["edge.bmp", "written"] == 0
    assert len(report) == 7
    pictures, _ = fg.load_arrays(None, 64, data=out / "holiday")
    assert pictures.shape == (3, 64, 64, 3)  # with those of the folders below


@pytest.mark.slow
def test_an_interrupted_alignment_goes_on_and_nothing_is_done_twice(folder, tmp_path, monkeypatch):
    whole, out, cut = tmp_path / "whole", tmp_path / "faces", alignment.cut_face
    expected = fg.align_faces(folder, whole, faces="largest")
    assert files_in(whole) == ["holiday/sea/turned.jpg", "holiday/two.jpg", "one.jpg"]
    times = iter(range(9))

    def interrupted(*arguments):
        if next(times) == 1:
            raise KeyboardInterrupt
        return cut(*arguments)

    monkeypatch.setattr(alignment, "cut_face", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fg.align_faces(folder, out, faces="largest")
    with (out / "alignment.csv").open("a") as report:
        report.write("holiday/two.png,1")  # and a row that was cut short
    done = {name: (out / name).stat().st_mtime_ns for name in files_in(out)}
    assert len(done) == 1
    report = fg.align_faces(folder, out, faces="largest")
    assert report.equals(expected) and files_in(out) == files_in(whole)
    assert all((out / name).stat().st_mtime_ns == time for name, time in done.items())
    for name in files_in(whole):
        assert (out / name).read_bytes() == (whole / name).read_bytes()
    Image.new("RGB", (300, 300)).save(folder / "new.png")
    (folder / "empty.jpg").unlink()
    report = fg.align_faces(folder, out, faces="largest")
    assert "new.png" in set(report.picture) and "empty.jpg" not in set(report.picture)


def test_pictures_of_one_name_do_not_overwrite_each_other():
    names = alignment._names_of([alignment.Path(name) for name in ("a.jpg", "a.png", "b.png", "c/a.png")])
    assert [str(name) for name in names.values()] == ["a.jpg", "a.png", "b", "c/a"]
    names = alignment._names_of(
        [alignment.Path(name) for name in ("a.jpg", "a_2.jpg", "a_2_3.png", "_2.jpg", "b_2.png")]
    )
    assert [str(name) for name in names.values()] == ["a", "a_2.jpg", "a_2_3.png", "_2", "b_2"]


@pytest.mark.slow
def test_other_options_than_those_of_the_report_are_refused(tmp_path):
    Image.new("RGB", (30, 30)).save(tmp_path / "one.png")
    report = tmp_path.with_name("faces") / "alignment.csv"
    report.parent.mkdir()
    report.write_text("picture,by")  # interrupted as it began
    fg.align_faces(tmp_path, report.parent)
    assert [line.split(",")[0] for line in report.read_text().splitlines()] == ["picture", "one.png"]
    for options in ({"faces": "largest"}, {"smallest": 32}):
        with pytest.raises(ValueError, match="is of faces=each, from 64 pixels"):
            fg.align_faces(tmp_path, report.parent, **options)


def test_what_cannot_be_aligned(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "alignment.csv").write_text("other,table\n1,2\n")
    (tmp_path / "photos").mkdir()
    Image.new("RGB", (30, 30)).save(tmp_path / "photos" / "one.png")
    for folder, out, message, options in (
        ("nowhere", "out", "nowhere: there is no such folder", {}),
        ("empty", "out", "no picture is there", {}),
        ("photos", "photos/out", "lies in the folder", {}),
        ("photos", "photos", "lies in the folder", {}),
        ("photos", "report", "no report of an alignment", {}),
        ("photos", "out", "faces='all'", {"faces": "all"}),
        ("photos", "out", "smallest", {"smallest": 0}),
    ):
        with pytest.raises((ValueError, FileNotFoundError), match=message):
            fg.align_faces(tmp_path / folder, tmp_path / out, **options)
    assert not (tmp_path / "out").exists()
