import numpy as np
import pytest

import facegen_keras as fg
from facegen_keras.modern import modern_generator

# Generator and discriminator, counted by hand from the layer tables (batch norm: 4 each).
PARAMETERS = {
    "fc_gan": (123 * 128 + 128 + 129 * 218 * 178 * 3, (218 * 178 * 3 + 23) * 128 + 128 + 129),
    "dcgan1": (102 * 2048 + 4 * 2048 + 131_136 + 256 + 32_800 + 128 + 1_539, 1_568 + 33_088 + 131_712 + 2_050),
    "dcgan2": (103 * 2048 + 4 * 2048 + 131_136 + 256 + 32_800 + 128 + 1_539, 2_592 + 33_088 + 131_712 + 2_049),
    "dcgan2_64": (106 * 8192 + 4 * 8192 + 131_136 + 256 + 32_800 + 128 + 1_539, 4_128 + 33_088 + 131_712 + 8_193),
    "dcgan3": (3_123 * 2048 + 4 * 2048 + 131_136 + 256 + 32_800 + 128 + 1_539, 4_128 + 33_088 + 131_712 + 2_049),
    "dcgan4": (3_123 * 2048 + 4 * 2048 + 131_136 + 256 + 32_800 + 128 + 1_539, 4_128 + 33_088 + 131_712 + 2_049),
    "dcgan5": (3_123 * 2048 + 4 * 2048 + 131_136 + 256 + 32_800 + 128 + 1_539, 4_128 + 33_088 + 131_712 + 2_049),
    "human_face": (58_833_344, 340_865),
    "attribute_noise": (42 * 32_768 + 6_556_160 + 3_278_080 + 819_840 + 9_603, 2_756_544 + 32_769),
    "modern": (
        137 * 4096
        + 4 * (256 + 192 + 128 + 64 + 32)
        + 9 * (256 * 192 + 192 * 128 + 128 * 64 + 64 * 32)
        + 9 * 32 * 3
        + 3,
        1_568 + 32_832 + 131_200 + 524_544 + 4_097 + 8 * 4096,
    ),
    "udacity": (101 * 2048 + 2_098_176 + 524_800 + 131_328 + 3_072, 3_072 + 131_584 + 525_312 + 2_099_200 + 2_049),
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameter_counts_are_the_layer_tables(name):
    gan = fg.RECIPES[name].build()
    assert (gan.generator.count_params(), gan.discriminator.count_params()) == PARAMETERS[name]


def test_every_recipe_is_counted():
    assert set(fg.RECIPES) == set(PARAMETERS)


def test_human_face_has_the_published_number_of_trainable_parameters():
    generator = fg.RECIPES["human_face"].build().generator
    assert sum(np.prod(weight.shape) for weight in generator.trainable_weights) == 57_783_872


def test_23_attributes_add_a_fourth_convolution():
    gan = fg.RECIPES["dcgan2"].build(attributes=23)
    assert gan.discriminator.get_layer("features").output_shape[-1] == 2 * 2 * 256
    assert fg.RECIPES["dcgan2"].override(attributes=23).epochs == 44
    assert fg.RECIPES["dcgan2"].override(attributes=8).epochs == 50


@pytest.mark.parametrize("name", fg.RECIPES)
def test_every_recipe_trains_on_its_own_faces_with_another_schedule(name, faces_folder):
    recipe = fg.RECIPES[name]
    size = {"fc_gan": (24, 16)}.get(name, 16)
    gan = recipe.build(image_size=size, schedule=fg.Ratio(2))
    faces = recipe.override(image_size=size).load_faces(data=faces_folder, split="all", batch_size=4, random_select=8)
    before = [weight.numpy().copy() for weight in gan.generator.trainable_weights]
    logs = gan.fit(faces, verbose=0).history
    assert logs["d_trained"] == [0.5]
    assert all(np.isfinite(values).all() for values in logs.values())
    assert ("d_mismatch" in logs) == (recipe.loss.mismatch is not None)
    assert any((now.numpy() != old).any() for now, old in zip(gan.generator.trainable_weights, before))
    assert gan.sample(3).shape == (3, *recipe.override(image_size=size).size, 3)


def test_half_of_attribute_noise_batch_is_real(faces_folder):
    images, attributes = next(
        iter(fg.RECIPES["attribute_noise"].load_faces(data=faces_folder, split="all", batch_size=8))
    )
    assert images.shape[0] == 4 and attributes.shape == (4, 0)
    assert images.numpy().min() < 0


def test_source_with_more_images_than_there_are_takes_all(faces_folder):
    assert len(fg.RECIPES["dcgan2_64"].load_faces(data=faces_folder, split="all", batch_size=1)) == 24


@pytest.mark.parametrize(
    "name, size, multiple",
    [("dcgan2", 30, 8), ("human_face", 126, 4), ("udacity", 40, 16), ("attribute_noise", 0, 8)],
)
def test_image_size_the_recipe_cannot_make(name, size, multiple):
    with pytest.raises(ValueError, match=f"multiples of {multiple}"):
        fg.RECIPES[name].build(image_size=size)


def test_setting_that_does_not_exist_names_the_nearest():
    with pytest.raises(TypeError, match="did you mean schedule"):
        fg.RECIPES["dcgan2"].build(schedul=fg.Ratio(5))


@pytest.mark.parametrize("changes", [{"loss": "shuffle"}, {"schedule": "ratio:5"}])
def test_a_word_where_an_object_is_expected(changes):
    with pytest.raises(TypeError, match="expected a"):
        fg.RECIPES["dcgan2"].build(**changes)


@pytest.mark.parametrize(
    "name, changes, message",
    [
        ("attribute_noise", {"conditioning": fg.Cube()}, "at random"),
        ("dcgan2", {"attributes": None}, "conditional"),
        ("udacity", {"attributes": 5}, "conditioning=Cube"),
        ("udacity", {"loss": fg.CrossEntropy(mismatch="flip")}, "no attributes to mismatch"),
        ("dcgan2", {"attributes": ["Smilling"]}, "Smiling"),
        ("dcgan2", {"precision": "float16"}, "mixed_bfloat16"),
    ],
)
def test_settings_that_do_not_go_together(name, changes, message):
    with pytest.raises(ValueError, match=message):
        fg.RECIPES[name].build(**changes)


def test_bfloat16_keeps_outputs_and_weights_in_float32():
    gan = fg.RECIPES["dcgan2"].build(precision="mixed_bfloat16")
    images = gan.generate(gan.draw_latents(2), np.ones((2, 2), np.float32))
    assert images.dtype == "float32"
    assert gan.judge(images, np.ones((2, 2), np.float32)).dtype == "float32"
    assert {weight.dtype for weight in gan.generator.weights} == {"float32"}
    layers = gan.generator.get_layer("body").layers
    assert {layer.compute_dtype for layer in layers[:-1]} == {"bfloat16"}


@pytest.mark.parametrize(
    "options", [{"residual": True}, {"doubling_first": False}, {"residual": True, "doubling_first": False}]
)
def test_switches_of_the_modern_generator_draw_the_same_size(options):
    plain = modern_generator((32, 16), 0)
    changed = modern_generator((32, 16), 0, **options)
    assert plain(np.zeros((2, 10))).shape == changed(np.zeros((2, 10))).shape == (2, 32, 16, 3)
    assert (changed.count_params() > plain.count_params()) == options.get("residual", False)
