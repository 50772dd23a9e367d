"""The rules of the tree, and for each rule a planted breach that it must catch."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path
from textwrap import dedent

import pytest
from reread.core import paths as places

ROOT = Path(__file__).resolve().parents[1]
LIB = ROOT / "lib/reread"
MODULES = sorted(LIB.rglob("*.py"))
NOTEBOOKS = sorted(ROOT.glob("chapters/*/*.ipynb"))
FRAMEWORKS = {"torch", "tensorflow", "keras", "pytorch_lightning", "lightning", "transformers"}
LIBRARIES = {"papermill", "matplotlib", "lightgbm", "snakemake", "networkx", "shap", "umap", "cmapPy"}
HEAVY = FRAMEWORKS | LIBRARIES
STATEMENTS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.For, ast.While, ast.If, ast.Try)
MOST_LINES, MOST_BODY_LINES, MOST_CELLS, MOST_CELL_LINES = 400, 50, 14, 14
MOST_ROOMS, MOST_ARROWS, MOST_ARGUMENTS = 7, 9, 8
# functions with more arguments than that, and why
PER_NETWORK = "each hyperparameter of the published network has its own argument, as in torch.nn"
PER_TRAINING = "a notebook names each setting of the training in its call"
PER_SOURCE = "a notebook names each parameter of a source in its call"
MANY_ARGUMENTS = {
    "genomes/models/fine_tuning.py lora": PER_TRAINING,
    "lincs/models/fit.py fit_vae": PER_TRAINING,
    "lincs/models/fit.py fit_svqvae": PER_TRAINING,
    "lincs/models/svqvae.py __init__": PER_NETWORK,
    "lincs/models/vae.py __init__": PER_NETWORK,
    "maize/models/cnn.py train": PER_TRAINING,
    "networks/data/load.py load": PER_SOURCE,
    "networks/models/cross_validate.py cross_validate": PER_TRAINING,
    "networks/models/deeptgi.py __init__": PER_NETWORK,
    "networks/models/token_attention.py __init__": PER_NETWORK,
}


def is_model(path: Path) -> bool:
    """Whether a file may import a framework: a study's models, and the training loop that they share."""
    return "models" in path.parts or "training" in path.parts


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


# layers


def lint(package: Path, config: Path) -> subprocess.CompletedProcess:
    """What import-linter says of the package in ``package/reread``."""
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo", "--config", config]
    env = os.environ | {"PYTHONPATH": str(package)}
    return subprocess.run(command, cwd=package, env=env, capture_output=True, text=True, check=False)


def test_imports_point_down_and_never_sideways():
    done = lint(ROOT / "lib", ROOT / "pyproject.toml")

    assert done.returncode == 0, done.stdout + done.stderr


PLANTED = {
    "upwards": (
        "core/files.py",
        "from reread import pages\n",
        "reread.core is not allowed to import reread.pages",
    ),
    "out of the book": (
        "chapter.py",
        "from reread.book.status import staleness\n",
        "reread.chapter is not allowed to import",
    ),
    "inside a function": (
        *("networks/data/load.py", "def late():\n    from reread import cli\n"),
        "reread.networks is not allowed to import reread.cli",
    ),
    "sideways": (
        "maize/__init__.py",
        "from reread.networks.data import load\n",
        "reread.maize is not allowed to import",
    ),
    "up a room": (
        "maize/data/load.py",
        "from reread.maize.methods import gene_sets\n",
        "reread.maize.data is not allowed to import reread.maize.methods",
    ),
    "a study in the book": (
        "book/sync.py",
        "from reread.maize.data import load\n",
        "reread.book is not allowed to import reread.maize",
    ),
    "a chapter in another": (
        "maize/chapters/ch04_clusters.py",
        "from reread.maize.chapters import ch01_expression\n",
        "reread.maize.chapters.ch04_clusters is not allowed to import",
    ),
    "a framework in a method": (
        "networks/methods/hubs.py",
        "def late():\n    import torch\n",
        "reread.networks.methods is not allowed to import torch",
    ),
}


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_import_is_caught(tmp_path, kind):
    file, code, said = PLANTED[kind]
    shutil.copytree(LIB, tmp_path / "reread", ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / "reread" / file).open("a") as stream:
        stream.write(f"\n{code}")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)

    done = lint(tmp_path, tmp_path / "pyproject.toml")

    assert done.returncode == 1
    assert said in " ".join(done.stdout.split())


def test_a_study_has_one_key_everywhere():
    """Its chapters, its package, its tests, its extra, and its places in both contracts."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = {one["id"]: one for one in project["tool"]["importlinter"]["contracts"]}
    layers, studies, rooms = (contracts[name] for name in ("layers", "studies", "rooms"))
    keys = {path.parent.name for path in ROOT.glob("chapters/*/study.yml")}

    assert keys
    assert keys <= set(places.STUDIES)
    assert keys == {path.name for path in LIB.iterdir() if path.name in places.STUDIES}
    assert keys <= {path.name for path in (ROOT / "tests").iterdir()}
    assert keys <= set(project["project"]["optional-dependencies"])
    assert {f"reread.{key}" for key in keys} == set(studies["modules"]) == set(rooms["containers"])
    assert {f"reread.{key}" for key in keys} <= {
        one for line in layers["layers"] for one in line.split(" | ")
    }


# rooms


def rooms_of(study: str) -> set[str]:
    return {path.relative_to(LIB / study).parts[0] for path in (LIB / study).glob("*/*.py")}


def imported(tree: ast.AST) -> Iterator[str]:
    """Modules that a source imports, those of ``from x import y`` as ``x.y``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def arrows_of(study: str) -> set[tuple[str, str]]:
    """Pairs of rooms of a study of which the first imports the second."""
    rooms, found = rooms_of(study), set()
    for room in rooms:
        for path in (LIB / study / room).rglob("*.py"):
            parts = [name.split(".") for name in imported(ast.parse(path.read_text()))]
            found |= {(room, one[2]) for one in parts if one[:2] == ["reread", study] and len(one) > 2}
    return {(a, b) for a, b in found if a != b and b in rooms}


@pytest.mark.parametrize("study", sorted(path.name for path in LIB.iterdir() if path.name in places.STUDIES))
def test_a_study_has_few_rooms_and_few_arrows_and_none_points_up(study):
    order = ["chapters", "methods", "models", "data", "io"]
    arrows = arrows_of(study)

    assert rooms_of(study) <= set(order) and len(rooms_of(study)) <= MOST_ROOMS
    assert len(arrows) <= MOST_ARROWS
    assert [(a, b) for a, b in arrows if order.index(a) >= order.index(b)] == []


def needs_of(paths: list[Path]) -> dict[str, set[str]]:
    """Each module and those of the others that it imports, also inside functions."""
    names = {".".join(("reread", *path.relative_to(LIB).with_suffix("").parts)): path for path in paths}
    found = {name: {*imported(ast.parse(path.read_text()))} for name, path in names.items()}
    return {
        name: {one if one in names else one.rpartition(".")[0] for one in wanted} & names.keys() - {name}
        for name, wanted in found.items()
    }


def test_no_modules_import_each_other_in_a_circle():
    needs = needs_of(MODULES)

    assert sum(map(len, needs.values())) > 300
    assert len(list(TopologicalSorter(needs).static_order())) == len(needs)


def strings_that_import(source: str) -> list[str]:
    """Modules of ours that a source imports by a string, where no contract sees them."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    importing = [
        one
        for one in calls
        if ast.unparse(one.func).split(".")[-1] in ("import_module", "__import__", "need")
    ]
    texts = [ast.unparse(argument) for one in importing for argument in one.args]
    return [text for text in texts if "reread" in text]


def test_no_module_of_ours_is_imported_by_a_string():
    assert {named(path): found for path in MODULES if (found := strings_that_import(path.read_text()))} == {}
    assert strings_that_import("import_module(f'reread.{study}')") == ["f'reread.{study}'"]


def test_a_framework_is_asked_for_by_name_in_models_only():
    """``need("tensorflow")`` loads a framework as an import does, and no contract sees it."""
    asked = re.compile(rf"need\(\s*[\"']({'|'.join(FRAMEWORKS)})\b")

    assert [named(path) for path in MODULES if not is_model(path) and asked.search(path.read_text())] == []
    assert asked.search('keras = need("keras", "maize")')


@pytest.mark.parametrize("path", [p for p in MODULES if p.name == "__init__.py"], ids=named)
def test_an_init_holds_one_docstring_and_exports_nothing(path):
    assert len(ast.parse(path.read_text()).body) == 1


# light imports


def loaded_after(*modules: str) -> dict[str, str]:
    """Heavy package to the first of ``modules`` that loads it, in a fresh interpreter."""
    code = dedent(
        f"""
        import importlib, json, sys
        found = {{}}
        for name in {modules!r}:
            importlib.import_module(name)
            for heavy in {sorted(HEAVY)!r}:
                if heavy in sys.modules:
                    found.setdefault(heavy, name)
        print(json.dumps(found))
        """
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def light_modules() -> list[str]:
    files = [path for path in MODULES if not is_model(path)]
    names = [".".join(("reread", *path.relative_to(LIB).with_suffix("").parts)) for path in files]
    return [name.removesuffix(".__init__") for name in names]


def test_importing_a_light_module_loads_no_framework():
    assert loaded_after(*light_modules()) == {}


def test_the_probe_itself_sees_a_heavy_import():
    assert loaded_after("json", "papermill") == {"papermill": "papermill"}
    assert "torch" in loaded_after("reread.networks.models.deeptgi")


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("reread.cli", {"numpy", "pandas", "pydantic", "nbformat"}),
        ("reread.chapter", {"pandas", "scipy", "sklearn"}),
    ],
)
def test_help_and_the_guard_come_before_anything_slow(module, absent):
    """A misspelt parameter is refused in the time that a kernel takes to start."""
    code = f"import {module}, sys; print(sorted({absent!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def frameworks_in(source: str) -> set[str]:
    """Frameworks that a source imports, wherever the import stands, but for those only type checkers see."""
    tree = ast.parse(source)
    typing = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    found = set()
    for node in ast.walk(tree):
        if node in typing:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add((node.module or "").split(".")[0])
    return found & FRAMEWORKS


def test_only_models_import_a_framework():
    guilty = {named(p): frameworks_in(p.read_text()) for p in MODULES if not is_model(p)}

    assert {path: found for path, found in guilty.items() if found} == {}


def test_a_framework_inside_a_function_is_seen():
    assert frameworks_in("def f():\n    import torch.nn as nn\n") == {"torch"}
    assert frameworks_in("from tensorflow import keras\n") == {"tensorflow"}
    assert frameworks_in("if TYPE_CHECKING:\n    import torch\n") == set()


# notebooks


def code_cells(path: Path) -> list[dict]:
    return [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]


def breaches(cells: list[dict]) -> Iterator[str]:
    """Rules of a chapter that its code cells break."""
    if len(cells) > MOST_CELLS:
        yield f"has {len(cells)} code cells"
    for cell in cells:
        source = "".join(cell["source"])
        is_written = "parameters" in cell.get("metadata", {}).get("tags", [])  # by `reread sync`
        if len(source.splitlines()) > MOST_CELL_LINES and not is_written:
            yield f"{cell['id']}: {len(source.splitlines())} lines"
        if cell["outputs"] or cell["execution_count"] is not None:
            yield f"{cell['id']}: holds outputs"
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, STATEMENTS):
                yield f"{cell['id']}: {type(node).__name__}"
        for framework in frameworks_in(source):
            yield f"{cell['id']}: imports {framework}"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=named)
def test_a_chapter_is_prose_calls_and_pictures(path):
    assert list(breaches(code_cells(path))) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=named)
def test_a_chapter_begins_with_its_guard_and_ends_with_its_verdicts(path):
    cells = code_cells(path)
    tagged = [n for n, cell in enumerate(cells) if "parameters" in cell["metadata"].get("tags", [])]
    guard = "".join(cells[tagged[0] + 1]["source"])

    assert len(tagged) == 1
    assert f'chapter.open_page("{path.parent.name}/{path.stem}", globals())' in guard
    assert "".join(cells[-1]["source"]).strip() == "page.close()"


def test_there_are_chapters_to_check():
    assert len(NOTEBOOKS) >= 6


def test_every_breach_of_a_chapter_is_seen():
    def cell(source: str, **changes) -> dict:
        return {"id": "a", "source": source, "outputs": [], "execution_count": None} | changes

    for source in (
        "def f(): pass",
        "class A: pass",
        "for a in b: c",
        "while a: b",
        "if a: b",
        "try: a\nexcept: b",
    ):
        assert len(list(breaches([cell(source)]))) == 1, source
    assert list(breaches([cell("import torch")])) == ["a: imports torch"]
    assert list(breaches([cell("a\n" * (MOST_CELL_LINES + 1))])) == [f"a: {MOST_CELL_LINES + 1} lines"]
    assert list(breaches([cell("a", outputs=[1])])) == ["a: holds outputs"]
    assert list(breaches([cell("a", execution_count=1)])) == ["a: holds outputs"]
    assert list(breaches([cell("a")] * (MOST_CELLS + 1))) == [f"has {MOST_CELLS + 1} code cells"]
    assert list(breaches([cell("[a for a in b if a]\nf(lambda x: x)")] * 12)) == []


# the budget


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    yield from (node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))


def n_body_lines(function: ast.FunctionDef) -> int:
    """Lines of a body, from the first statement that is no docstring to the last."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def over_budget(source: str) -> Iterator[str]:
    tree = ast.parse(source)
    if len(source.splitlines()) > MOST_LINES:
        yield f"{len(source.splitlines())} lines"
    for function in functions(tree):
        if n_body_lines(function) > MOST_BODY_LINES:
            yield f"{function.name} has {n_body_lines(function)} lines"


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_a_file_keeps_the_budget(path):
    assert list(over_budget(path.read_text())) == []


def n_arguments(function: ast.FunctionDef) -> int:
    """All arguments, ``self`` and those by keyword only included."""
    named = function.args
    each = [*named.posonlyargs, *named.args, *named.kwonlyargs, named.vararg, named.kwarg]
    return sum(one is not None for one in each)


def test_no_function_takes_more_than_eight_arguments_but_those_listed_with_a_reason():
    many = {
        f"{path.relative_to(LIB)} {one.name}"
        for path in MODULES
        for one in functions(ast.parse(path.read_text()))
        if n_arguments(one) > MOST_ARGUMENTS
    }

    assert many - MANY_ARGUMENTS.keys() == set()
    (planted,) = functions(ast.parse("def f(self, a, /, b, *c, d=1, **e): pass"))
    assert n_arguments(planted) == 6


def test_files_and_functions_are_short_at_the_median():
    sources = [path.read_text() for path in MODULES if path.name != "__init__.py"]
    bodies = [n_body_lines(one) for source in sources for one in functions(ast.parse(source))]

    assert statistics.median(len(source.splitlines()) for source in sources) <= 250
    assert statistics.median(bodies) <= 25


def test_every_breach_of_the_budget_is_seen():
    assert list(over_budget("a = 1\n" * 401)) == ["401 lines"]
    assert list(over_budget("def f():\n" + "    a = 1\n" * 51)) == ["f has 51 lines"]
    assert list(over_budget('def f():\n    """Say.\n\n    More.\n    """\n' + "    a = 1\n" * 50)) == []
