"""Run a module that dies with its parent: ``python -m ...tied PARENT MODULE ARGUMENT...``."""

from __future__ import annotations

import os
import runpy
import sys
from importlib import import_module

from reread.book.running.stopping import tie


def command(module: str, *arguments: str) -> list[str]:
    """The command line that runs a module, or its function as ``module:function``, tied to this process."""
    return [sys.executable, "-m", __spec__.name, str(os.getpid()), module, *arguments]


if __name__ == "__main__":
    tie(parent=int(sys.argv[1]))
    module, sys.argv = sys.argv[2], sys.argv[2:]
    module, _, function = module.partition(":")
    if function:
        sys.exit(getattr(import_module(module), function)())
    runpy.run_module(module, run_name="__main__", alter_sys=True)
