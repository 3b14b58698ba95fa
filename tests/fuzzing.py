"""Fuzzing: how many inputs each kind of file gets, how they are damaged, and what may come of each.

FUZZ=10000 sets how many inputs there are in all; by default there are few, the same ones each time.
"""

import collections
import copy
import io
import json
import os
import re
import warnings
import zipfile

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

try:
    import resource
except ImportError:  # Windows
    resource = None

INPUTS = int(os.environ.get("FUZZ", 400))
SHARES = {
    **{"attribute tables": 0.16, "partitions": 0.15, "identities": 0.15, "pictures": 0.15, "folders": 0.04},
    **{"options.json": 0.12, "history.csv": 0.1, "packed .npz": 0.05, "network .npz": 0.03, ".keras": 0.05},
}
TRIED = collections.defaultdict(collections.Counter)  # kind -> how often its inputs were "read" and "refused"

REFUSALS = (ValueError, OSError)
MENDS = "expected|mend|restore|download|put|give|take|save|pack|write|prepare|delete|set|bring|correct|train"
MEMORY = 1_000_000_000  # bytes that reading one input may add to the most that this process has held


def fuzz(kind):
    """Settings of a test of one kind of input; a hang is an error."""
    return settings(
        max_examples=round(SHARES[kind] * INPUTS),
        deadline=20_000,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


def read_or_refuse(kind, read, source, name):
    """What `read(source)` returns, or None where it is refused by an error that has `name` and a mend."""
    before = most_memory()
    try:
        result = read(source)
    except REFUSALS as error:
        assert name in str(error) and re.search(MENDS, str(error), re.IGNORECASE), error
        result = None
    assert most_memory() - before < MEMORY
    TRIED[kind]["refused" if result is None else "read"] += 1
    return result


def most_memory():
    """The most bytes that this process has ever held; 0 where that is not known."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 if resource else 0


# Bytes

PLACES = st.floats(0, 1, exclude_max=True)
CUTS = st.just(1.0) | st.floats(0, 1)


def edits(pieces):
    """Up to four places of a file where bytes are deleted and others inserted."""
    piece = st.sampled_from(pieces) | st.binary(max_size=6)
    return st.lists(st.tuples(PLACES, st.integers(0, 12), piece), max_size=4)


def damage(content, changes, cut=1.0):
    for place, deleted, inserted in changes:
        start = int(place * (len(content) + 1))
        content = content[:start] + inserted + content[start + deleted :]
    return content[: round(cut * len(content))]


# JSON

# fmt: off
NASTY = [
    None, True, False, 0, 1, -1, 2, 0.5, -0.5, 2**31, 2**63, 10**9, 10**30, 1e308, float("nan"), float("inf"),
    "", " ", "NaN", "\0", "\ud800", "../..", "/etc/passwd", "x" * 5_000, "8", "auto", "none", "Male", "Mael",
    [], [[]], {}, [None], [0, 1], [-1, 8], [8, 8], ["Male", "Male"], [float("nan"), 1], {"": {}}, [1e999, "x"],
]
# fmt: on


def json_changes(nasty):
    """Up to three places of a JSON value, and what happens there."""
    how = st.sampled_from(["replace", "replace", "tweak", "tweak", "copy", "delete", "add", "nest"])
    return st.lists(st.tuples(PLACES, how, PLACES, st.sampled_from(nasty)), min_size=1, max_size=2)


def change_json(value, changes):
    """A JSON value after changes at some of its places, which are counted in the order of reading."""
    holder = [copy.deepcopy(value)]
    for place, how, other, nasty in changes:
        places = list(_places(holder))
        (parent, key), (other_parent, other_key) = (places[int(at * len(places))] for at in (place, other))
        if how == "tweak":
            parent[key] = _tweak(parent[key], other)
        elif how == "copy":
            parent[key] = copy.deepcopy(other_parent[other_key])
        elif how == "delete" and parent is not holder:
            del parent[key]
        elif how == "add" and isinstance(parent[key], dict):
            parent[key][str(nasty)[:20] or "new"] = nasty
        elif how == "nest":
            parent[key] = [parent[key]] if isinstance(nasty, list) else {"a": parent[key]}
        else:
            parent[key] = copy.deepcopy(nasty)
    return holder[0]


def _tweak(value, how):
    """A value of the same type, not far away."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return [value + 1, value - 1, -value, 2 * value, 0 * value, value * 10**6][int(6 * how)]
    if isinstance(value, (str, list)):
        at = int(how * len(value))
        return [value[:at], value + value[at:], value[:at] + value[at + 1 :], value[::-1]][int(4 * how)]
    return value


def _places(parent):
    for key in range(len(parent)) if isinstance(parent, list) else list(parent):
        yield parent, key
        if isinstance(parent[key], (list, dict)):
            yield from _places(parent[key])


def json_bytes(value):
    return json.dumps(value).encode()


# Archives

MEMBER_DAMAGES = ["drop", "empty", "cut", "flip", "swap", "twice", "rename", "outside", "garbage", "deflate"]
ARCHIVE_DAMAGES = ["cut", "flip", "zero", "crc", "method", "encrypt", "size", "prefix"]


def archive_damages():
    """Changes of an archive's members, or of the bytes of the whole."""
    members = st.lists(st.tuples(st.sampled_from(MEMBER_DAMAGES), PLACES, PLACES), min_size=1, max_size=2)
    whole = st.lists(st.tuples(st.sampled_from(ARCHIVE_DAMAGES), PLACES), min_size=1, max_size=1)
    return st.tuples(members, st.just([])) | st.tuples(st.just([]), whole)


def one_of(*damages):
    """One of several kinds of damage: pairs of a strategy, and of what stands for none of it."""
    none = [st.just(sound) for _, sound in damages]
    alone = [st.tuples(*none[:i], damage, *none[i + 1 :]) for i, (damage, _) in enumerate(damages)]
    return st.one_of(*alone, st.tuples(*(damage for damage, _ in damages)))


def zip_of(members):
    """The bytes of a zip archive of `members`, a list of (name, bytes)."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that are there twice
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


def damage_archive(members, damages):
    """The bytes of a zip archive of damaged members, damaged as a whole."""
    of_members, of_archive = damages
    members = list(members)
    for how, place, where in of_members:
        if members:
            i = int(place * len(members))
            members[i : i + 1] = _damage_member(how, *members[i], where, members)
    content = bytearray(zip_of(members))
    for how, place in of_archive:
        _damage_bytes(how, content, int(place * len(content)))
    return bytes(content)


def _damage_member(how, name, content, where, members):
    at = int(where * (len(content) + 1))
    other = members[int(where * len(members))]
    changed = {
        "empty": b"",
        "cut": content[:at],
        "flip": content[:at] + bytes(byte ^ 0x41 for byte in content[at : at + 1]) + content[at + 1 :],
        "swap": other[1],
        "garbage": b"\x93NUMPY" + b"\xff" * 40,
        "deflate": content + bytes(10_000),
    }
    renamed = {"rename": name.upper(), "outside": f"../../{name}"}
    if how == "drop":
        return []
    if how == "twice":
        return [(name, content), (name + " "[: len(content) % 2], other[1])]
    return [(renamed.get(how, name), changed.get(how, content))]


def _damage_bytes(how, content, at):
    local, central = 0, content.rfind(b"PK\x01\x02")
    if how == "cut":
        del content[at:]
    elif how == "flip":
        content[at : at + 1] = bytes(byte ^ 0x24 for byte in content[at : at + 1])
    elif how == "zero":
        content[at : at + 4_096] = bytes(len(content[at : at + 4_096]))
    elif how == "prefix":
        content[:0] = b"#!/bin/sh\n"
    elif central >= 0:  # fields of the first local, and the last central, header of a member
        offset, value = {"crc": (14, b"\x01\x02"), "method": (8, b"\x63\0"), "encrypt": (6, b"\x01\0"),
                         "size": (18, b"\xff\xff\xff\x7f")}[how]  # fmt: skip
        content[local + offset : local + offset + len(value)] = value
        content[central + offset + 2 : central + offset + 2 + len(value)] = value
