"""Where and with what a run was made."""

from __future__ import annotations

import platform
import re
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from reread.book.running import environment
from reread.core import paths as places


def made(started: float) -> dict[str, Any]:
    """Time and commit of a run that started at ``started`` (seconds since the epoch)."""
    return {
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started)),
        "wall_s": round(time.time() - started, 1),
        "reread": version("reread"),
        "commit": _git("rev-parse", "HEAD"),
        "is_dirty": bool(_git("status", "--porcelain", "--untracked-files=no")),
    }


def of_this_process() -> dict[str, Any]:
    """What this process runs with: interpreter, machine, packages, choices between numerical kernels."""
    return {
        "executable": sys.executable,
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "packages": packages(),
        "environment": environment.selectors(),
    }


def packages() -> dict[str, str]:
    """Installed versions of the packages that ``requirements.in`` names."""
    names = places.root() / "requirements.in"
    if not names.is_file():
        return {}
    found = {}
    for line in names.read_text(encoding="utf-8").splitlines():
        name = re.match(r"[A-Za-z0-9_.-]+", line)
        if name:
            try:
                found[name[0]] = version(name[0])
            except PackageNotFoundError:
                continue
    return found


def _git(*words: str) -> str:
    """Answer of git, or nothing outside a checkout."""
    try:
        done = subprocess.run(
            ["git", *words], cwd=places.root(), capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
