"""Which numbers a machine computes fast in."""

import functools
from pathlib import Path

import tensorflow as tf

DTYPE_POLICIES = ("float32", "mixed_bfloat16", "mixed_float16", "auto")
CPU_FLAGS = {"amx_bf16", "avx512_bf16"}  # as Linux names the instructions that multiply in bfloat16
GPU_CAPABILITY = (8, 0)  # NVIDIA's Ampere, the first with bfloat16


def choose_dtype_policy(name="auto"):
    """The Keras dtype policy for a name of `DTYPE_POLICIES`.

    Args:
        name: "auto" takes "mixed_bfloat16" where every GPU, or without one the processor, has instructions for it;
            "mixed_float16" on older NVIDIA GPUs; else "float32".

    Raises:
        ValueError: there is no such policy.
    """
    if name not in DTYPE_POLICIES:
        raise ValueError(f"dtype_policy={name!r}: expected one of {', '.join(DTYPE_POLICIES)}.")
    return _fastest_here()[0] if name == "auto" else name


def explain_dtype_policy():
    """What "auto" takes on this machine, and why: "mixed_bfloat16, as this processor has amx_bf16"."""
    return "{}, as {}".format(*_fastest_here())


@functools.cache
def _fastest_here():
    if gpus := tf.config.list_physical_devices("GPU"):
        details = map(tf.config.experimental.get_device_details, gpus)
        return fastest_on_gpus([detail.get("compute_capability") for detail in details])
    try:
        return fastest_on_processor(Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    except OSError:
        return "float32", "this system does not say what the processor is fast at"


def fastest_on_gpus(capabilities):
    """The policy for GPUs of some compute capabilities, pairs such as (7, 5), or None where unknown; and the reason."""
    if None in capabilities:
        return "float32", "a GPU does not tell its compute capability"
    lowest = min(capabilities)
    least, found = (".".join(map(str, capability)) for capability in (GPU_CAPABILITY, lowest))
    if lowest >= GPU_CAPABILITY:
        return "mixed_bfloat16", f"the GPU has compute capability {found}: bfloat16 needs {least}"
    return "mixed_float16", f"the GPU has compute capability {found}, and bfloat16 needs {least}"


def fastest_on_processor(cpuinfo):
    """The policy for a processor, by the text of Linux' /proc/cpuinfo; and the reason."""
    if found := sorted(CPU_FLAGS & set(cpuinfo.split())):
        return "mixed_bfloat16", f"this processor has {' and '.join(found)}"
    return "float32", f"this processor has no instructions for bfloat16 ({' or '.join(sorted(CPU_FLAGS))})"
