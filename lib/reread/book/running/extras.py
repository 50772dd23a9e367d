"""Extras of the package: which one brings a module that is absent, and the command that installs it here."""

import re
from importlib.metadata import requires

from reread.core import paths

_LISTED = re.compile(r"([\w.-]+)[^;]*;.*\bextra == ['\"]([\w-]+)['\"]")
_ABSENT = re.compile(r"No module named '(\w+)")
_IN_CHECKOUT = re.compile(r"Run, at the top of the checkout:  pip install -e '\.\[([\w-]+)\]'")
_DISTRIBUTIONS = {"keras": "tensorflow", "umap": "umap-learn"}  # where a module has another name


def command(extra: str) -> str:
    """Say what to run for an extra: at the top of the checkout, or where the wheel is installed."""
    if (paths.root() / "pyproject.toml").is_file():
        return f"Run, at the top of the checkout:  pip install -e '.[{extra}]'"
    return f"Run:  pip install 'reread[{extra}]'"


def bringing(module: str, study: str) -> str:
    """Name the extra that brings a module, that of the study before another; empty where none does."""
    wanted = _canonical(_DISTRIBUTIONS.get(module, module))
    listed = filter(None, map(_LISTED.match, requires("reread") or ()))
    found = sorted({line[2] for line in listed if _canonical(line[1]) == wanted})
    return study if study in found else next(iter(found), "")


def explain(error: str, message: str, study: str) -> tuple[str, str]:
    """Return name and message of an error; that of an absent package names the extra and the command."""
    if error == "MissingExtra":
        return error, _IN_CHECKOUT.sub(lambda found: command(found[1]), message)
    absent = _ABSENT.match(message) if error == "ModuleNotFoundError" else None
    extra = bringing(absent[1], study) if absent else ""
    if not extra:
        return error, message
    said = f"The extra {extra!r} brings {absent[1]}, which is needed here and not installed."
    return "MissingExtra", f"{said}\n{command(extra)}"


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
