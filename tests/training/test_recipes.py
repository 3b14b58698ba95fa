import numpy as np
import pytest

import facegen_keras as fg
from facegen_keras.networks.conditioning import connect_generator
from facegen_keras.networks.dtype_policy import choose_dtype_policy
from facegen_keras.networks.modern import modern_generator
from facegen_keras.training.recipe import reserve_faces
from facegen_keras.training.recipes import PRESETS

# Generator and discriminator: FaceGen's as counted from its code, the others from their layer tables.
PARAMETERS = {
    "fc_gan": (15_033_020, 14_903_937),
    "dcgan1": (375_267, 168_418),
    "dcgan2": (377_315, 169_441),
    "dcgan2_64": (1_034_723, 177_121),
    "dcgan3": (6_562_275, 170_977),
    "dcgan4": (6_562_275, 170_977),
    "dcgan5": (6_562_275, 170_977),
    "human_face": (58_833_344, 340_865),
    "attribute_noise": (42 * 32_768 + 6_556_160 + 3_278_080 + 819_840 + 9_603, 2_756_544 + 32_769),
    "modern": (
        137 * 4096
        + 4 * (256 + 192 + 128 + 64 + 32)
        + 5 * 137 * 32
        + 2 * 32 * (256 + 192 + 128 + 64 + 32)  # what modulates
        + 9 * (256 * 192 + 192 * 128 + 128 * 64 + 64 * 32)
        + 9 * 32 * 3
        + 3,
        1_568 + 32_832 + 131_200 + 524_544 + 4_097 + 8 * 4096,
    ),
    "modern_32": (
        137 * 1024
        + 4 * (256 + 192 + 128 + 64 + 32)
        + 5 * 137 * 32
        + 2 * 32 * (256 + 192 + 128 + 64 + 32)  # what modulates
        + 9 * (256 * 192 + 192 * 128 + 128 * 64 + 64 * 32)
        + 9 * 32 * 3
        + 3,
        49 * 64 + 16 * (64 * 128 + 128 * 256) + 128 + 256 + 4_097 + 8 * 4096,
    ),
    "modern_128": (
        137 * 16_384
        + 4 * (256 + 192 + 128 + 64 + 32)
        + 5 * 137 * 32
        + 2 * 32 * (256 + 192 + 128 + 64 + 32)  # what modulates
        + 9 * (256 * 192 + 192 * 128 + 128 * 64 + 64 * 32)
        + 9 * 32 * 3
        + 3,
        1_568 + 32_832 + 131_200 + 524_544 + 16 * 256 * 256 + 256 + 4_097 + 8 * 4096,
    ),
    "modern_gpu": (
        137 * 8_192
        + 4 * (512 + 384 + 256 + 128 + 64)
        + 5 * 137 * 32
        + 2 * 32 * (512 + 384 + 256 + 128 + 64)
        + 9 * (512 * 384 + 384 * 256 + 256 * 128 + 128 * 64)
        + 9 * 64 * 3
        + 3,
        49 * 64 + 16 * (64 * 128 + 128 * 256 + 256 * 512) + 128 + 256 + 512 + 8_193 + 8 * 8_192,
    ),
    "editor": (
        16 * (3 * 32 + 32 * 64 + 64 * 128 + 128 * 256)  # the encoder, and the picture of its fourth stage:
        + 4 * (32 + 64 + 128 + 256)
        + 16 * 64  # the change, and its opposite, become a code that modulates
        + (64 * 2 + 4) * (256 + 128 + (64 + 64) + 32 + 32)
        + 9 * (256 * 128 + 128 * 64 + (64 + 64) * 32 + 32 * 32)
        + 9 * (32 + 3) * 32
        + 32
        + 9 * 32 * 4
        + 4,
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


@pytest.mark.parametrize("n, counts", [(8, (389_603, 172_513)), (23, (420_323, 704_737))])
def test_more_attributes_have_the_source_s_networks(n, counts):
    gan = fg.RECIPES["dcgan2"].build(attributes=n)
    assert (gan.generator.count_params(), gan.discriminator.count_params()) == counts


def test_facegen_starts_from_normal_latents_with_beta_1_of_a_half():
    for name in ("dcgan1", "dcgan2", "dcgan2_64", "dcgan3", "dcgan4"):
        assert fg.RECIPES[name].latent_distribution == "normal"
    assert fg.RECIPES["fc_gan"].latent_distribution == "uniform"
    gan = fg.RECIPES["dcgan2"].build(image_size=16)
    assert gan.g_optimizer.beta_1 == gan.d_optimizer.beta_1 == 0.5


def test_epochs_follow_the_attributes_unless_they_were_chosen():
    recipe = fg.RECIPES["dcgan2"]
    assert [recipe.override(attributes=n).epochs for n in (2, 8, 23)] == [300, 50, 44]
    assert recipe.override(attributes=8).override(attributes=5).epochs == 300
    assert recipe.override(epochs=5).override(attributes=8).epochs == 5
    assert recipe.override(attributes=8, epochs=7).epochs == 7


def test_fields_are_checked_and_read_when_a_recipe_is_made():
    plain = fg.RECIPES["dcgan2"]
    fields = {"name": "own", "source": "ours", "generator": plain.generator, "discriminator": plain.discriminator}
    own = fg.Recipe(**fields, conditioning=fg.Cube(), attributes=5, schedule="ratio:5", image_size=16)
    assert own.attributes == fg.ATTRIBUTES_5 and own.build().schedule.ratio == 5
    assert fg.RECIPES["udacity"].override(attributes="none").attributes == ()
    for wrong, error in ({"schedule": 5}, TypeError), ({"loss": "shuffle"}, TypeError), ({"schedule": "x"}, ValueError):
        with pytest.raises(error, match=next(iter(wrong))):
            fg.Recipe(**fields | wrong)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in fg.RECIPES if name not in PRESETS])
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
    [("dcgan2", 30, 8), ("human_face", 126, 4), ("udacity", 40, 16)],
)
def test_image_size_the_recipe_cannot_make(name, size, multiple):
    with pytest.raises(ValueError, match=f"multiples of {multiple}"):
        fg.RECIPES[name].build(image_size=size)


def test_setting_that_does_not_exist_names_the_nearest():
    with pytest.raises(TypeError, match="schedule"):
        fg.RECIPES["dcgan2"].build(schedul=fg.Ratio(5))


@pytest.mark.parametrize(
    "name, changes, message",
    [
        ("attribute_noise", {"conditioning": fg.Cube()}, "at random"),
        ("dcgan2", {"attributes": None}, "conditional"),
        ("udacity", {"attributes": 5}, "conditioning=Cube"),
        ("udacity", {"loss": fg.CrossEntropy(mismatch="flip")}, "no attributes to mismatch"),
        ("dcgan2", {"attributes": ["Smilling"]}, "Smiling"),
        ("dcgan2", {"dtype_policy": "float16"}, "dtype_policy"),
    ],
)
def test_settings_that_do_not_go_together(name, changes, message):
    with pytest.raises(ValueError, match=message):
        fg.RECIPES[name].build(**changes)


def test_bfloat16_keeps_outputs_and_weights_in_float32():
    gan = fg.RECIPES["dcgan2"].build(dtype_policy="mixed_bfloat16")
    images = gan.generate(gan.sample_latents(2), np.ones((2, 2), np.float32))
    assert images.dtype == "float32"
    assert gan.discriminator([images, np.ones((2, 2), np.float32)]).dtype == "float32"
    assert {weight.dtype for weight in gan.generator.weights} == {"float32"}
    layers = gan.generator.get_layer("body").layers
    assert {layer.compute_dtype for layer in layers[:-1]} == {"bfloat16"}


@pytest.mark.parametrize(
    "options", [{"residual": True}, {"upsample_first": False}, {"residual": True, "upsample_first": False}]
)
def test_switches_of_the_modern_generator_draw_the_same_size(options):
    plain, changed = (
        connect_generator(modern_generator((32, 16), 0, **switches), (10,), 0) for switches in ({}, options)
    )
    assert plain(np.zeros((2, 10))).shape == changed(np.zeros((2, 10))).shape == (2, 32, 16, 3)
    assert (changed.count_params() > plain.count_params()) == options.get("residual", False)


def test_auto_computes_in_what_this_machine_is_fast_at():
    gan = fg.RECIPES["dcgan2"].build(image_size=16, dtype_policy="auto")
    assert gan.generator.get_layer("body").layers[0].dtype_policy.name == choose_dtype_policy("auto")


def test_images_of_a_recipe_are_a_fixed_choice(faces_folder):
    """Eight faces, the same in each epoch; RANDOM_SELECT draws four of them afresh."""
    recipe = fg.RECIPES["udacity"].override(image_size=16, images=8, batch_size=4)
    for options, epoch_size in (({}, 8), ({"random_select": 4}, 4), ({"random_select": 0.5}, 4)):
        faces = recipe.load_faces(data=faces_folder, split="all", **options)
        epochs = [{image.numpy().tobytes() for images, _ in faces for image in images} for _ in range(6)]
        assert {len(epoch) for epoch in epochs} == {epoch_size}
        assert len(set.union(*epochs)) == 8


def test_a_generator_that_is_fed_faces_leaves_some_to_be_measured_by(tiny_celeba, celeba):
    dcgan5 = fg.RECIPES["dcgan5"].override(image_size=16)
    assert reserve_faces(dcgan5, tiny_celeba) is dcgan5, "its valid and test splits are left"
    (celeba / "list_eval_partition.txt").unlink()
    assert reserve_faces(dcgan5, celeba).images == 0.9
    assert reserve_faces(dcgan5.override(images=5), celeba).images == 5
    assert reserve_faces(fg.RECIPES["dcgan2"], celeba) is fg.RECIPES["dcgan2"]
