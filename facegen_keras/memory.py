"""Memory that is asked for, before it is taken."""

import contextlib
import os
from pathlib import Path

# Where control groups of version 2 and 1 keep their limit, below the root of the file system.
CGROUPS = {"": ("sys/fs/cgroup", "memory.max"), "memory": ("sys/fs/cgroup/memory", "memory.limit_in_bytes")}


def check_memory(wish, needed, mend, limit=None, where="this machine"):
    """Do nothing where there is the memory that something needs; else say how much that is.

    Args:
        wish: what was asked for, such as "count=100".
        needed: bytes.
        mend: what to change.
        limit: bytes that there are; by default `memory_limit()`, and None where that cannot be read.
        where: whose memory that is.

    Raises:
        ValueError: it is more than all the memory that there is.
    """
    limit = memory_limit() if limit is None else limit
    if limit is not None and needed > limit:
        raise ValueError(f"{wish} would take {needed / 1e9:,.1f} GB; {where} has {limit / 1e9:,.1f} GB: {mend}.")


def memory_limit(root="/"):
    """Bytes of main memory that processes here may take, in a container as many as it is allowed; None if unknown.

    Args:
        root: of the file system that tells what a container is allowed.
    """
    limits = []
    with contextlib.suppress(AttributeError, ValueError, OSError):  # Windows
        limits.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for file in _limit_files(Path(root)):
        with contextlib.suppress(ValueError, OSError):  # "max", or no such file
            limits.append(int(file.read_text(encoding="utf-8")))
    return min(limits, default=None)


def _limit_files(root):
    """Where the limits of this process's control groups, and of those above them, may be."""
    try:
        groups = (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for group in groups:  # "0::/path" in version 2, "4:memory:/path" in version 1
        _, controller, path = group.split(":", 2)
        if controller in CGROUPS:
            folder, name = CGROUPS[controller]
            inner = root / folder / path.strip("/")
            yield from (above / name for above in (inner, *inner.parents) if above.is_relative_to(root / folder))
