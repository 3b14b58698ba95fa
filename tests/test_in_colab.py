"""The notebooks as Colab runs them; `make test-colab` makes the environment, with Colab's versions, and runs this.

Each notebook lies alone in an empty folder, in an environment without the package, and is linked to a repository on
GitHub by the tool behind `make colab`. Git is told that GitHub's repository lies on this disk, so the notebook's own
cell installs this working tree. Only Colab's `google.colab` is a stand-in.
"""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import papermill
import pytest

from facegen_keras.data.sample_faces import write_sample_faces
from test_notebooks import NOTEBOOKS, PARAMETERS
from test_wheel import INGREDIENTS

ROOT = Path(__file__).parents[1]
COLAB = ROOT / ".venv-colab" / "bin" / "python"

pytestmark = [
    pytest.mark.proof,
    pytest.mark.skipif(not COLAB.exists(), reason="no environment with Colab's versions: make test-colab"),
]

DRIVE = """
from pathlib import Path
from facegen_keras.data import colab

colab.MOUNTPOINT = Path("drive").absolute()  # in Colab /content/drive


def mount(mountpoint):
    Path(mountpoint, "MyDrive").mkdir(parents=True, exist_ok=True)
"""

TRAIN = """
import sys
import facegen_keras as fg

run = fg.mount_drive() / "runs" / "first"
fg.train(run, recipe="dcgan2", epochs=int(sys.argv[1]), random_select=32, batch_size=8, resume=True, verbose=2)
"""


def run(*command, **options):
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", **options)
    assert result.returncode == 0, result.stdout
    return result.stdout


@pytest.fixture(scope="module")
def github(tmp_path_factory):
    """The working tree as a repository, with notebooks linked to it, and what makes git take it for GitHub's."""
    folder = tmp_path_factory.mktemp("github") / "faces"
    for name in ("facegen_keras", "notebooks", "tools"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    for name in INGREDIENTS:
        shutil.copy(ROOT / name, folder)
    run(sys.executable, folder / "tools" / "colab.py", "someone/faces")
    git = ["git", "-C", folder, "-c", "user.name=someone", "-c", "user.email=someone@example.org"]
    run("git", "init", "--quiet", folder)
    run(*git, "add", "--all")
    run(*git, "commit", "--quiet", "--message", "everything")
    elsewhere = {"GIT_CONFIG_KEY_0": f"url.file://{folder}.insteadOf", "GIT_CONFIG_COUNT": "1"}
    return folder, elsewhere | {"GIT_CONFIG_VALUE_0": "https://github.com/someone/faces"}


@pytest.fixture
def runtime(github, faces, tmp_path, monkeypatch):
    """A fresh runtime: Colab's packages and kernel, an empty working directory, and no package of ours."""
    stand_in = tmp_path / "stand_in" / "google" / "colab"
    stand_in.mkdir(parents=True)
    (stand_in / "drive.py").write_text(DRIVE, encoding="utf-8")
    kernel = tmp_path / "jupyter" / "kernels" / "colab"
    kernel.mkdir(parents=True)
    start = [str(COLAB), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (kernel / "kernel.json").write_text(json.dumps({"argv": start, "display_name": "Colab"}), encoding="utf-8")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "stand_in"))
    monkeypatch.setenv("FACEGEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("FACEGEN_DATA", str(faces))
    for name, value in github[1].items():
        monkeypatch.setenv(name, value)
    run(COLAB, "-m", "pip", "uninstall", "--quiet", "--yes", "facegen_keras")
    (tmp_path / "content").mkdir()
    return tmp_path / "content"


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    return write_sample_faces(tmp_path_factory.mktemp("colab") / "faces", count=100)


def packages():
    """What is installed, but for the package itself; and where that came from."""
    lines = run(COLAB, "-m", "pip", "freeze", "--all").splitlines()
    ours = [line for line in lines if line.startswith("facegen")]
    return sorted(set(lines) - set(ours)), ours


def execute(path, runtime, parameters):
    alone = shutil.copy(path, runtime)
    return papermill.execute_notebook(
        alone, alone, parameters, cwd=str(runtime), kernel_name="colab", progress_bar=False, log_output=False
    )


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebook_runs_alone_and_changes_no_package_of_colab(name, github, runtime):
    before, ours = packages()
    assert not ours
    on_drive = {"DRIVE": True} if "DRIVE" in papermill.inspect_notebook(str(NOTEBOOKS[name])) else {}
    path = github[0] / "notebooks" / f"{name}.ipynb"
    notebook = execute(path, runtime, PARAMETERS[name] | on_drive)
    after, ours = packages()
    assert after == before
    assert len(ours) == 1 and "git+https://github.com/someone/faces@" in ours[0]
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    written = {file.name for file in runtime.iterdir()}
    assert written == {path.name, "drive"} if on_drive else {path.name}
    if "FOLDER" in papermill.inspect_notebook(str(path)):
        folder = runtime / "drive" / "MyDrive" / "facegen_keras" / "test_samples" / name
        assert any(file.suffix in (".png", ".gif") for file in folder.rglob("*"))
        assert any(str(folder) in output.get("text", "") for output in outputs), "its path is printed whole"


def test_lone_notebook_of_no_repository_says_in_one_sentence_what_to_do(runtime):
    with pytest.raises(papermill.PapermillExecutionError) as failure:
        execute(NOTEBOOKS["02_train"], runtime, {})
    assert (
        failure.value.evalue == 'Set REPOSITORY above to the "owner/name" of the GitHub repository with this notebook.'
    )
    assert packages()[1] == []


def test_run_on_drive_survives_a_disconnect(github, runtime, tmp_path, monkeypatch):
    run(COLAB, "-m", "pip", "install", "--quiet", f"git+file://{github[0]}")
    folder = runtime / "drive" / "MyDrive" / "facegen_keras" / "runs" / "first"
    with subprocess.Popen([COLAB, "-c", TRAIN, "1000"], cwd=runtime, stdout=subprocess.DEVNULL) as training:
        while not (folder / "gan_1.keras").exists():
            assert training.poll() is None
            time.sleep(0.1)
        training.kill()
    monkeypatch.setenv("FACEGEN_CACHE", str(tmp_path / "another machine"))
    done = len(epochs_of(folder))
    said = run(COLAB, "-c", TRAIN, str(done + 2), cwd=runtime)
    assert f"Epoch {done + 2}/{done + 2}" in said and "Epoch 1/" not in said
    assert epochs_of(folder) == [str(epoch + 1) for epoch in range(done + 2)]


def epochs_of(folder):
    lines = (folder / "history.csv").read_text(encoding="utf-8").splitlines()
    return [line.partition(",")[0] for line in lines[1:]]


def test_the_versions_are_those_of_colab():
    found = dict(line.split("==") for line in packages()[0] if "==" in line)
    expected = {"tensorflow": "2.19", "keras": "3.10", "numpy": "2.0", "ipywidgets": "7.7", "ipykernel": "6.17"}
    assert {name: ".".join(found[name].split(".")[:2]) for name in expected} == expected
    assert run(COLAB, "-c", "import sys; print(sys.version_info[:2])") == "(3, 12)\n"
