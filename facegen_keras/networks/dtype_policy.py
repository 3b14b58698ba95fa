"""Which numbers a machine computes fast in."""

import functools
from pathlib import Path

import tensorflow as tf

DTYPE_POLICIES = ("float32", "mixed_bfloat16", "auto")
CPU_FLAGS = {"amx_bf16", "avx512_bf16"}  # as Linux names the instructions that multiply in bfloat16
GPU_CAPABILITY = (8, 0)  # NVIDIA's Ampere, the first with bfloat16


def choose_dtype_policy(name="auto"):
    """The Keras dtype policy for a name of `DTYPE_POLICIES`.

    Args:
        name: "auto" takes "mixed_bfloat16" where every GPU, or without one the processor, has instructions for it;
            else "float32".

    Raises:
        ValueError: there is no such policy.
    """
    if name not in DTYPE_POLICIES:
        raise ValueError(f"dtype_policy={name!r}: expected one of {', '.join(DTYPE_POLICIES)}.")
    return ("mixed_bfloat16" if _is_fast_in_bfloat16() else "float32") if name == "auto" else name


@functools.cache
def _is_fast_in_bfloat16():
    if gpus := tf.config.list_physical_devices("GPU"):
        details = map(tf.config.experimental.get_device_details, gpus)
        return all(detail.get("compute_capability", (0, 0)) >= GPU_CAPABILITY for detail in details)
    try:
        words = set(Path("/proc/cpuinfo").read_text(encoding="utf-8").split())
    except OSError:
        return False
    return bool(CPU_FLAGS & words)
