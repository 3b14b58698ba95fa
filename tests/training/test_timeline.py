from types import SimpleNamespace

import numpy as np
import pytest

import facegen_keras as fg
from batches import small_batches
from facegen_keras.training import timeline
from facegen_keras.training.timeline import Timeline


@pytest.mark.slow
def test_logs_and_faces_are_kept_at_equal_times(monkeypatch):
    recipe = fg.RECIPES["dcgan2"].override(image_size=16, batch_size=8)
    batches = small_batches(recipe, count=20)
    plain = recipe.build().fit(batches, epochs=1, verbose=0).history
    seconds = iter(range(0, 1_000, 3))  # 3 from each look at the clock to the next
    monkeypatch.setattr(timeline, "time", SimpleNamespace(monotonic=lambda: next(seconds)))
    gan, kept = recipe.build(), Timeline(minutes=1, count=3, seed=5)
    gan.fit(batches, epochs=1, verbose=0, callbacks=[kept])
    assert np.allclose(kept.logs["minute"], np.arange(1, 21) / 20)
    for name in ("d_loss", "g_loss", "d_real", "d_fake", "d_mismatch"):
        assert np.mean(kept.logs[name]) == pytest.approx(plain[name][0], rel=1e-4)
        assert len(set(kept.logs[name])) > 1
    assert list(kept.faces)[:3] == [0.25, 0.5, 0.75] and len(kept.faces) == 4
    first, *_, last = kept.faces.values()
    np.testing.assert_array_equal(last, gan.sample(3, seed=5))
    assert (first != last).any()


@pytest.mark.slow
def test_a_training_shorter_than_a_span_has_one_row():
    recipe = fg.RECIPES["udacity"].override(image_size=16, batch_size=8)
    kept = Timeline(minutes=1_000, count=2)
    recipe.build().fit(small_batches(recipe, count=2), epochs=1, verbose=0, callbacks=[kept])
    assert {len(values) for values in kept.logs.values()} == {1} and len(kept.faces) == 1
