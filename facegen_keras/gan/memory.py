"""Memory that is asked for, before it is taken."""

import os


def check_memory(wish, needed, mend):
    """Do nothing where this machine has the memory that something needs; else say how much that is.

    Args:
        wish: what was asked for, such as "count=100".
        needed: bytes.
        mend: what to change.

    Raises:
        ValueError: it is more than this machine's memory as a whole; nothing is raised where that cannot be read.
    """
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows
        return
    if needed > memory:
        raise ValueError(f"{wish} would take {needed / 1e9:,.1f} GB; this machine has {memory / 1e9:,.1f} GB: {mend}.")
