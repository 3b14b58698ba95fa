"""Drawing faces into files on all cores, by processes: numpy's many small steps would keep threads on one core."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from facegen_keras.data.drawn_faces.drawing import draw_face


def draw_files(files, attributes, seed):
    """Draw faces into JPEG files, with a process on each core.

    Args:
        files: paths of the pictures, in folders that exist.
        attributes: for each, a dict of all 40 attributes, values 0 or 1.
        seed: int; face i follows from it and from i alone.

    Raises:
        RuntimeError: a process failed; the message ends with what it wrote to stderr.
    """
    jobs = [[i, str(file), values] for i, (file, values) in enumerate(zip(files, attributes))]
    count = min(os.cpu_count() or 1, -(-len(jobs) // 50))
    with ThreadPoolExecutor(count) as pool:
        for worker in pool.map(lambda part: _run_worker({"seed": seed, "jobs": jobs[part::count]}), range(count)):
            if worker.returncode:
                raise RuntimeError(f"Drawing the faces failed: {worker.stderr[-500:].strip()}")


def _run_worker(work):
    home = os.pathsep.join(filter(None, [str(Path(__file__).parents[3]), os.environ.get("PYTHONPATH")]))
    return subprocess.run(
        [sys.executable, "-c", "from facegen_keras.data.drawn_faces.workers import draw_jobs; draw_jobs()"],
        input=json.dumps(work),
        env=os.environ | {"PYTHONPATH": home, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    )


def draw_jobs():
    """Draw the faces that the standard input describes, as JSON; this is what each process runs."""
    work = json.load(sys.stdin)
    for i, file, attributes in work["jobs"]:
        Image.fromarray(draw_face(attributes, np.random.default_rng([work["seed"], i]))).save(file, quality=90)
