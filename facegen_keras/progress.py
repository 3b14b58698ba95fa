"""How long work that takes minutes or hours still takes, in the log."""

import logging
import time

logger = logging.getLogger(__name__)


def tell_time_left(items, what, every=10.0):
    """Yield items, and log between them how much is done and about how long the rest takes.

    Args:
        items: a sequence, or anything else with a length, of about equally much work each.
        what: the work, such as "Decoding faces".
        every: seconds from one line in the log to the next; work that takes less leaves none.
    """
    start = told = time.monotonic()
    for done, item in enumerate(items):
        now = time.monotonic()
        if done and now - told >= every:
            told, left = now, (now - start) / done * (len(items) - done)
            logger.info("%s: %d%% done, about %s left", what, 100 * done // len(items), duration(left))
        yield item


def duration(seconds):
    """A time in words: "40 s", "3 min", "2 h 5 min"."""
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
