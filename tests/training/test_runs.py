import json
import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import facegen_keras as fg

OPTIONS = {"recipe": "dcgan2", "image_size": 16, "attributes": ["Male"], "batch_size": 8, "verbose": 0}


@pytest.fixture(scope="module")
def trained(tmp_path_factory, faces_folder):
    """A run of two epochs, for tests that leave it as it is."""
    run = tmp_path_factory.mktemp("runs") / "run"
    fg.train(run, epochs=2, data=str(faces_folder), schedule="ratio:2", **OPTIONS)
    return run


@pytest.mark.slow
def test_interrupted_run_ends_as_one_that_was_not(tmp_path, faces_folder):
    options = OPTIONS | {"data": str(faces_folder), "random_select": 16, "flip": True, "ema_decay": 0.9}
    whole = fg.train(tmp_path / "whole", epochs=3, **options)
    fg.train(tmp_path / "parts", epochs=1, resume=True, **options)  # starts it: there is none yet
    parts = fg.train(tmp_path / "parts", epochs=3, resume=True, verbose=0)
    np.testing.assert_array_equal(whole.sample(4), parts.sample(4))
    assert len({(tmp_path / run / "history.csv").read_bytes() for run in ("whole", "parts")}) == 1


def test_run_leaves_options_curves_and_grids(trained):
    assert json.loads((trained / "options.json").read_text())["schedule"] == "ratio:2"
    assert sorted(path.name for path in (trained / "dcgan2").iterdir()) == ["epoch_001.png", "epoch_002.png"]
    for picture in trained.rglob("*.png"):
        assert np.asarray(Image.open(picture)).std() > 0
    assert fg.load_run(trained).schedule.ratio == 2


def test_run_is_not_overwritten(trained, faces_folder):
    with pytest.raises(FileExistsError, match="--resume"):
        fg.train(trained, epochs=1, data=str(faces_folder), **OPTIONS)


@pytest.mark.slow
def test_run_interrupted_before_its_first_checkpoint_starts_again(tmp_path, faces_folder):
    fg.train(tmp_path / "run", epochs=1, data=str(faces_folder), **OPTIONS)
    for checkpoint in ("gan.keras", "best.keras"):
        (tmp_path / "run" / checkpoint).unlink()
    gan = fg.train(tmp_path / "run", resume=True, verbose=0)
    assert int(gan.epochs_done.numpy()) == 1
    assert len(pd.read_csv(tmp_path / "run" / "history.csv")) == 1


@pytest.mark.parametrize("changes, message", [({"seed": 5}, "seed=5"), ({"attributes": 5}, "attributes=5")])
def test_resumed_run_keeps_its_options(trained, changes, message):
    with pytest.raises(ValueError, match=message):
        fg.train(trained, resume=True, verbose=0, **changes)


def test_run_that_has_all_its_epochs_is_loaded(trained, caplog):
    """A cluster that starts it again, or a notebook whose cell is run again, ends well."""
    before = {file: file.read_bytes() for file in trained.rglob("*") if file.is_file()}
    gan = fg.train(trained, epochs=2, resume=True, verbose=0)
    assert int(gan.epochs_done.numpy()) == 2 and "has trained 2 epochs already" in caplog.text
    assert {file: file.read_bytes() for file in trained.rglob("*") if file.is_file()} == before


@pytest.mark.slow
def test_resumed_run_may_be_told_its_options_again_and_where_the_faces_are_now(tmp_path, faces_folder):
    settings = OPTIONS | {"attributes": ("Male",), "image_size": (16, 16)}
    fg.train(tmp_path / "run", epochs=1, data=str(faces_folder), **settings)
    moved = tmp_path / "moved"
    moved.symlink_to(faces_folder)
    gan = fg.train(tmp_path / "run", epochs=2, data=str(moved), resume=True, **settings)
    assert int(gan.epochs_done.numpy()) == 2


@pytest.mark.parametrize("option", [{"epochs": 0}, {"minutes": 0}, {"every": 0}, {"save_minutes": 0}, {"keep": 0}])
def test_zero_is_refused_before_anything_is_written(tmp_path, faces_folder, option):
    with pytest.raises(ValueError):
        fg.train(tmp_path / "run", data=str(faces_folder), **{"epochs": 1} | OPTIONS | option)
    assert not (tmp_path / "run").exists()


def test_option_that_does_not_exist(tmp_path):
    with pytest.raises(TypeError, match="randomselect"):
        fg.train(tmp_path / "run", "dcgan2", randomselect=5)


def test_wrong_setting_leaves_no_run_behind(tmp_path, faces_folder):
    with pytest.raises(ValueError, match="random_select"):
        fg.train(tmp_path / "run", data=str(faces_folder), random_select=1_000, **OPTIONS)
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_run_that_starts_from_packed_weights_goes_on_from_them(tmp_path, trained, faces_folder):
    fg.pack_run(trained, tmp_path / "packed.npz", last=True)
    packed = fg.load_pretrained(tmp_path / "packed.npz")
    options = {"data": str(faces_folder), "weights": tmp_path / "packed.npz", "random_select": 8, "seed": 1}
    gan = fg.train(tmp_path / "run", epochs=1, **OPTIONS | options)
    for name in ("generator", "discriminator"):
        for weight, before in zip(getattr(gan, name).weights, getattr(packed, name).weights):
            if "kernel" in weight.path:  # a step of RMSprop away
                np.testing.assert_allclose(weight, before, atol=2e-3)

    options |= {"learning_rate": 1e-4}
    optimizer = fg.train(tmp_path / "slow", epochs=1, **OPTIONS | options).optimizer
    assert optimizer.learning_rate.numpy() == pytest.approx(1e-4)
    assert optimizer.d_optimizer.learning_rate.numpy() / 1e-4 == pytest.approx(
        gan.optimizer.d_optimizer.learning_rate.numpy() / gan.optimizer.learning_rate.numpy()
    )

    with pytest.raises(ValueError, match="size .16, 16., and the run is of size .32, 32."):
        fg.train(tmp_path / "other", **OPTIONS | options | {"image_size": 32})
    assert not (tmp_path / "other" / "options.json").exists()


@pytest.mark.slow
def test_a_run_that_goes_on_begins_with_the_full_learning_rates(tmp_path, faces_folder):
    options = OPTIONS | {"data": str(faces_folder), "cooldown": 1.0}
    full = fg.RECIPES["dcgan2"].g_optimizer().learning_rate.numpy()
    assert fg.train(tmp_path / "run", epochs=1, **options).optimizer.learning_rate.numpy() < full
    gan = fg.train(tmp_path / "run", epochs=2, resume=True, cooldown=0.0, verbose=0)
    assert gan.optimizer.learning_rate.numpy() == full
    assert json.loads((tmp_path / "run" / "options.json").read_text())["cooldown"] == 0
    rates = pd.read_csv(tmp_path / "run" / "history.csv").learning_rate
    assert rates[0] < rates[1] == pytest.approx(full)


def test_time_budget_ends_the_training(tmp_path, faces_folder):
    gan = fg.train(tmp_path / "run", epochs=10_000, minutes=0.02, data=str(faces_folder), **OPTIONS)
    assert 0 < int(gan.epochs_done.numpy()) < 10_000
    with pytest.raises(ValueError, match="over 0"):
        fg.TimeBudget(0)


@pytest.mark.slow
def test_the_best_epoch_is_kept_and_loaded(tmp_path, faces_folder, caplog):
    """Though training went on, and was interrupted, and became worse."""
    fg.train(tmp_path / "run", epochs=2, data=str(faces_folder), **OPTIONS)
    history = pd.read_csv(tmp_path / "run" / "history.csv")
    best = fg.load_run(tmp_path / "run")
    assert int(best.epochs_done.numpy()) == 1 + int(history["kid"].argmin())
    assert history[["precision", "recall", "diversity"]].notna().all(axis=None)
    history["kid"] = -1.0  # nothing that follows is as good
    history.to_csv(tmp_path / "run" / "history.csv", index=False)
    fg.train(tmp_path / "run", epochs=4, every=2, resume=True, verbose=0)
    assert "the samples get worse" in caplog.text
    np.testing.assert_array_equal(fg.load_run(tmp_path / "run").sample(2), best.sample(2))
    assert int(fg.load_run(tmp_path / "run", last=True).epochs_done.numpy()) == 4
    assert pd.read_csv(tmp_path / "run" / "history.csv")["kid"].isna().tolist() == [False, False, True, False]


@pytest.mark.slow
def test_resumed_run_refuses_other_faces(tmp_path, trained, tiny_celeba, faces_folder):
    run = shutil.copytree(trained, tmp_path / "run")
    before = (run / "options.json").read_text()
    with pytest.raises(ValueError, match="other pictures"):
        fg.train(run, epochs=3, resume=True, data=str(tiny_celeba), verbose=0)
    assert (run / "options.json").read_text() == before
    moved = shutil.copytree(faces_folder, tmp_path / "moved")
    assert int(fg.train(run, epochs=3, resume=True, data=str(moved), verbose=0).epochs_done.numpy()) == 3


@pytest.mark.slow
def test_samples_of_a_generator_that_is_fed_faces_start_from_faces_it_was_not_trained_on(tmp_path, faces_folder):
    options = OPTIONS | {"recipe": "dcgan5", "random_select": 8}
    gan = fg.train(tmp_path / "run", epochs=1, data=str(faces_folder), **options)
    start = {face.tobytes() for face in gan.start_faces}
    trained, _ = fg.load_arrays(image_size=16, data=faces_folder)
    assert start and not start & {face.tobytes() for face in trained}
    loaded = fg.load_run(tmp_path / "run", last=True)
    np.testing.assert_array_equal(loaded.sample(3), gan.sample(3))
