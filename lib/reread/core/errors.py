"""Errors raised on purpose, and the exit code of each kind.

A message names the thing, what was wanted, what came, and the next command.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from enum import IntEnum
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

_TOP = Path(__file__).resolve().parents[3]  # of a checkout; a wheel has no pyproject.toml there
MANY = 20
LONG = 80
# A CUDA build of torch brings triton. Where TensorFlow (umap imports it too) is loaded before triton, the
# first torch optimizer ends the process with a segmentation fault.
BEFORE = {"tensorflow": "triton", "keras": "triton", "umap": "triton"}


class ExitCode(IntEnum):
    """Exit codes of the command line; 1 is left to unexpected errors."""

    OK = 0
    PARAMETER = 2
    DATA = 3
    ENVIRONMENT = 4
    NOTEBOOK = 5
    TIMEOUT = 6
    KILLED = 7
    INTERRUPTED = 8
    STALE = 9
    VERDICT = 10


class RereadError(Exception):
    """Parent of every error raised on purpose; ``exit_code`` is what the command line returns."""

    exit_code: int = 1


class ParameterError(RereadError):
    """A wrong name or value: of a parameter, a chapter, a page, or a key of a study's record."""

    exit_code = ExitCode.PARAMETER


class DataError(RereadError):
    """A file or an array that is missing, altered, or of the wrong form."""

    exit_code = ExitCode.DATA


class MissingExtra(RereadError):  # noqa: N818 (the name says what happened: an extra is missing)
    """A package that is needed and not installed."""

    exit_code = ExitCode.ENVIRONMENT


class RunError(RereadError):
    """A page that did not finish, or whose run cannot be published."""

    def __init__(self, message: str, exit_code: int = ExitCode.NOTEBOOK):
        super().__init__(message)
        self.exit_code = ExitCode(exit_code)


def short(value: object) -> str:
    """Text of a value for a message, on one line and cut at 80 characters."""
    text = value if isinstance(value, str) else str(value)
    cut = text[: LONG + 1]
    line = " ".join(cut.split())
    return line if len(text) <= LONG else f"{line[:LONG]}... ({len(text):,} characters)"


def did_you_mean(word: str, known: Iterable[object]) -> str:
    """End an error message with the nearest known name, or with the known ones when none is near."""
    names = sorted(filter(None, map(str, known)))
    near = get_close_matches(word, names, n=1, cutoff=0.6)
    if near:
        return f"Did you mean {near[0]!r}?"
    more = f" and {len(names) - MANY} more" if len(names) > MANY else ""
    return f"Known: {', '.join(names[:MANY])}{more}." if names else "None is known."


def need(module: str, extra: str) -> ModuleType:
    """Import ``module``; raise MissingExtra, naming the extra that brings it, if it is not installed."""
    first = BEFORE.get(module.split(".")[0])
    try:
        if first and find_spec(first):
            import_module(first)
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module.split(".")[0]:
            raise  # an import that fails inside an installed package shows its own cause
        raise missing(error.name, extra) from None


def require(module: str, extra: str) -> None:
    """Raise MissingExtra if a package is not installed, without the time that its import takes."""
    if find_spec(module) is None:
        raise missing(module, extra)


def missing(module: str, extra: str) -> MissingExtra:
    """Error that names the extra, and its command: at the top of a checkout, else for the installed wheel."""
    run = f"Run, at the top of the checkout:  pip install -e '.[{extra}]'"
    return MissingExtra(
        f"The extra {extra!r} brings {module}, which is needed here and not installed.\n"
        + (run if (_TOP / "pyproject.toml").is_file() else f"Run:  pip install 'reread[{extra}]'")
    )
