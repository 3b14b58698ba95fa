"""What the page says: the names of attributes, and what a step of the history changed."""

LABELS = {"No_Beard": "Beard"}  # attributes that say what is absent, and what their sliders show instead


def label(name):
    """What the page calls an attribute, or another kind of step."""
    return LABELS.get(name, name).replace("_", " ")


def turned(name, strength):
    """From a strength to what its slider shows, and back."""
    return round(1 - strength, 4) if name in LABELS else strength


def describe_step(session):
    """Which step of the history is shown, and which attributes went along with the one that was changed."""
    edit, place = session.current, session.place
    words = f"Step {place + 1} of {len(session.history)}: {label(edit.changed)}."
    if edit.changed not in edit.strengths:
        return words
    previous = session.history[place - 1].strengths
    moved = [name for name, strength in edit.strengths.items() if strength != previous[name] and name != edit.changed]
    return f"{words} It takes {' and '.join(map(label, moved))} along." if moved else words


def describe_edit(session):
    """In what the face that is shown differs from the one that it started from."""
    edit = session.current
    changes = [f"{label(name)} {turned(name, strength):.0%}" for name, strength in edit.changes.items()]
    if edit.start.portrait and not session.gan.takes_pictures:
        changes.insert(0, "somebody like you")
    return ", ".join(changes) or "nothing changed yet"
