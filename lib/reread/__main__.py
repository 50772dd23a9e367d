"""The entry of the command line: a signal ends it with exit code 8 from the first moment on."""

import os
import signal

INTERRUPTED = 8  # that of core.errors, which takes longer to import than all of this


def main() -> None:
    """Hear signals, then import and run the commands, which hear them in their own way."""
    before = {}
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number and signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, lambda *_: os._exit(INTERRUPTED))
    from reread import cli

    cli.main()


if __name__ == "__main__":
    main()
