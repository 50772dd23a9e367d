"""The set-up: one lock for pip and conda, clean of local places, and one test command everywhere."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
NAME = re.compile(r"^([A-Za-z0-9_.-]+)==", re.MULTILINE)


def lock() -> str:
    return (ROOT / "requirements.lock").read_text(encoding="utf-8")


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def locked() -> set[str]:
    return {canonical(name) for name in NAME.findall(lock())}


def test_the_lock_pins_every_line_to_one_version():
    lines = [line.partition("#")[0].strip() for line in lock().splitlines()]

    assert len(locked()) > 50
    assert [line for line in lines if line and not re.match(r"^[\w.\-\[\]]+==[\w.]+( ;.*)?$", line)] == []


@pytest.mark.parametrize("trace", ["://", "+cpu", "file:", "nvidia-", "cuda"])
def test_the_lock_holds_no_address_local_build_or_accelerator_package(trace):
    assert trace not in "\n".join(line.partition("#")[0] for line in lock().splitlines())


def test_everything_asked_for_is_locked():
    asked = re.findall(r"^([A-Za-z0-9_.-]+)", (ROOT / "requirements.in").read_text(), re.MULTILINE)

    assert len(asked) > 20
    assert {canonical(name) for name in asked} <= locked()


def test_every_dependency_of_the_package_and_its_extras_is_locked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = [
        *project["dependencies"],
        *(n for extra in project["optional-dependencies"].values() for n in extra),
    ]

    assert {canonical(re.match(r"[\w.-]+", name)[0]) for name in needed} <= locked()


def test_every_dependency_of_the_package_is_used():
    """Each is imported by the library, or named here with what it does unseen."""
    unseen = {
        "ipykernel": "runs the chapters",
        "tqdm": "the bar of a download",
        "papermill": "runs the chapters in a process of its own",
    }
    modules = {"pyyaml": "yaml", "scikit-learn": "sklearn"}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    source = "\n".join(path.read_text() for path in (ROOT / "lib").rglob("*.py"))

    names = {re.match(r"[\w.-]+", name)[0] for name in project["dependencies"]} - unseen.keys()
    idle = [n for n in names if not re.search(rf"(import|from) {modules.get(n, n)}\b", source)]

    assert idle == []


def test_the_pythons_of_the_package_the_readme_and_the_makefile_are_the_same():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    makefile, readme = (ROOT / "Makefile").read_text(), " ".join((ROOT / "README.md").read_text().split())

    assert project["requires-python"] == ">=3.11,<3.14"
    assert "not (3, 11) <= v < (3, 14)" in makefile and "h5py 3.14" in makefile
    assert "Python 3.11, 3.12 or 3.13" in readme and "Python 3.14 is refused" in readme


def test_the_cpu_build_of_torch_is_the_default_and_another_build_a_choice():
    def plan(*words: str) -> str:
        done = subprocess.run(
            ["make", "-n", "-B", "book", *words], cwd=ROOT, capture_output=True, text=True, check=True
        )
        return done.stdout

    assert "--torch-backend=cpu" in plan()
    assert "--torch-backend=auto" in plan("TORCH=cuda") and "--reinstall-package torch" in plan("TORCH=cuda")
    assert "--torch-backend=cu128" in plan("TORCH=cu128")


def test_conda_users_get_the_same_lock_and_python():
    recipe = yaml.safe_load((ROOT / "environment.yml").read_text())
    pip = next(entry["pip"] for entry in recipe["dependencies"] if isinstance(entry, dict))

    assert pip[0] == "-r requirements.lock"
    assert f"python={(ROOT / 'README.md').read_text().split('Python ')[1][:4]}" in recipe["dependencies"]


def test_ci_runs_the_test_command_of_the_readme_and_nothing_else():
    said = [
        line
        for line in (ROOT / ".ci/run").read_text().splitlines()
        if not line.startswith(("#", "set", "cd"))
    ]

    assert said == ["make test"]
    assert "\nmake test " in (ROOT / "README.md").read_text()
