"""The entry of the command line: a signal ends it with exit code 8 from the first moment on."""

import os
import signal
from pathlib import Path

INTERRUPTED = 8  # that of core.errors, which takes longer to import than all of this


def main() -> None:
    """Hear signals, then import and run the commands, which hear them in their own way."""
    before = {}
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number and signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, lambda *_: os._exit(INTERRUPTED))
    _settle()
    from reread import cli

    cli.main()


def _settle() -> None:
    """Outside a checkout, read the book that came with the wheel, and write below the working directory."""
    here, carried = Path.cwd(), Path(__file__).parent / "_checkout"
    if any((folder / "lib/reread").is_dir() for folder in (here, *here.parents)) or not carried.is_dir():
        return
    os.environ.setdefault("REREAD_HOME", str(carried))
    for name, folder in {"RUNS": "runs", "DATA": "data", "STATE": ".reread", "SITE": "_build"}.items():
        os.environ.setdefault(f"REREAD_{name}", str(here / folder))


if __name__ == "__main__":
    main()
