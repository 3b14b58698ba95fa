import os

import pytest

from facegen_keras.memory import check_memory, memory_limit


def contain(root, groups, **limits):
    """Lay out what Linux shows a process of its control groups."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(groups)
    for folder, limit in limits.items():
        file = root / "sys/fs/cgroup" / folder.replace("__", "/").rstrip("/")
        version_1 = folder.startswith("memory")
        file.mkdir(parents=True, exist_ok=True)
        (file / ("memory.limit_in_bytes" if version_1 else "memory.max")).write_text(limit)
    return root


@pytest.mark.parametrize(
    "groups, limits, expected",
    [
        ("0::/\n", {"__": "1000\n"}, 1000),  # version 2, in a container
        ("0::/user/job\n", {"user": "1000\n", "user__job": "max\n"}, 1000),  # a limit of a group above
        ("4:memory:/docker/1\n3:cpu:/\n", {"memory__docker__1": "2000\n"}, 2000),  # version 1
        ("4:memory:/docker/1\n0::/\n", {"memory": "2000\n"}, 2000),  # version 1, in a container
    ],
)
def test_a_container_has_the_memory_that_it_is_allowed(tmp_path, groups, limits, expected):
    assert memory_limit(contain(tmp_path, groups, **limits)) == expected


@pytest.mark.skipif(not hasattr(os, "sysconf"), reason="Windows does not tell")
@pytest.mark.parametrize("limits", [{"__": "max\n"}, {"memory": "9223372036854771712\n"}, {}])
def test_without_a_limit_it_is_the_machine_that_counts(tmp_path, limits):
    everything = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert memory_limit(contain(tmp_path, "4:memory:/\n0::/\n", **limits)) == everything
    assert memory_limit() <= everything


def test_what_cannot_fit_is_refused_with_the_mend():
    check_memory("count=9", 9, "take fewer", limit=9)
    with pytest.raises(ValueError, match=r"count=9 would take 10\.0 GB; the GPU has 8\.0 GB: take fewer\."):
        check_memory("count=9", 10e9, "take fewer", limit=8e9, where="the GPU")
