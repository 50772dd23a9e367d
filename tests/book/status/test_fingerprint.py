from __future__ import annotations

import ast
import json
import os
import subprocess
import sys

import pytest
from reread.book.status import fingerprint as closure
from reread.core.errors import ParameterError


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Write modules of a library that stands in for ours: ``package({"a/b": "import x"})``."""
    folder = tmp_path / "reread"
    monkeypatch.setattr(closure, "PACKAGE", folder)
    monkeypatch.setenv("REREAD_STATE", str(tmp_path / "state"))

    def write(modules: dict[str, str]) -> None:
        for name, text in {"__init__": "", **modules}.items():
            path = folder / f"{name}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    return write


@pytest.fixture
def digest_of(tmp_path):
    def digest(*cells: str) -> str:
        return read(tmp_path, *cells).digest

    return digest


def read(folder, *cells: str) -> closure.Code:
    made = [{"cell_type": "code", "metadata": {}, "source": text.splitlines(True)} for text in cells]
    (folder / "a.ipynb").write_text(json.dumps({"cells": made}))
    return closure.notebook(folder / "a.ipynb")


def files(*imports: str) -> list[str]:
    return [
        path.removeprefix("lib/reread/").removesuffix(".py") for path in closure.Library().closure(imports)
    ]


SPELLINGS = [
    "import reread.maize.data",
    "import reread.maize.data as d, os",
    "from reread.maize import data",
    "from reread.maize.data import load",
    "from reread.maize.data import *",
    "def later():\n    from reread.maize.data import load",
    "from importlib import import_module\nimport_module('reread.maize.data.load')",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_of_an_import_reaches_the_module(package, tmp_path, spelling):
    package({"maize/__init__": "", "maize/data": "", "maize/other": ""})

    assert files(*read(tmp_path, spelling).imports) == ["__init__", "maize/__init__", "maize/data"]


@pytest.mark.parametrize("spelling", ["from . import b", "from .b import x", "from ..maize import b"])
def test_relative_imports_are_followed(package, spelling):
    package({"maize/__init__": "", "maize/a": spelling, "maize/b": ""})

    assert files("reread.maize.a") == ["__init__", "maize/__init__", "maize/a", "maize/b"]


def test_a_relative_import_in_a_package_starts_at_the_package(package):
    package({"maize/__init__": "from . import b", "maize/b": "", "b": ""})

    assert files("reread.maize") == ["__init__", "maize/__init__", "maize/b"]


def test_imports_in_a_circle_end(package):
    package({"a": "import reread.b", "b": "import reread.a"})

    assert files("reread.a") == ["__init__", "a", "b"]


def test_a_folder_without_init_is_walked_through(package):
    package({"maize/deep/c": ""})

    assert files("reread.maize.deep.c") == ["__init__", "maize/deep/c"]


def test_modules_of_others_are_not_ours(package, tmp_path):
    package({})

    assert read(tmp_path, "import numpy\nfrom rereader import x").imports == ()


def test_the_closure_agrees_with_what_python_loads():
    """The slow obvious way is the oracle: import in a fresh interpreter and look."""
    code = "import reread.studies, sys; print(*(m for m in sys.modules if m.split('.')[0] == 'reread'))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    found = {f"reread/{name}".removesuffix("/__init__") for name in files("reread.studies")}

    assert found == {name.replace(".", "/") for name in loaded.split()}


def test_a_cell_that_only_says_a_string_shows_it(digest_of):
    assert digest_of("'hello'") != digest_of("'bye'")
    assert digest_of("'hello'\nx = 1") == digest_of("x = 1")


def test_other_keywords_than_caption_and_alt_count(digest_of):
    assert digest_of("draw(title='a')") != digest_of("draw(title='b')")
    assert digest_of("draw(caption='a')") == digest_of("draw(caption='b')")
    assert digest_of("draw(caption='a')") != digest_of("draw()")


def test_a_call_that_makes_a_caption_counts(digest_of):
    assert digest_of("draw(caption=page.measure('a', 1))") != digest_of("draw(caption=page.measure('b', 1))")


def test_the_order_of_cells_counts(digest_of):
    assert digest_of("x = 1", "x = 2") != digest_of("x = 2", "x = 1")


@pytest.mark.parametrize(
    "magic", ["%matplotlib inline", "!ls {}", "%%time\nx = 1", "files = !ls", "%%bash\nls -l |"]
)
def test_a_magic_counts_by_its_text(digest_of, magic):
    assert digest_of(magic) != digest_of(magic + "x")


def test_imports_beside_a_magic_are_seen(tmp_path):
    assert "reread.core" in read(tmp_path, "%matplotlib inline\nfiles = !ls\nfrom reread import core").imports


def test_a_percent_that_is_a_remainder_is_no_magic(digest_of):
    assert digest_of("x = (7\n% 3)  # odd") == digest_of("x = (7 % 3)")


def test_code_that_is_not_python_counts_by_its_text(digest_of):
    assert digest_of("def (") != digest_of("def ((")


def test_the_parameter_cell_is_passed_over(tmp_path, digest_of):
    cell = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": "seed = 3"}
    (tmp_path / "b.ipynb").write_text(json.dumps({"cells": [cell]}))

    assert closure.notebook(tmp_path / "b.ipynb").digest == digest_of()


@pytest.mark.parametrize("text", ["", "[]", '{"cells": [{}]}', '{"cells": 3}'])
def test_a_file_that_is_no_notebook_is_named(tmp_path, text):
    (tmp_path / "c.ipynb").write_text(text)

    with pytest.raises(ParameterError, match=r"c.ipynb is not a notebook"):
        closure.notebook(tmp_path / "c.ipynb")


def test_two_modules_have_one_text_only_if_python_dumps_them_alike():
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in closure.PACKAGE.rglob("*.py")]
    ours = {closure._text(tree, is_cell=True) for tree in trees}
    oracle = {ast.dump(tree) for tree in trees}

    assert len(ours) == len(oracle) > 10


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("f(alt=f'Dots of {n} genes')", "f(alt=f'A chart of {n} genes')"),
        ("alt = 'Bars of ' + str(n)", "alt = 'All bars of ' + str(n)"),
        ("Drawn(f, t, 'Bars of ' + str(n))", "Drawn(f, t, 'All bars of ' + str(n))"),
        (
            "def _says(n):\n    return f'A bar of {n}'\nDrawn(f, t, _says(1))",
            "def _says(n):\n    return f'One bar of {n}'\nDrawn(f, t, _says(1))",
        ),
    ],
)
def test_words_of_an_alt_text_in_a_module_do_not_count_and_what_it_computes_does(package, before, after):
    digests = []
    for text in (before, after, before.replace("n", "m")):
        package({"a": text})
        digests.append(closure.Library().closure(["reread.a"])["lib/reread/a.py"])

    assert digests[0] == digests[1] != digests[2]


def test_words_of_other_texts_in_a_module_count(package):
    digests = set()
    both = "def _says(n):\n    return f'{} bar of {n}'\nDrawn(f, t, _says(1))\ntitle = _says(2)"
    texts = ["f(label='a gene')", "f(label='one gene')", both, both.replace("{} bar", "{} dot")]
    for text in texts:
        package({"a": text})
        digests.add(closure.Library().closure(["reread.a"])["lib/reread/a.py"])

    assert len(digests) == len(texts)


def test_what_is_remembered_of_a_module_is_taken_by_its_text_and_never_by_its_time(package, tmp_path):
    package({"a": "x = 1"})
    first = closure.Library()
    before = first.closure(["reread.a"])
    first.remember()
    stat = (tmp_path / "reread/a.py").stat()
    package({"a": "x = 2"})
    os.utime(tmp_path / "reread/a.py", ns=(stat.st_atime_ns, stat.st_mtime_ns))

    assert closure.Library().closure(["reread.a"]) != before


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"codes": {}, "digest": ""}', "x = 1"])
def test_a_damaged_memory_is_passed_over(package, tmp_path, damage):
    package({"a": "x = 1"})
    library = closure.Library()
    before = library.closure(["reread.a"])
    library.remember()
    memory = tmp_path / "state/fingerprints.json"
    held = memory.read_text()
    memory.write_text(held.replace(before["lib/reread/a.py"], "0" * 64) if damage == "x = 1" else damage)

    assert closure.Library().closure(["reread.a"]) == before
