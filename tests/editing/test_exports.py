import io
import json

import numpy as np
import pytest
from PIL import Image

import facegen_keras as fg


@pytest.fixture(scope="module")
def editor():
    """A GAN that is fed pictures."""
    return fg.RECIPES["editor"].build()


@pytest.fixture(scope="module")
def small():
    """A GAN that is fed latents."""
    return fg.RECIPES["dcgan2"].build(image_size=16, attributes=8)


@pytest.fixture
def session(editor, small):
    """Of a photograph that is changed itself, all of one grey."""
    session = fg.EditSession(editor, faces=small)
    session.start_from(Image.new("RGB", (300, 200), (90, 90, 90)))
    return session


def source_type(path):
    """What a PNG file says of its origin in the words of IPTC."""
    with Image.open(path) as saved:
        return saved.info["XML:com.adobe.xmp"].partition("/digitalsourcetype/")[2].partition('"')[0]


def smile(session):
    session.change("Smiling", 1 - session.current.strengths["Smiling"])


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_a_photograph_that_is_not_changed_says_only_that(session, tmp_path, form):
    file = io.BytesIO()
    Image.new("RGB", (300, 200), (90, 90, 90)).save(file, form)
    session.start_from(file)
    face, record, photograph = session.export(tmp_path)
    words = "A photograph: nothing was changed"
    assert fg.inspect(face)["Edited"] == fg.inspect(photograph)["Edited"] == words
    assert json.loads(record.read_text(encoding="utf-8"))["edited"] == words
    assert not any(b"digitalsourcetype" in picture.read_bytes() for picture in (face, photograph))


def test_a_history_says_what_all_of_its_steps_are(session, tmp_path):
    """Also where the step that is shown is the photograph itself."""
    smile(session)
    session.undo()
    said = fg.inspect(path := session.export_history(tmp_path))["Edited"]
    for words in ("A face drawn by a network", "A photograph: nothing was changed", "A photograph, edited", "Smiling"):
        assert words in said
    assert source_type(path) == "compositeWithTrainedAlgorithmicMedia"


def test_a_photograph_that_is_redrawn_says_so(small, tmp_path):
    session = fg.EditSession(small)
    session.start_from(Image.new("RGB", (300, 200), (90, 90, 90)))
    face = session.export(tmp_path)[0]
    assert "redrawn by a network" in fg.inspect(face)["Edited"]
    assert source_type(face) == "compositeWithTrainedAlgorithmicMedia"
    assert (np.asarray(Image.open(face)) != 90).any()
