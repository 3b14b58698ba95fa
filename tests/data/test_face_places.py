"""Where faces are in photographs, cut out of them, and laid back: exact, and without a detector."""

import tracemalloc

import numpy as np
import pytest
from PIL import Image

from facegen_keras.data.face_places import CELEBA_LANDMARKS, FacePlace, fit_similarity
from facegen_keras.data.images import CELEBA_SIZE, CROP, cut_centre
from facegen_keras.data.photos import cut_face, paste_change


def similarity(scale, degrees, shift):
    angle = np.radians(degrees)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.c_[turn, shift]


def move(transform, points):
    return points @ transform[:, :2].T + transform[:, 2]


def smooth_photo(size, seed=0):
    """A photograph without sharp edges, so that filters hardly change it."""
    pixels = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    return Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC)


def a_place(scale=3.0, degrees=25, middle=(600, 800)):
    transform = similarity(scale, degrees, (0, 0))
    transform[:, 2] = middle - transform[:, :2] @ np.divide(CELEBA_SIZE, 2)
    return FacePlace(transform)


@pytest.mark.parametrize("scale, degrees", [(1, 0), (0.3, -40), (7.5, 25), (2, 180)])
def test_a_known_similarity_is_recovered(scale, degrees):
    known = similarity(scale, degrees, (300, -70))
    place = FacePlace.of_landmarks(move(known, CELEBA_LANDMARKS))
    np.testing.assert_allclose(place.transform, known, atol=1e-9)
    assert place.scale == pytest.approx(scale)


def test_the_fit_is_the_best_there_is():
    target = move(similarity(2, 15, (40, 60)), CELEBA_LANDMARKS) + np.random.default_rng(0).normal(0, 3, (5, 2))
    best = fit_similarity(CELEBA_LANDMARKS, target)
    errors = [
        np.square(move(best + similarity(scale, degrees, shift) - similarity(1, 0, (0, 0)), CELEBA_LANDMARKS) - target)
        for scale, degrees, shift in [
            (1, 0, (0, 0)),
            (1.01, 0, (0, 0)),
            (1, 1, (0, 0)),
            (1, 0, (1, 0)),
            (1, 0, (0, -1)),
        ]
    ]
    assert np.argmin([error.sum() for error in errors]) == 0


@pytest.mark.parametrize("crop", [CROP, 178, None])
@pytest.mark.parametrize("size", [(64, 64), (109, 89)])
def test_the_centre_is_framed_as_files_are(crop, size):
    photo = smooth_photo((900, 700))
    cut = cut_face(photo, FacePlace.centre_of(photo, size, crop), size, crop)
    assert cut.shape == (*size, 3) and cut.dtype == np.uint8
    assert np.abs(cut.astype(int) - cut_centre(photo, size, crop)).mean() < 1


@pytest.mark.parametrize("scale, degrees", [(0.4, 20), (1, -35), (3, 25), (12, 160)])
def test_a_turned_face_is_cut_out_upright(scale, degrees):
    """Each pixel shows what the place says, by its own arithmetic."""
    size = (64, 48)
    photo = smooth_photo((1_200, 1_600))
    place = a_place(scale, degrees)
    cut = cut_face(photo, place, size, CROP)
    y, x = np.mgrid[:64, :48] + 0.5
    celeba = np.stack([x, y], axis=-1) * CROP / 48 + (np.array(CELEBA_SIZE) - (CROP, CROP * 64 / 48)) / 2
    at = np.floor(move(place.transform, celeba)).astype(int)
    expected = np.asarray(photo)[np.clip(at[..., 1], 0, 1_599), np.clip(at[..., 0], 0, 1_199)]
    assert np.abs(cut.astype(int) - expected).mean() < 1.5


@pytest.mark.parametrize("middle", [(0, 0), (1_199, 800), (600, 1_650), (-5_000, 9_000)])
def test_beyond_the_edge_the_last_pixels_are_repeated(middle):
    photo = Image.new("RGB", (1_200, 1_600), (200, 100, 50))
    cut = cut_face(photo, a_place(middle=middle), (64, 64), CROP)
    np.testing.assert_array_equal(cut, np.full((64, 64, 3), (200, 100, 50)))


@pytest.mark.parametrize("scale, degrees", [(0.3, 10), (1, 0), (4, 25), (9, -60)])
def test_a_change_lands_where_the_face_is(scale, degrees):
    photo = smooth_photo((1_200, 1_600))
    place = a_place(scale, degrees)
    before = cut_face(photo, place, (64, 64), CROP)
    after = before.copy()
    after[30:38, 18:30] = 255 - after[30:38, 18:30]
    pasted = paste_change(photo, place, before, after, CROP)
    assert pasted.size == photo.size and pasted.mode == "RGB"
    changed = np.abs(np.asarray(pasted).astype(int) - photo).max(axis=2) > 30
    rows, columns = np.nonzero(changed)
    corner = (np.array(CELEBA_SIZE) - CROP) / 2
    expected = move(place.transform, corner + np.array([24, 34]) * CROP / 64)
    assert np.linalg.norm(np.array([columns.mean(), rows.mean()]) + 0.5 - expected) < max(1, 3 * scale)
    again = cut_face(pasted, place, (64, 64), CROP)
    assert (
        np.abs(again.astype(int) - after)[31:37, 19:29].mean()
        < np.abs(before.astype(int) - after)[31:37, 19:29].mean() / 5
    )


def test_pixels_of_the_photograph_stay_where_nothing_was_changed():
    photo = Image.fromarray(np.random.default_rng(0).integers(0, 256, (1_600, 1_200, 3), np.uint8))
    place = a_place()
    before = cut_face(photo, place, (64, 64), CROP)
    np.testing.assert_array_equal(paste_change(photo, place, before, before, CROP), photo)
    after = before.copy()
    after[32:] = 255 - after[32:]  # the lower half, to the border
    pasted = np.asarray(paste_change(photo, place, before, after, CROP))
    same = (pasted == np.asarray(photo)).all(axis=2)
    y, x = np.mgrid[:1_600, :1_200] + 0.5
    linear, shift = place.transform[:, :2], place.transform[:, 2]
    celeba = (np.stack([x, y], axis=-1) - shift) @ np.linalg.inv(linear).T
    small = (celeba - (np.array(CELEBA_SIZE) - CROP) / 2) * 64 / CROP
    assert same[small[..., 1] < 29].all() and same[(small < -1).any(axis=2) | (small > 65).any(axis=2)].all()
    inside = (small[..., 1] > 36) & (small > 10).all(axis=2) & (small < 54).all(axis=2)
    assert same[inside].mean() < 0.2


def test_a_change_fades_out_at_the_border():
    """A change of everything must not leave a visible rectangle."""
    photo = Image.new("RGB", (1_200, 1_600), (100, 100, 100))
    before = np.full((64, 64, 3), 100, np.uint8)
    pasted = np.asarray(paste_change(photo, a_place(), before, before + np.uint8(60), CROP)).astype(int)
    assert pasted[800, 600].tolist() == [160] * 3
    assert max(np.abs(np.diff(pasted, axis=axis)).max() for axis in (0, 1)) <= 6


def test_a_change_keeps_the_grain_of_the_photograph():
    grain = np.random.default_rng(0).integers(90, 111, (1_600, 1_200, 3), np.uint8)
    before = np.full((64, 64, 3), 100, np.uint8)
    pasted = paste_change(Image.fromarray(grain), a_place(), before, before + np.uint8(40), CROP)
    np.testing.assert_array_equal(np.asarray(pasted)[780:820, 580:620], grain[780:820, 580:620] + 40)


@pytest.mark.parametrize("middle", [(0, 0), (1_250, 800), (-5_000, 9_000)])
def test_a_face_at_the_edge_is_changed_as_far_as_it_is_there(middle):
    photo = smooth_photo((1_200, 1_600))
    before = np.full((64, 64, 3), 100, np.uint8)
    pasted = paste_change(photo, a_place(middle=middle), before, before + np.uint8(60), CROP)
    assert pasted.size == photo.size
    assert (np.asarray(pasted) != photo).any() == (middle[0] > -5_000)


@pytest.mark.slow
def test_a_large_photograph_is_changed_in_little_memory():
    photo = Image.new("RGB", (10_000, 6_000), (100, 100, 100))
    place = a_place(scale=25, middle=(5_000, 3_000))
    before = np.full((64, 64, 3), 100, np.uint8)
    tracemalloc.start()
    try:
        cut_face(photo, place, (64, 64), CROP)
        paste_change(photo, place, before, before + np.uint8(60), CROP)
        assert tracemalloc.get_traced_memory()[1] < 50_000_000, "beside Pillow's own two copies of the photograph"
    finally:
        tracemalloc.stop()
