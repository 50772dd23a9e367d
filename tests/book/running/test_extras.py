"""A page whose packages are absent names the extra that brings them, and the command to install it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from reread.book.running import extras
from reread.book.running.page_run import run_page
from reread.core import errors
from reread.core.errors import MissingExtra, RunError, require
from reread.pages import page

ROOT = Path(__file__).resolve().parents[3]


def listed() -> dict[str, list[str]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return {
        extra: [re.match(r"[\w.-]+", one)[0] for one in named]
        for extra, named in project["optional-dependencies"].items()
    }


@pytest.fixture
def metadata(monkeypatch) -> None:
    """Requirements as the wheel lists them: each with its own marker and that of its extra."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = list(project["dependencies"])
    for extra, named in project["optional-dependencies"].items():
        for name, _, marker in (one.partition(" ; ") for one in named):
            lines.append(
                f'{name}; ({marker}) and extra == "{extra}"' if marker else f'{name}; extra == "{extra}"'
            )
    monkeypatch.setattr(extras, "requires", {"reread": lines}.get)


@pytest.mark.parametrize(
    ("module", "study", "extra"),
    [
        ("torch", "networks", "networks"),
        ("torch", "genomes", "genomes"),
        ("torch", "maize", "depression"),  # not of this study: the first that has it
        ("tensorflow", "networks", "maize"),
        ("keras", "maize", "maize"),
        ("umap", "maize", "maize"),
        ("huggingface_hub", "genomes", "genomes"),
        ("jupyterlab", "lincs", "lab"),
        ("numpy", "maize", ""),  # no extra, but every environment has it
        ("no_such_package", "maize", ""),
    ],
)
def test_a_module_is_brought_by_an_extra(metadata, module, study, extra):
    assert extras.bringing(module, study) == extra


def test_every_extra_that_the_metadata_names_is_found(metadata):
    """Each distribution of each extra, by the name of its module, is brought by an extra that lists it."""
    for extra, names in listed().items():
        for name in names:
            found = extras.bringing(name.replace("-", "_"), extra)
            assert name in listed().get(found, ()), name


@pytest.mark.parametrize("is_checkout", [True, False])
def test_the_command_fits_the_place(tmp_path, monkeypatch, metadata, is_checkout):
    """From a function of ours and for a bare import of a page: the checkout's command, else the wheel's."""
    monkeypatch.setattr(errors, "_TOP", ROOT if is_checkout else tmp_path)
    said = "Run, at the top of the checkout:  pip install -e '.[maize]'"
    command = said if is_checkout else "Run:  pip install 'reread[maize]'"
    with pytest.raises(MissingExtra) as caught:
        require("no_such_package", "maize")

    error, message = extras.explain("ModuleNotFoundError", "No module named 'shap'", "maize")

    assert error == "MissingExtra"
    assert message.splitlines()[-1] == str(caught.value).splitlines()[-1] == command


def test_a_module_that_no_extra_brings_keeps_its_error():
    message = "No module named 'mine'"

    assert extras.explain("ModuleNotFoundError", message, "maize") == ("ModuleNotFoundError", message)


def test_a_page_without_its_framework_fails_with_the_extra_and_exit_code_4(chapter_of):
    absent = "raise ModuleNotFoundError(\"No module named 'tensorflow.keras'\", name='tensorflow')"
    chapter_of("01-cells", [absent])

    with pytest.raises(
        RunError, match=r"The extra 'maize' brings tensorflow.*\nRun, at the top.* -e '.\[maize\]'"
    ) as caught:
        run_page(page("maize/01-cells"), say=lambda _: None)

    assert caught.value.exit_code == 4
