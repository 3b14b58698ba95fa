"""Which pictures are chosen, and which of them make an epoch."""

import collections

import numpy as np
import pytest
import tensorflow as tf

from facegen_keras.data.celeba import load_arrays
from facegen_keras.data.selection import open_faces
from helpers import load_small, numbers_in, order_of

pytestmark = pytest.mark.usefixtures("own_cache")


def test_random_select_is_fresh_each_epoch_and_without_repeats(tiny_celeba):
    faces = load_small(tiny_celeba, random_select=8)
    epochs = [order_of(faces) for _ in range(12)]
    assert len(faces) == 2 and all(len(set(epoch)) == 8 for epoch in epochs)
    assert len({frozenset(epoch) for epoch in epochs}) > 6
    assert set().union(*epochs) == set(range(1, 21))


def test_random_select_of_too_many(tiny_celeba):
    with pytest.raises(ValueError, match="random_select=10,000"):
        load_small(tiny_celeba, random_select=10_000)
    with pytest.raises(ValueError, match="random_select=9"):
        load_small(tiny_celeba, images=8, random_select=9)


def test_balance_makes_both_values_equally_frequent(tiny_celeba):
    faces = load_small(tiny_celeba, attributes="Male", balance="Male", batch_size=2)
    for _ in range(2):
        count = collections.Counter(order_of(faces))
        assert sum(count.values()) == 30 and sum(n for i, n in count.items() if i % 4 == 0) == 15
        assert all(n == (3 if i % 4 == 0 else 1) for i, n in count.items()) and len(count) == 20
    assert sum(float(tf.reduce_sum(attributes)) for _, attributes in faces) == 15


def test_balance_within_random_select_repeats_only_when_the_rare_run_out(tiny_celeba):
    few = collections.Counter(order_of(load_small(tiny_celeba, balance="Male", random_select=8)))
    assert sorted(few.values()) == [1] * 8 and sum(i % 4 == 0 for i in few) == 4
    many = collections.Counter(order_of(load_small(tiny_celeba, balance="Male", random_select=16)))
    assert sorted(n for i, n in many.items() if i % 4 == 0) == [1, 1, 2, 2, 2]
    assert sum(n for i, n in many.items() if i % 4) == 8


@pytest.mark.parametrize("name, message", [("Mael", "Male"), ("Bald", "it is 0 in all 20"), (5, "one attribute")])
def test_balance_of_what_cannot_be_balanced(name, message, tiny_celeba):
    with pytest.raises(ValueError, match=message):
        load_small(tiny_celeba, balance=name)


# The fixed choice


def arrays(data, images=None, **options):
    """The numbers of the pictures that `load_arrays` gives."""
    return numbers_in(load_arrays(images, 8, **{"data": data, "split": "all"} | options)[0])


def test_images_are_the_same_in_every_epoch(tiny_celeba):
    """One setting used to do both: eight pictures an epoch were other ones in each."""
    faces = load_small(tiny_celeba, images=8)
    epochs = [order_of(faces) for _ in range(5)]
    assert len(faces) == 2 and len({tuple(epoch) for epoch in epochs}) == 5
    assert len({frozenset(epoch) for epoch in epochs}) == 1 and len(set(epochs[0])) == 8
    assert set(order_of(load_small(tiny_celeba, images=8, seed=1))) != set(epochs[0])


def test_the_same_seed_chooses_the_same_images_everywhere(tiny_celeba):
    trained = set(order_of(load_small(tiny_celeba, images=8, seed=3)))
    assert trained == set(arrays(tiny_celeba, 8, seed=3))
    assert trained == set(order_of(load_small(tiny_celeba, images=8, seed=3, attributes=5, balance="Smiling")))
    assert trained == set(arrays(tiny_celeba, 0.4, seed=3))
    assert trained < set(arrays(tiny_celeba, 12, seed=3))
    opened = open_faces(8, data=tiny_celeba, split="all", images=8, seed=3)
    assert trained == {number for chunk in opened.chunks(3) for number in numbers_in(chunk)}


def test_more_images_than_there_are_means_all(tiny_celeba):
    assert sorted(order_of(load_small(tiny_celeba, images=10_000))) == list(range(1, 21))
    assert sorted(order_of(load_small(tiny_celeba, images=1.0))) == list(range(1, 21))


def test_random_select_draws_afresh_out_of_the_images(tiny_celeba):
    chosen = set(arrays(tiny_celeba, 12))
    for random_select in (4, 1 / 3):
        faces = load_small(tiny_celeba, images=12, random_select=random_select)
        epochs = [order_of(faces) for _ in range(12)]
        assert all(len(set(epoch)) == 4 for epoch in epochs)
        assert len({frozenset(epoch) for epoch in epochs}) > 6
        assert set().union(*epochs) == chosen


def test_balance_within_images_and_random_select(tiny_celeba):
    faces = load_small(tiny_celeba, images=12, random_select=8, balance="Smiling", batch_size=8)
    for _ in range(3):
        epoch = order_of(faces)
        assert len(set(epoch)) == 8 and sum(number % 2 == 0 for number in epoch) == 4


@pytest.mark.parametrize("amount", [0, -1, 1.5, 0.0, True, "many", float("nan"), [3]])
def test_amounts_that_are_none(amount, tiny_celeba):
    for setting in ("images", "random_select"):
        with pytest.raises(ValueError, match=setting):
            load_small(tiny_celeba, **{setting: amount})
    for setting in ("images", "held_out_from"):
        with pytest.raises(ValueError, match=setting):
            arrays(tiny_celeba, **{setting: amount})


@pytest.mark.parametrize("seed", [1.5, -1, "one", None])
def test_seed_that_is_no_whole_number(seed, tiny_celeba):
    with pytest.raises(ValueError, match="seed"):
        load_small(tiny_celeba, seed=seed)
    with pytest.raises(ValueError, match="seed"):
        arrays(tiny_celeba, 3, seed=seed)


@pytest.mark.parametrize("amount", [8, 0.4])
def test_held_out_are_those_that_were_not_trained_on(amount, tiny_celeba):
    trained = order_of(load_small(tiny_celeba, images=amount, seed=2))
    unseen = arrays(tiny_celeba, held_out_from=amount, seed=2)
    assert unseen == sorted(set(range(1, 21)) - set(trained))
    few = arrays(tiny_celeba, 5, held_out_from=amount, seed=2)
    assert len(set(few)) == 5 and set(few) < set(unseen)


def test_nothing_is_held_out_of_all(tiny_celeba):
    for amount in (20, 1.0, 10_000):
        with pytest.raises(ValueError, match="held_out_from"):
            arrays(tiny_celeba, held_out_from=amount)


def test_held_out_holds_where_pictures_have_no_row(celeba):
    """The choice is the same with and without attributes, though pictures without a row cannot have any."""
    file = celeba / "list_attr_celeba.txt"
    lines = file.read_text(encoding="utf-8").splitlines()
    file.write_text("\n".join(["15", lines[1], *lines[2:17]]) + "\n", encoding="utf-8")
    for seed in range(4):
        trained = order_of(load_small(celeba, images=8, attributes="Male", seed=seed))
        assert not set(trained) & set(arrays(celeba, held_out_from=8, seed=seed))
        assert sorted(arrays(celeba, 8, seed=seed)) == sorted(trained)


def test_chunks_are_the_rows_in_order(tiny_celeba):
    faces = open_faces(8, data=tiny_celeba, split="all")
    chunks = list(faces.chunks(8))
    assert [chunk.shape for chunk in chunks] == [(8, 8, 8, 3), (8, 8, 8, 3), (4, 8, 8, 3)]
    assert all(chunk.dtype == np.uint8 for chunk in chunks)
    assert numbers_in(np.concatenate(chunks)) == list(range(1, 21))


def test_balance_none_balances_nothing(tiny_celeba):
    assert len(load_small(tiny_celeba, balance="none")) == len(load_small(tiny_celeba))
