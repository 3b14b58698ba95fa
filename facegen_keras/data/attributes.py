"""The names of CelebA's 40 attributes, and selections of them."""

import difflib

ATTRIBUTES = (
    "5_o_Clock_Shadow", "Arched_Eyebrows", "Attractive", "Bags_Under_Eyes", "Bald", "Bangs", "Big_Lips",
    "Big_Nose", "Black_Hair", "Blond_Hair", "Blurry", "Brown_Hair", "Bushy_Eyebrows", "Chubby", "Double_Chin",
    "Eyeglasses", "Goatee", "Gray_Hair", "Heavy_Makeup", "High_Cheekbones", "Male", "Mouth_Slightly_Open",
    "Mustache", "Narrow_Eyes", "No_Beard", "Oval_Face", "Pale_Skin", "Pointy_Nose", "Receding_Hairline",
    "Rosy_Cheeks", "Sideburns", "Smiling", "Straight_Hair", "Wavy_Hair", "Wearing_Earrings", "Wearing_Hat",
    "Wearing_Lipstick", "Wearing_Necklace", "Wearing_Necktie", "Young",
)  # fmt: skip

# FaceGen's selections: attributes that are frequent enough to learn from, and that tell faces apart.
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
        selection: a list of names, one name, the size of a selection (40, 23, 8, 5, 2 or 1, also as a string); None,
            an empty list or "none" for no attributes.
        known: the names to choose from.

    Returns:
        A tuple of names, in the order given.

    Raises:
        ValueError: a name is unknown (the message offers the nearest) or repeated, or there is no selection of that
            size.
    """
    if selection is None or isinstance(selection, str) and selection.lower() == "none":
        return ()
    if str(selection).isdigit():
        if int(selection) not in SELECTIONS:
            sizes = ", ".join(map(str, SELECTIONS))
            raise ValueError(f"attributes={selection}: there are selections of {sizes} attributes; None takes none.")
        selection = SELECTIONS[int(selection)]
    elif not isinstance(selection, str) and not hasattr(selection, "__iter__"):
        raise ValueError(f"attributes={selection!r}: expected names, the size of a selection, or None.")
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
