"""Digests of code that see what is run and nothing else: no comment, docstring, caption or alt text."""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import reread
from reread.core.errors import ParameterError
from reread.core.files import read_json

PACKAGE = Path(reread.__file__).resolve().parent
WORDING = ("caption", "alt")
MAGIC = re.compile(r"^(\s*)((?:[\w, ]+=\s*)?[%!].*)$", re.MULTILINE)
SCOPES = (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class Code(NamedTuple):
    """What a piece of code does, as a digest, and the modules of ours that it may import."""

    digest: str
    imports: tuple[str, ...]


def notebook(path: Path) -> Code:
    """Digest of the code cells of a source notebook, without the cell of its parameters.

    Raises
    ------
    ParameterError
        If the notebook is missing or is not one.
    """
    try:
        cells = read_json(path)["cells"]
        sources = ["".join(cell["source"]) for cell in cells if _is_run(cell)]
    except FileNotFoundError:
        raise ParameterError(
            f"There is no notebook {path}, which the study's record names.\n"
            "Add it, or take the chapter out of study.yml."
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        raise ParameterError(f"{path} is not a notebook: {error!r}.\nRestore it from git.") from None
    codes = [code for code in map(_cell, sources) if code.digest]
    return Code(_sha("\n".join(code.digest for code in codes)), _union(code.imports for code in codes))


def closure(imports: Iterable[str]) -> dict[str, str]:
    """Digest of every module of ours that ``imports`` reach, directly or through others.

    Parameters
    ----------
    imports : iterable of str
        Dotted names; one that is no module (a function of a module, say) is passed over.

    Returns
    -------
    dict
        ``lib/reread/networks/data/load.py`` to digest, in the order of the paths.
    """
    found: dict[str, str] = {}
    waiting = list(imports)
    while waiting:
        name = waiting.pop()
        for path, is_package in _files(name):
            shown = f"lib/reread/{path.relative_to(PACKAGE).as_posix()}"
            if shown not in found:
                code = _module(".".join(_dotted(path)), is_package, path.read_text(encoding="utf-8"))
                found[shown] = code.digest
                waiting += code.imports
    return dict(sorted(found.items()))


def _is_run(cell: dict) -> bool:
    """Whether a cell is code other than the parameters, those that papermill injects included."""
    tags = cell["metadata"].get("tags", ())
    return cell["cell_type"] == "code" and not {"parameters", "injected-parameters"} & set(tags)


@lru_cache(maxsize=512)
def _cell(source: str) -> Code:
    """One code cell; what cannot be parsed even without its magics counts by its text."""
    tree = _parse(source) or _parse(MAGIC.sub(lambda line: f"{line[1]}{line[2]!r}", source))
    if tree is None:
        return Code(_sha(source), ())
    return Code(_sha(_text(tree, is_cell=True)) if tree.body else "", tuple(_imports(tree, "")))


@lru_cache(maxsize=1024)
def _module(name: str, is_package: bool, source: str) -> Code:
    """One module of the library. The text is part of the cache's key, so no clock is trusted."""
    tree = _parse(source)
    if tree is None:
        return Code(_sha(source), ())
    package = name if is_package else name.rpartition(".")[0]
    return Code(_sha(_text(tree, is_cell=False)), tuple(_imports(tree, package)))


def _parse(source: str) -> ast.Module | None:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError):
        return None


def _imports(tree: ast.AST, package: str) -> Iterator[str]:
    """Dotted names of ours that any import statement may load, those inside functions too."""
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = _base(node, package)
            names = [base, *(f"{base}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Call) and _is_named(node.func, "import_module") and node.args:
            names = [str(getattr(node.args[0], "value", ""))]
        yield from (name for name in names if name.split(".")[0] == "reread")


def _base(node: ast.ImportFrom, package: str) -> str:
    """The absolute name of what stands between ``from`` and ``import``."""
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    return ".".join([*parts[: len(parts) - node.level + 1], *filter(None, [node.module])])


def _is_named(func: ast.expr, name: str) -> bool:
    return name in (getattr(func, "id", ""), getattr(func, "attr", ""))


def _files(name: str) -> Iterator[tuple[Path, bool]]:
    """Files that importing ``name`` runs: each package on the way, then the module."""
    path = PACKAGE
    yield path / "__init__.py", True
    for part in name.split(".")[1:]:
        path = path / part
        if (path / "__init__.py").is_file():
            yield path / "__init__.py", True
        elif path.with_suffix(".py").is_file():
            yield path.with_suffix(".py"), False


def _dotted(path: Path) -> list[str]:
    parts = ["reread", *path.relative_to(PACKAGE).with_suffix("").parts]
    return parts[:-1] if parts[-1] == "__init__" else parts


def _text(node: object, is_cell: bool) -> str:
    """A tree as text that no version of Python spells differently (``ast.dump`` changes between them)."""
    if isinstance(node, list):
        return f"[{','.join(_text(item, is_cell) for item in node)}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    if is_cell and isinstance(node, ast.keyword) and node.arg in WORDING:
        return f"{node.arg}={_text(_computed(node.value), is_cell)}"
    fields = (f"{name}={_text(value, is_cell)}" for name, value in _fields(node, is_cell))
    return f"{type(node).__name__}({','.join(fields)})"


def _fields(node: ast.AST, is_cell: bool) -> Iterator[tuple[str, object]]:
    """Fields that say something: no empty ones, no ``u`` of a string, no docstring."""
    for name, value in ast.iter_fields(node):
        if value is None or value == [] or name in ("ctx", "kind"):
            continue
        if name == "body" and isinstance(node, SCOPES) and _is_string(value[0]):
            # a cell that is one string shows it; anywhere else nobody does
            is_shown = is_cell and isinstance(node, ast.Module) and len(value) == 1
            value = value if is_shown else value[1:]
        yield name, value


def _is_string(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(getattr(node.value, "value", None), str)


def _computed(node: ast.expr) -> list[ast.expr]:
    """What a caption computes, without its words: a call inside an f-string still counts."""
    if isinstance(node, ast.Constant):
        return []
    if isinstance(node, ast.JoinedStr):
        return [kept for part in node.values for kept in _computed(part)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _computed(node.left) + _computed(node.right)
    return [node]


def _union(groups: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(sorted({name for group in groups for name in group}))


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
