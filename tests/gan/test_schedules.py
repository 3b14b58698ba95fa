import keras
import pytest
import tensorflow as tf

from facegen_keras.gan.schedules import AccuracyGate, DecayRatio, EveryStep, Progress, Ratio, parse_schedule


def trains(schedule, step=0, epoch=0, accuracy=0.5):
    """Ask a schedule as the training step does: with tensors, in a graph."""
    progress = Progress(tf.constant(step, tf.int64), tf.constant(epoch, tf.int64), tf.constant(accuracy))
    return bool(tf.function(lambda: schedule(progress))())


def test_every_step():
    assert all(trains(EveryStep(), step) for step in range(5))


def test_ratio_trains_once_in_so_many_steps():
    assert [trains(Ratio(5), step) for step in range(11)] == [step % 5 == 0 for step in range(11)]


def test_decay_ratio_trains_less_and_less_often():
    schedule = DecayRatio(full_epochs=2, grow_every=2, max_ratio=3)
    shares = [sum(trains(schedule, step, epoch) for step in range(6)) / 6 for epoch in range(9)]
    assert shares == [1, 1, 1 / 2, 1 / 2, 1 / 3, 1 / 3, 1 / 3, 1 / 3, 1 / 3]


def test_accuracy_gate_opens_below_the_threshold():
    assert trains(AccuracyGate(0.8), accuracy=0.79)
    assert not trains(AccuracyGate(0.8), accuracy=0.81)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Ratio(0),
        lambda: Ratio(2.5),
        lambda: Ratio(True),
        lambda: DecayRatio(full_epochs=-1),
        lambda: DecayRatio(grow_every=0),
        lambda: AccuracyGate(0.5),
        lambda: AccuracyGate(80),
    ],
)
def test_nonsense_setting(make):
    with pytest.raises(ValueError, match="expected"):
        make()


@pytest.mark.parametrize("schedule", [EveryStep(), Ratio(3), DecayRatio(1, 2, 3), AccuracyGate(0.7)])
def test_a_schedule_is_saved_by_its_arguments(schedule):
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(schedule))
    assert repr(copy) == repr(schedule)


def test_schedules_by_their_words():
    with pytest.raises(TypeError, match="ratio:5"):
        parse_schedule(Ratio(5))
    assert repr(parse_schedule("ratio:5")) == repr(Ratio(5))
    assert repr(parse_schedule("decay:5:1:10")) == repr(DecayRatio(5, 1, 10))
    assert repr(parse_schedule("accuracy:0.8")) == repr(AccuracyGate(0.8))
    for wrong in ("often", "ratio:x", "ratio:1:2", "accuracy:2"):
        with pytest.raises(ValueError, match=wrong):
            parse_schedule(wrong)
