import pytest

from facegen_keras.networks.dtype_policy import (
    choose_dtype_policy,
    explain_dtype_policy,
    fastest_on_gpus,
    fastest_on_processor,
)


@pytest.mark.parametrize(
    "capabilities, policy, reason",
    [
        ([(8, 0), (12, 0)], "mixed_bfloat16", "8.0"),
        ([(7, 5)], "mixed_float16", "7.5"),  # Colab's T4
        ([(8, 6), (7, 0)], "mixed_float16", "7.0"),
        ([(8, 0), None], "float32", "does not tell"),
    ],
)
def test_the_oldest_gpu_decides(capabilities, policy, reason):
    chosen, why = fastest_on_gpus(capabilities)
    assert chosen == policy and reason in why


@pytest.mark.parametrize(
    "flags, policy, reason",
    [
        ("fpu avx512_bf16 amx_bf16", "mixed_bfloat16", "amx_bf16 and avx512_bf16"),
        ("fpu avx2 avx512f", "float32", "no instructions"),
    ],
)
def test_a_processor_is_known_by_its_instructions(flags, policy, reason):
    chosen, why = fastest_on_processor(f"processor\t: 0\nflags\t\t: {flags}\n")
    assert chosen == policy and reason in why


def test_auto_says_what_it_took_and_why():
    assert explain_dtype_policy().startswith(f"{choose_dtype_policy('auto')}, as ")
    assert choose_dtype_policy("mixed_float16") == "mixed_float16"
    with pytest.raises(ValueError, match="dtype_policy"):
        choose_dtype_policy("float16")
