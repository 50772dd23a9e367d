"""The set-up: one lock for pip and conda, clean of local places, and one test command everywhere."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from reread import cli

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

    no_result_depends_on = {"jupyterlab"}  # the extra `lab`; a new pin would outdate every recorded run
    assert {canonical(re.match(r"[\w.-]+", name)[0]) for name in needed} - no_result_depends_on <= locked()


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


RECIPES = ("environment.yml", "Dockerfile", "apptainer.def", "binder/postBuild", "binder/runtime.txt",
           ".devcontainer/devcontainer.json", ".pre-commit-config.yaml")  # fmt: skip


def recipe(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_short_names_no_host_and_a_python_that_the_package_supports(name):
    versions = re.findall(r"\bpython[:=-](\d+\.\d+)", recipe(name))

    assert len(recipe(name).splitlines()) <= 20
    assert re.findall(r"https?://|\b[\w-]+\.(?:io|org|com)\b", recipe(name)) == []
    assert set(versions) <= {"3.11", "3.12", "3.13"}
    assert versions or name in (
        "binder/postBuild",
        ".devcontainer/devcontainer.json",
        ".pre-commit-config.yaml",
    )


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_calls_targets_and_commands_that_exist(name):
    targets = set(re.findall(r"^([a-z-]+):", recipe("Makefile"), re.MULTILINE))
    app = {command.name or command.callback.__name__ for command in cli.app.registered_commands}
    text = "\n".join(re.sub(r"(^| )#.*", "", line) for line in recipe(name).splitlines())

    called = re.findall(r"\bmake[\", ]+([a-z-]+)", text.replace("git make", ""))
    assert set(called) <= targets
    assert set(re.findall(r"bin/reread ([a-z-]+)", text)) <= app
    for program in re.findall(r"\.venv/bin/([a-z-]+)", text):
        assert (Path(sys.executable).parent / program).exists(), program


def test_the_containers_and_binder_install_the_lock_as_make_book_does():
    for name in ("Dockerfile", "apptainer.def", "binder/postBuild", ".devcontainer/devcontainer.json"):
        assert re.search(r"\bmake environment\b", recipe(name)), name
    plan = ["make", "-n", "-B", "environment"]
    said = subprocess.run(plan, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "-r requirements.lock" in said and "--torch-backend=cpu" in said


def test_the_devcontainer_builds_a_stage_of_the_dockerfile():
    build = json.loads(recipe(".devcontainer/devcontainer.json"))["build"]
    dockerfile = (ROOT / ".devcontainer" / build["dockerfile"]).resolve()

    assert dockerfile == ROOT / "Dockerfile"
    assert (ROOT / ".devcontainer" / build["context"]).resolve() == ROOT
    assert f" AS {build['target']}\n" in dockerfile.read_text()


def test_hooks_are_those_of_make_lint_and_fetch_nothing():
    (repo,) = yaml.safe_load(recipe(".pre-commit-config.yaml"))["repos"]
    lint = recipe("Makefile").partition("\nlint:")[2].partition("\n\n")[0]

    assert repo["repo"] == "local"
    assert {hook["language"] for hook in repo["hooks"]} == {"system"}
    for hook in repo["hooks"]:
        command = hook["entry"].removeprefix(".venv/bin/").removesuffix(" --force-exclude")
        assert f"$(BIN)/{command}" in lint


def test_the_runscript_of_apptainer_writes_to_the_working_directory(tmp_path):
    script = recipe("apptainer.def").partition("%runscript\n")[2]
    script = script.replace("exec /reread/.venv/bin/reread", "env; exec echo given")
    done = subprocess.run(
        ["bash", "-c", script, "reread", "run", "a b"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    found = dict(line.split("=", 1) for line in done.stdout.splitlines() if line.startswith("REREAD_"))

    assert found["REREAD_HOME"] == "/reread"
    for name in ("RUNS", "DATA", "STATE", "SITE"):
        assert Path(found[f"REREAD_{name}"]).parent == tmp_path
    assert done.stdout.splitlines()[-1] == "given run a b"


def test_a_container_gets_what_git_holds_and_nothing_made_here():
    left_out = recipe(".dockerignore").splitlines()[1:]
    held = subprocess.run(["git", "ls-files", "data"], cwd=ROOT, capture_output=True, text=True, check=True)

    assert {line[1:] for line in left_out if line.startswith("!")} == set(held.stdout.split())
    for line in left_out:
        assert line.removeprefix("!").rstrip("*") in recipe(".gitignore"), line


def test_the_readme_says_how_to_finish_after_conda_and_what_was_not_tried():
    readme = " ".join(recipe("README.md").split())

    assert "then `reread build`" in readme and "then `reread build`" in recipe("environment.yml")
    for name in ("Dockerfile", "apptainer.def", "binder", ".devcontainer", ".pre-commit-config.yaml", "WSL"):
        assert name in readme, name
    assert "No container engine" in readme


def test_ci_runs_the_test_command_of_the_readme_and_nothing_else():
    said = [
        line
        for line in (ROOT / ".ci/run").read_text().splitlines()
        if not line.startswith(("#", "set", "cd"))
    ]

    assert said == ["make test"]
    assert "\nmake test " in (ROOT / "README.md").read_text()
