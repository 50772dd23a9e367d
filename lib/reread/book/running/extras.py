"""Extras of the package: which one brings a module that is absent on a page."""

import re
from importlib.metadata import requires

from reread.core.errors import missing

_LISTED = re.compile(r"([\w.-]+)[^;]*;.*\bextra == ['\"]([\w-]+)['\"]")
_ABSENT = re.compile(r"No module named '(\w+)")
_DISTRIBUTIONS = {"keras": "tensorflow", "umap": "umap-learn"}  # where a module has another name


def bringing(module: str, study: str) -> str:
    """Name the extra that brings a module, that of the study before another; empty where none does."""
    wanted = _canonical(_DISTRIBUTIONS.get(module, module))
    listed = filter(None, map(_LISTED.match, requires("reread") or ()))
    found = sorted({line[2] for line in listed if _canonical(line[1]) == wanted})
    return study if study in found else next(iter(found), "")


def explain(error: str, message: str, study: str) -> tuple[str, str]:
    """Return name and message of an error; that of an absent package names the extra and the command."""
    absent = _ABSENT.match(message) if error == "ModuleNotFoundError" else None
    extra = bringing(absent[1], study) if absent else ""
    return ("MissingExtra", str(missing(absent[1], extra))) if extra else (error, message)


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
