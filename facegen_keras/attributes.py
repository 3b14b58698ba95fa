"""CelebA's 40 attributes: names, selections, and the wrong attributes a discriminator learns to refuse."""

import difflib

import keras

ATTRIBUTES = (
    "5_o_Clock_Shadow", "Arched_Eyebrows", "Attractive", "Bags_Under_Eyes", "Bald", "Bangs", "Big_Lips",
    "Big_Nose", "Black_Hair", "Blond_Hair", "Blurry", "Brown_Hair", "Bushy_Eyebrows", "Chubby", "Double_Chin",
    "Eyeglasses", "Goatee", "Gray_Hair", "Heavy_Makeup", "High_Cheekbones", "Male", "Mouth_Slightly_Open",
    "Mustache", "Narrow_Eyes", "No_Beard", "Oval_Face", "Pale_Skin", "Pointy_Nose", "Receding_Hairline",
    "Rosy_Cheeks", "Sideburns", "Smiling", "Straight_Hair", "Wavy_Hair", "Wearing_Earrings", "Wearing_Hat",
    "Wearing_Lipstick", "Wearing_Necklace", "Wearing_Necktie", "Young",
)  # fmt: skip

# FaceGen's selections: frequent enough to learn from, and telling faces apart.
ATTRIBUTES_23 = (
    "Arched_Eyebrows", "Bags_Under_Eyes", "Bangs", "Big_Lips", "Big_Nose", "Black_Hair", "Blond_Hair",
    "Brown_Hair", "Bushy_Eyebrows", "Eyeglasses", "Heavy_Makeup", "High_Cheekbones", "Male",
    "Mouth_Slightly_Open", "Narrow_Eyes", "No_Beard", "Oval_Face", "Pointy_Nose", "Smiling", "Straight_Hair",
    "Wavy_Hair", "Wearing_Hat", "Young",
)  # fmt: skip
ATTRIBUTES_8 = ("Black_Hair", "Blond_Hair", "Eyeglasses", "Male", "No_Beard", "Smiling", "Wearing_Hat", "Young")
ATTRIBUTES_5 = ("Male", "Smiling", "Black_Hair", "Blond_Hair", "Eyeglasses")
ATTRIBUTES_2 = ("Male", "Smiling")
ATTRIBUTES_1 = ("Male",)

SELECTIONS = {40: ATTRIBUTES, 23: ATTRIBUTES_23, 8: ATTRIBUTES_8, 5: ATTRIBUTES_5, 2: ATTRIBUTES_2, 1: ATTRIBUTES_1}


def resolve_attributes(selection, known=ATTRIBUTES):
    """Turn a selection of attributes into a tuple of names.

    Args:
        selection: a list of names, one name, the size of a selection (40, 23, 8, 5, 2 or 1, also as a
            string), or None for no attributes.
        known: the names to choose from.

    Returns:
        A tuple of names, in the order given.

    Raises:
        ValueError: a name is unknown (the message offers the nearest), repeated, or the size is none of ours.
    """
    if selection is None:
        return ()
    if str(selection).isdigit():
        if int(selection) not in SELECTIONS:
            raise ValueError(f"attributes={selection}: there are selections of {sorted(SELECTIONS)} attributes.")
        selection = SELECTIONS[int(selection)]
    names = (selection,) if isinstance(selection, str) else tuple(selection)
    for name in names:
        if name not in known:
            raise ValueError(f"Unknown attribute {name!r}: {_nearest(name, known)}")
    if len(set(names)) < len(names):
        raise ValueError(f"attributes={list(names)} names an attribute twice.")
    return names


def _nearest(name, known):
    close = difflib.get_close_matches(str(name).replace(" ", "_").title(), known, n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else f"expected one of {', '.join(known) or '(none)'}."


def flip(attributes):
    """Wrong attributes, the source's way: every bit of the picture's own attributes turned over.

    Args:
        attributes: float tensor (batch, n), values 0 or 1.

    Returns:
        A tensor like `attributes`.
    """
    return 1.0 - attributes


def shuffle(attributes):
    """Wrong attributes that are plausible ones: those of another picture of the batch (GAN-CLS, Reed et al. 2016).

    Args:
        attributes: float tensor (batch, n).

    Returns:
        A tensor like `attributes`, each row moved to the next picture.
    """
    return keras.ops.roll(attributes, 1, axis=0)


MISMATCHES = {"flip": flip, "shuffle": shuffle}
