"""Digests of code that see what is run and nothing else: no comment, docstring, caption or alt text."""

from __future__ import annotations

import ast
import hashlib
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import reread
from reread.core import paths
from reread.core.errors import ParameterError
from reread.core.files import digest, read_json, sha256, write_json

PACKAGE = Path(reread.__file__).resolve().parent
# codes that another fingerprint or another parser made are not taken over
_VERSION = [sha256(Path(__file__)), sys.version_info[:2]]
_MANY, _MEMORY = 5000, "fingerprints.json"
_MAGIC = re.compile(r"^(\s*)((?:[\w, ]+=\s*)?[%!].*)$", re.MULTILINE)
_SCOPES = (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class Code(NamedTuple):
    """What a piece of code does, as a digest, and the modules of ours that it may import."""

    digest: str
    imports: tuple[str, ...]


def notebook(path: Path, library: Library | None = None) -> Code:
    """Digest of the code cells of a source notebook, without the cell of its parameters."""
    parse = library.cell if library else _cell
    try:
        cells = read_json(path)["cells"]
        code = [cell for cell in cells if cell["cell_type"] == "code"]
        given = [{"parameters", "injected-parameters"} & set(c["metadata"].get("tags", ())) for c in code]
        sources = ["".join(c["source"]) for c, tags in zip(code, given, strict=True) if not tags]
    except FileNotFoundError:
        said = f"There is no notebook {path}, which the study's record names.\n"
        raise ParameterError(f"{said}Add it, or take the chapter out of study.yml.") from None
    except (ValueError, KeyError, TypeError) as error:
        raise ParameterError(f"{path} is not a notebook: {error!r}.\nRestore it from git.") from None
    codes = [code for code in map(parse, sources) if code.digest]
    imports = sorted({name for code in codes for name in code.imports})
    return Code(_sha("\n".join(code.digest for code in codes)), tuple(imports))


class Library:
    """Digests of our modules and of cells, each parsed only where no command has seen its text before.

    Codes are kept between commands under the digest of the text that they are of, so no clock is trusted.
    """

    def __init__(self) -> None:
        self._known, self._new = _remembered(), {}
        self._modules: dict[str, tuple[str, ...]] = {}
        self._codes: dict[str, Code] = {}

    def closure(self, imports: Iterable[str]) -> dict[str, str]:
        """Digest of every module of ours that ``imports`` reach, directly or through others."""
        found, seen, waiting = {}, set(), set(imports)
        while waiting:
            seen.add(name := waiting.pop())
            for file in self._files(name):
                if file not in found:
                    found[file] = self._code(file).digest
                    waiting.update(set(self._code(file).imports) - seen)
        return {f"lib/reread/{file}": found[file] for file in sorted(found)}

    def cell(self, source: str) -> Code:
        """Digest of one code cell."""
        return self._parsed("cell", source.encode("utf-8", "surrogatepass"), lambda: _cell(source))

    def remember(self) -> None:
        """Keep what was parsed for the next command; where that cannot be written it is parsed again."""
        if self._new:
            codes = {**self._known, **self._new} if len(self._known) < _MANY else self._new
            with suppress(OSError):
                write_json(paths.state() / _MEMORY, {"codes": codes, "digest": digest([_VERSION, codes])})
        self._new = {}

    def _files(self, name: str) -> tuple[str, ...]:
        """Files that importing ``name`` runs: each package on the way, then the module."""
        if name not in self._modules:
            above = self._files(name.rpartition(".")[0]) if "." in name else ()
            path = "/".join(name.split(".")[1:])
            own = [f"{path}/__init__.py".lstrip("/"), f"{path}.py"]
            found = next((file for file in own if (PACKAGE / file).is_file()), None)
            self._modules[name] = above if found is None else (*above, found)
        return self._modules[name]

    def _code(self, file: str) -> Code:
        if file not in self._codes:
            text = (PACKAGE / file).read_bytes()
            self._codes[file] = self._parsed(file, text, lambda: _module(file, text.decode("utf-8")))
        return self._codes[file]

    def _parsed(self, name: str, text: bytes, parse: Callable[[], Code]) -> Code:
        key = hashlib.sha256(f"{name}\n".encode() + text).hexdigest()
        if key not in self._known:
            self._known[key] = self._new[key] = parse()
        return self._known[key]


def _remembered() -> dict[str, Code]:
    """What earlier commands parsed; nothing where that is damaged, or was made by other code than this."""
    try:
        content = read_json(paths.state() / _MEMORY)
        is_whole = content["digest"] == digest([_VERSION, content["codes"]])
        return {key: Code(text, tuple(names)) for key, (text, names) in content["codes"].items() if is_whole}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def is_code(source: str) -> bool:
    """Whether a cell does anything: not one that is empty, or holds comments only."""
    return bool(_cell(source).digest)


@lru_cache(maxsize=512)
def _cell(source: str) -> Code:
    """One code cell; what cannot be parsed even without its magics counts by its text."""
    tree = _parse(source) or _parse(_MAGIC.sub(lambda line: f"{line[1]}{line[2]!r}", source))
    if tree is None:
        return Code(_sha(source), ())
    return Code(_sha(_text(tree, is_cell=True)) if tree.body else "", tuple(_imports(tree, "")))


def _module(file: str, source: str) -> Code:
    """One module of the library by its path in the package."""
    tree = _parse(source)
    if tree is None:
        return Code(_sha(source), ())
    package = ".".join(["reread", *file.split("/")[:-1]])
    # core/alt_text.py words the alt texts of all charts
    text = _text(tree, is_cell=False, alts=_alts(tree), is_alt=file == "core/alt_text.py")
    return Code(_sha(text), tuple(sorted(set(_imports(tree, package)))))


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
            parts = package.split(".")
            above = parts[: len(parts) - node.level + 1] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            names = [base, *(f"{base}.{alias.name}" for alias in node.names)]
        elif _is_call(node, "import_module") and node.args:
            names = [str(getattr(node.args[0], "value", ""))]
        yield from (name for name in names if name.split(".")[0] == "reread")


def _is_call(node: ast.AST, name: str) -> bool:
    """Whether a node calls a function of that name."""
    func = node.func if isinstance(node, ast.Call) else None
    return name in (getattr(func, "id", ""), getattr(func, "attr", ""))


def _text(node: object, is_cell: bool, alts: frozenset[int] = frozenset(), is_alt: bool = False) -> str:
    """A tree as text that no version of Python spells differently (``ast.dump`` changes between them).

    Of ``alts``, the nodes that make alt texts, only what is computed counts, not the words.
    """
    if isinstance(node, list):
        return f"[{','.join(_text(item, is_cell, alts, is_alt) for item in node)}]"
    if not isinstance(node, ast.AST):
        return "words" if is_alt and isinstance(node, str) and " " in node else repr(node)
    if is_cell and isinstance(node, ast.keyword) and node.arg in ("caption", "alt"):
        return f"{node.arg}={_text(_computed(node.value), is_cell)}"
    is_alt = is_alt or id(node) in alts
    fields = (f"{name}={_text(value, is_cell, alts, is_alt)}" for name, value in _fields(node, is_cell))
    return f"{type(node).__name__}({','.join(fields)})"


def _alts(tree: ast.Module) -> frozenset[int]:
    """Nodes that make alt texts: ``alt=...``, ``alt = ...``, and what a private function returns for them."""
    nodes = list(ast.walk(tree))
    found = [node for node in nodes if isinstance(node, ast.keyword) and node.arg == "alt"]
    found += [
        n for n in nodes if isinstance(n, ast.Assign) and [getattr(t, "id", "") for t in n.targets] == ["alt"]
    ]
    found += [node.args[2] for node in nodes if _is_call(node, "Drawn") and len(node.args) > 2]
    parts = {id(part) for node in found for part in ast.walk(node)}
    inside = {node.id for node in nodes if isinstance(node, ast.Name) and id(node) in parts}
    inside -= {node.id for node in nodes if isinstance(node, ast.Name) and id(node) not in parts}
    for node in nodes:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("_") and node.name in inside:
            found += [part for part in ast.walk(node) if isinstance(part, ast.Return)]
    return frozenset(map(id, found))


def _fields(node: ast.AST, is_cell: bool) -> Iterator[tuple[str, object]]:
    """Fields that say something: no empty ones, no ``u`` of a string, no docstring."""
    for name, value in ast.iter_fields(node):
        if value is None or value == [] or name in ("ctx", "kind"):
            continue
        first = value[0] if name == "body" and isinstance(node, _SCOPES) else None
        if isinstance(first, ast.Expr) and isinstance(getattr(first.value, "value", None), str):
            # a cell that is one string shows it; anywhere else nobody does
            is_shown = is_cell and isinstance(node, ast.Module) and len(value) == 1
            value = value if is_shown else value[1:]
        yield name, value


def _computed(node: ast.expr) -> list[ast.expr]:
    """What a caption computes, without its words: a call inside an f-string still counts."""
    if isinstance(node, ast.Constant):
        return []
    if isinstance(node, ast.JoinedStr):
        return [kept for part in node.values for kept in _computed(part)]
    return [node]


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
