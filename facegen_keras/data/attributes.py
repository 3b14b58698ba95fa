"""The names of attributes: CelebA's 40 and selections of them, and what others may be called."""

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


MOST = 100  # attributes of a GAN
LONGEST = 100  # characters of a name
MISSPELT = 0.85  # how alike a name and one of CelebA's are, by difflib, where the first is meant to be the second


def resolve_attributes(selection, known=None):
    """Turn a selection of attributes into a tuple of names.

    Args:
        selection: a list of names, one name, the size of a selection of CelebA's (40, 23, 8, 5, 2 or 1, also as a
            string); None, an empty list or "none" for no attributes.
        known: the names to choose from; None takes any names, CelebA's or those of labels of one's own.

    Returns:
        A tuple of names, in the order given.

    Raises:
        ValueError: a name is not among those known (the message offers the nearest), is repeated, empty or over 100
            characters; there are more than 100 names; or there is no selection of that size.
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
    if len(names) > MOST:
        raise ValueError(f"attributes: found {len(names):,} names, expected at most {MOST}. Name those that matter.")
    for name in names:
        check_name(name)
        if known is not None and name not in known:
            raise ValueError(f"Unknown attribute {name!r}: {_nearest(name, known)}")
    if len(set(names)) < len(names):
        raise ValueError(f"attributes={list(names)} names an attribute twice.")
    return names


def check_name(name):
    """ValueError unless an attribute can be called so."""
    if not isinstance(name, str) or not name.strip() or not name.isprintable() or len(name) > LONGEST:
        raise ValueError(f"Attribute {name!r:.60}: expected a name of 1 to {LONGEST} characters that can be printed.")


def check_spelling(names):
    """Return names that were chosen before any labels are known.

    Raises:
        ValueError: all are CelebA's but for some that are misspelt. Beside other names, one may be like CelebA's.
    """
    meant = {name: name if name in ATTRIBUTES else _misspelt(name) for name in names}
    wrong = {name: celeba for name, celeba in meant.items() if name != celeba}
    if wrong and None not in wrong.values():
        name, celeba = next(iter(wrong.items()))
        raise ValueError(
            f"Unknown attribute {name!r}: did you mean {celeba!r}? A label of your own needs a name that is less like "
            "CelebA's."
        )
    return names


def _misspelt(name):
    """The name of CelebA's that another one is nearly, not in upper and lower case alone; or None."""
    plain = {_plain(celeba): celeba for celeba in ATTRIBUTES}
    close = [] if _plain(name) in plain else difflib.get_close_matches(_plain(name), plain, n=1, cutoff=MISSPELT)
    return plain[close[0]] if close else None


def _plain(name):
    return name.replace(" ", "_").casefold()


def _nearest(name, known):
    plain = {_plain(other): other for other in known}
    close = difflib.get_close_matches(_plain(name), plain, n=1, cutoff=0.5)
    some = ", ".join(known[:MOST]) + (", ..." if len(known) > MOST else "")
    return f"did you mean {plain[close[0]]!r}?" if close else f"expected one of {some or '(none)'}."
