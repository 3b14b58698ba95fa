import os
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[2] / "tools" / "benchmark.py"


@pytest.mark.slow
def test_both_pipelines_are_measured(tiny_celeba):
    result = subprocess.run(
        [sys.executable, TOOL, "--rounds", "1", "--seconds", "0"],
        env=os.environ | {"FACEGEN_DATA": str(tiny_celeba)},
        capture_output=True,
        encoding="utf-8",
    )
    assert result.returncode == 0, result.stderr
    assert "20 pictures" in result.stdout and "times as fast" in result.stdout
