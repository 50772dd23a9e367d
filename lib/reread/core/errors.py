"""Everything that can go wrong on purpose, with the exit code it ends in.

Each message names the thing, what was wanted, what came, and the next command.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from importlib import import_module
from types import ModuleType

MANY = 20


class RereadError(Exception):
    """Parent of every error raised on purpose. ``exit_code`` is what the command line returns."""

    exit_code = 1


class ParameterError(RereadError):
    """A wrong name or value: of a parameter, a chapter, a page, or a key of a study's record."""

    exit_code = 2


class DataError(RereadError):
    """A file or an array that is missing, altered, or not what it has to be."""

    exit_code = 3


class MissingExtra(RereadError):  # noqa: N818 (reads as what it says: an extra is missing)
    """A package that one study needs and that is not installed."""

    exit_code = 4


class RunError(RereadError):
    """A page that did not run to its end, or whose run cannot be published."""

    def __init__(self, message: str, exit_code: int = 5):
        super().__init__(message)
        self.exit_code = exit_code


def did_you_mean(word: str, known: Iterable[object]) -> str:
    """End an error message with the nearest known name, or with the known ones when none is near."""
    names = sorted(filter(None, map(str, known)))
    near = get_close_matches(word, names, n=1, cutoff=0.6)
    if near:
        return f"Did you mean {near[0]!r}?"
    more = f" and {len(names) - MANY} more" if len(names) > MANY else ""
    return f"Known: {', '.join(names[:MANY])}{more}." if names else "None is known."


def need(module: str, extra: str) -> ModuleType:
    """Import ``module``, or say which extra brings it.

    An ImportError from *inside* an installed package passes through: hiding it would hide the cause.

    Raises
    ------
    MissingExtra
        If the package itself is not installed.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module.split(".")[0]:
            raise
        raise MissingExtra(
            f"The {extra} study needs {error.name}, which is not installed.\n"
            f"Run:  pip install 'reread[{extra}]'"
        ) from None
