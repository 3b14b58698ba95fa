"""What tests of several rooms use: tiny data sets of real pictures in CelebA's layouts, and drawn people."""

import numpy as np
from PIL import Image

from facegen_keras.data.attribute_statistics import sample_attributes
from facegen_keras.data.attributes import ATTRIBUTES
from facegen_keras.data.drawn_faces import draw_face

PARTS = ("0", "0", "0", "0", "0", "0", "0", "0", "1", "2")  # of every ten pictures, eight train


def grey_of(number):
    """The grey of picture 1, 2, ... of a tiny data set: it tells which picture one sees."""
    return 8 * number % 256


def numbers_in(images):
    """Which pictures of a tiny data set are in uint8 or 0..255 images (n, H, W, 3)."""
    return [int(round(float(np.mean(image)) / 8)) for image in images]


def labels_of(number):
    """-1/1 for the 40 attributes of picture 1, 2, ...: every fourth is Male, every second Smiling."""
    return [
        1 if name == "Smiling" and number % 2 == 0 or name == "Male" and number % 4 == 0 else -1 for name in ATTRIBUTES
    ]


def write_pictures(folder, count):
    """Write `000001.jpg`, `000002.jpg`, ... in the greys of `grey_of`."""
    folder.mkdir(parents=True)
    for number in range(1, count + 1):
        Image.new("RGB", (178, 218), (grey_of(number),) * 3).save(folder / f"{number:06d}.jpg", quality=95)


def write_official(root, count=20):
    """CelebA as its authors publish it."""
    write_pictures(root / "img_align_celeba", count)
    rows = [" ".join([f"{i:06d}.jpg", *(f"{v:2d}" for v in labels_of(i))]) for i in range(1, count + 1)]
    text = "\r\n".join([str(count), " ".join(ATTRIBUTES) + " ", *rows, ""])
    (root / "list_attr_celeba.txt").write_text(text, encoding="utf-8", newline="")
    parts = [f"{i:06d}.jpg {PARTS[(i - 1) % 10]}" for i in range(1, count + 1)]
    (root / "list_eval_partition.txt").write_text("\n".join(parts) + "\n", encoding="utf-8")
    return root


def write_kaggle(root, count=20):
    """CelebA as Kaggle has it."""
    write_pictures(root / "img_align_celeba" / "img_align_celeba", count)
    rows = [",".join([f"{i:06d}.jpg", *map(str, labels_of(i))]) for i in range(1, count + 1)]
    text = "\n".join([",".join(["image_id", *ATTRIBUTES]), *rows, ""])
    (root / "list_attr_celeba.csv").write_text(text, encoding="utf-8")
    parts = [f"{i:06d}.jpg,{PARTS[(i - 1) % 10]}" for i in range(1, count + 1)]
    (root / "list_eval_partition.csv").write_text("\n".join(["image_id,partition", *parts, ""]), encoding="utf-8")
    return root


def write_torchvision(root, count=20):
    """CelebA as torchvision unpacks it."""
    write_official(root / "celeba", count)
    return root


def write_plain(root, count=20):
    """A folder of pictures of several kinds, without attributes."""
    write_pictures(root, count)
    for picture, kind in zip(sorted(root.iterdir()), ("png", "webp", "JPEG")):
        Image.open(picture).save(picture.with_suffix(f".{kind}"), lossless=True)
        picture.unlink()
    (root / "notes.txt").write_text("no picture", encoding="utf-8")
    return root


def replace_line(file, number, change):
    """Replace line 1, 2, ... of a text file by `change(line)`."""
    lines = file.read_text(encoding="utf-8").splitlines()
    lines[number - 1] = change(lines[number - 1])
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def load_small(data, batch_size=4, **options):
    """`load_faces` at 8x8 in 0..255, of all splits."""
    from facegen_keras.data.celeba import load_faces

    return load_faces(8, batch_size, **{"data": data, "split": "all", "value_range": (0, 255)} | options)


def order_of(faces):
    """The numbers of the pictures in the next epoch of `load_small`."""
    return [number for images, _ in faces for number in numbers_in(images)]


def draw_people(count, given=None, seed=7):
    """`count` drawn people with `given` attributes, as the models see them: uint8 (count, 64, 64, 3)."""
    vectors = sample_attributes(count, seed, given=given or {})
    people = [
        draw_face(dict(zip(ATTRIBUTES, row.tolist())), np.random.default_rng([seed, i]))
        for i, row in enumerate(vectors)
    ]
    framed = [Image.fromarray(person).crop((15, 35, 163, 183)).resize((64, 64)) for person in people]
    return np.stack([np.asarray(person) for person in framed])


SIDES = ((178, 218), (96, 96), (120, 90), (64, 100))  # of pictures of one's own, in pixels


def write_own(root, names):
    """Write drawn faces as PNGs of several sizes under these names, which may have folders; returns the folder."""
    for number, name in enumerate(names):
        face = draw_people(1, seed=number)[0]
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(face).resize(SIDES[number % len(SIDES)]).save(root / name)
    return root


def write_labelled(root, count=24, named_by="file_name"):
    """Pictures of one's own with a table `labels.csv`: every second is Robot, every third Cat, and Robots are Shiny."""
    names = [f"{number:02d}.png" for number in range(count)]
    write_own(root / "pictures", names)
    rows = [f"{name},{int(i % 2 == 0)},{int(i % 3 == 0)},{int(i % 2 == 0)}" for i, name in enumerate(names)]
    (root / "labels.csv").write_text("\n".join([f"{named_by},Robot,Cat,Shiny", *rows, ""]), encoding="utf-8")
    return root


def write_classes(root, count=24):
    """Pictures of one's own in a folder for each of three classes: smiling, neutral, and, rarely, sad."""
    classes = ("smiling", "neutral", "smiling", "neutral", "sad", "neutral")
    return write_own(root, [f"{classes[number % 6]}/{number:02d}.png" for number in range(count)])
