import io
import json
import pickle
import tracemalloc
import zipfile
from functools import partial

import numpy as np
import pytest

import facegen_keras as fg
from facegen_keras.__main__ import main
from facegen_keras.data.images import to_size
from facegen_keras.data.landmarks import find_landmarks
from facegen_keras.training.pretrained import SHIPPED, pack, unpack
from fuzzing import most_memory


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_generator_is_small_and_has_a_card(name):
    assert SHIPPED[name].stat().st_size < 4_000_000
    card = SHIPPED[name].with_suffix(".md").read_text()
    assert "non-commercial" in card and "python -m facegen_keras train" in card


@pytest.mark.slow
def test_shipped_generator_draws_faces_that_obey():
    """Read by the attribute network, which it was not trained with."""
    gan = fg.load_pretrained()
    for name in ("Male", "Smiling", "Blond_Hair", "Eyeglasses"):
        i = fg.ATTRIBUTES.index(name)
        on, off = (
            fg.estimate_attributes(gan.sample(64, {name: value, "Young": 1}, seed=8))[:, i] > 0.5 for value in (1, 0)
        )
        assert on.mean() > off.mean() + 0.5, name


@pytest.mark.slow
def test_shipped_faces_are_found_by_a_detector():
    pytest.importorskip("mtcnn")
    faces = to_size(fg.load_pretrained().sample(50, seed=1), (192, 192), "bicubic")
    found = find_landmarks(np.pad(faces, ((0, 0), (24, 24), (24, 24), (0, 0)), mode="edge"))
    assert np.mean([len(landmarks) > 0 for landmarks in found]) > 0.9


@pytest.mark.slow
def test_a_run_is_packed_and_unpacked(tmp_path, faces_folder):
    options = {"recipe": "dcgan2", "image_size": 16, "attributes": ["Male"], "batch_size": 8, "verbose": 0}
    gan = fg.train(tmp_path / "run", epochs=1, data=str(faces_folder), **options)
    assert main(["pack", "--run", str(tmp_path / "run"), "--out", str(tmp_path / "gan.npz")]) == 0
    packed = unpack(tmp_path / "gan.npz")
    pictures = gan.sample(64, seed=2)
    difference = np.abs(packed.sample(64, seed=2).astype(int) - pictures)
    assert difference.mean() < 2, "eight bits may cost a shade"
    attributes = np.tile([[0.0], [1.0]], (32, 1))
    np.testing.assert_allclose(packed.verdict(pictures, attributes), gan.verdict(pictures, attributes), atol=0.02)
    packed.fit(fg.RECIPES["dcgan2"].load_faces(image_size=16, batch_size=8, attributes=1, data=faces_folder), verbose=0)


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """The arrays of a small packed GAN."""
    file = tmp_path_factory.mktemp("packed") / "gan.npz"
    pack(fg.RECIPES["dcgan2"].build(image_size=8, attributes=1), file)
    with np.load(file) as arrays:
        return dict(arrays)


def described(**changes):
    """Of the small packed GAN, with changes to its options; or to its recipe."""
    options = {"image_size": 8, "attributes": ["Male"], "crop": 148, "value_range": [0, 1], "ema_decay": 0.0}
    recipe = changes.pop("recipe", "dcgan2")
    return np.array(json.dumps({"recipe": recipe, "options": options | changes}))


WRONG = {
    "another recipe": {"described": described(recipe="dcgan4")},
    "no recipe": {"described": described(recipe="dcgan22")},
    "no name": {"described": described(recipe=["dcgan2"])},
    "an option of none": {"described": described(epochs=3)},
    "an attribute of none": {"described": described(attributes=["Smilling"])},
    "a range of words": {"described": described(value_range=["low", "high"])},
    "a range of NaN": {"described": described(value_range=[0, float("nan")])},
    "a size for no memory": {"described": described(image_size=800_000)},
    "a negative size": {"described": described(image_size=-8)},
    "no options": {"described": np.array('{"recipe": "dcgan2"}')},
    "no JSON": {"described": np.array("{recipe: dcgan2}")},
    "deep JSON": {"described": np.array("[" * 20_000)},
    "another JSON": {"described": np.array("3")},
    "a number": {"described": np.zeros(3)},
    "a missing scale": {"scale_of_generator_000": None},
    "a missing weight": {"generator_003": None},
    "a scale of NaN": {"scale_of_generator_000": np.full(1024, np.nan, np.float32)},
    "an infinite bias": {"generator_003": np.full(64, np.inf, np.float16)},
    "one weight too many": {"generator_099": np.zeros(3, np.float16)},
    "another shape": {"generator_000": np.zeros((100, 1024), np.int8)},
    "another dtype": {"generator_000": np.zeros((101, 1024), np.float64)},
    "a pickle": {"generator_003": np.array([{}] * 64)},
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_file_that_is_not_what_it_says_is_refused_by_name(packed, wrong, tmp_path):
    arrays = {key: array for key, array in (packed | WRONG[wrong]).items() if array is not None}
    np.savez(tmp_path / "wrong.npz", **arrays)
    with pytest.raises(ValueError, match="wrong.npz"):
        unpack(tmp_path / "wrong.npz")


def test_what_is_no_archive_is_refused_by_name(packed, tmp_path):
    np.savez_compressed(tmp_path / "good.npz", **packed)
    good = (tmp_path / "good.npz").read_bytes()
    unpack(tmp_path / "good.npz")
    array = io.BytesIO()
    np.save(array, np.zeros(3))
    for wrong in (b"", b"no archive", good[:-1], good[: len(good) // 2], pickle.dumps(packed), array.getvalue()):
        (tmp_path / "wrong.npz").write_bytes(wrong)
        with pytest.raises(ValueError, match="wrong.npz"):
            unpack(tmp_path / "wrong.npz")
    with pytest.raises(FileNotFoundError, match="none.npz"):
        fg.load_pretrained(tmp_path / "none.npz")


def test_a_small_file_that_asks_for_much_memory_is_refused_before_it_is_read(packed, tmp_path):
    """3 GiB of zeros in 3 MB: a header is enough to refuse them."""
    with zipfile.ZipFile(tmp_path / "large.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        for key, array in packed.items():
            with archive.open(f"{key}.npy", "w") as file:
                shape = (3, 2**30) if key == "generator_000" else array.shape
                header = {"shape": shape, "fortran_order": False, "descr": np.lib.format.dtype_to_descr(array.dtype)}
                np.lib.format.write_array_header_1_0(file, header)
                file.write(array.tobytes())
    tracemalloc.start()
    with pytest.raises(ValueError, match="large.npz.*generator_000"):
        unpack(tmp_path / "large.npz")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 200e6


@pytest.mark.parametrize("recipe", ["dcgan2", "udacity", "dcgan5"])
def test_a_small_file_that_describes_a_huge_gan_is_refused_before_it_is_built(packed, recipe, tmp_path):
    huge = {"image_size": 1024, "ema_decay": 0.9} | ({"attributes": []} if recipe == "udacity" else {})
    np.savez(tmp_path / "huge.npz", **packed | {"described": described(recipe=recipe, **huge)})
    before = most_memory()
    with pytest.raises(ValueError, match="huge.npz.*expected"):
        unpack(tmp_path / "huge.npz")
    assert most_memory() - before < 300e6


def test_two_arrays_of_one_name_are_refused(packed, tmp_path):
    """numpy would read the one without its suffix, whatever the header of the other says."""
    np.savez(tmp_path / "twice.npz", **packed)
    with zipfile.ZipFile(tmp_path / "twice.npz", "a") as archive:
        archive.writestr("generator_000", archive.read("generator_003.npy"))
    with pytest.raises(ValueError, match="twice.npz.*generator_000"):
        unpack(tmp_path / "twice.npz")


@pytest.mark.parametrize(
    "changes", [{"generator": partial(fg.modern_generator, width=16)}, {"latent_shape": (64,)}, {"name": "own"}]
)
def test_what_could_not_be_unpacked_is_not_packed(tmp_path, changes):
    gan = fg.RECIPES["modern"].override(image_size=16, **changes).build()
    with pytest.raises(ValueError, match="packed"):
        pack(gan, tmp_path / "gan.npz")
    assert not list(tmp_path.iterdir())


def test_a_packed_gan_keeps_its_framing(tmp_path):
    gan = fg.RECIPES["dcgan2"].build(image_size=(16, 8), attributes=["Young"], crop=None, ema_decay=0.5)
    pack(gan, tmp_path / "gan.npz")
    packed = fg.load_pretrained(tmp_path / "gan.npz")
    assert (packed.size, packed.attributes, packed.crop, packed.ema_decay) == ((16, 8), ("Young",), None, 0.5)


def test_a_packed_gan_draws_the_same_on_every_machine(packed, tmp_path):
    np.savez(tmp_path / "gan.npz", **packed)
    layers = unpack(tmp_path / "gan.npz").generator.get_layer("body").layers
    assert {layer.compute_dtype for layer in layers} == {"float32"}


def test_a_packed_interactive_gan_keeps_its_passes_and_its_seed(tmp_path):
    pack(fg.RECIPES["dcgan4"].build(image_size=16, passes=5, reconstruction=0.1, seed=7), tmp_path / "gan.npz")
    packed = fg.load_pretrained(tmp_path / "gan.npz")
    assert (packed.passes, packed.reconstruction, packed.seed) == (5, 0.1, 7)


def test_a_packed_gan_whose_ema_has_a_half_life_takes_the_recipe_s_own(tmp_path):
    gan = fg.RECIPES["dcgan2"].build(image_size=16, dtype_policy="float32", ema_decay=fg.HalfLife(1_000))
    pack(gan, tmp_path / "packed.npz")
    loaded = unpack(tmp_path / "packed.npz")
    assert loaded.ema_decay == fg.RECIPES["dcgan2"].ema_decay
    np.testing.assert_allclose(loaded.sample(2).astype(int), gan.sample(2).astype(int), atol=8)
