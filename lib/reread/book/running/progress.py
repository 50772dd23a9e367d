"""How far a page or a build is: what long loops print of themselves, passed on now and then."""

import json
import re
import shutil
import sys
import time
import zipfile
from collections.abc import Callable
from contextlib import suppress

from reread.core import paths
from reread.core.files import read_json
from reread.pages import PageRef

OVER_S, PLAIN_S = 1.0, 30.0  # between two looks on a terminal, and between two lines elsewhere
_WIPE = "\r\x1b[K"
_CELL = re.compile(r"Executing Cell (\d+)-")
# a bar of tqdm, one without a known end, and the line of a training loop
_LOOPS = (
    re.compile(r"(?P<what>[^|]*?):?\s*\d+%\|[^|]*\|\s*(?P<n>\d+)/(?P<of>\d+) \["),
    re.compile(r"(?P<what>.*?):?\s*\b(?P<n>\d+)\s?(?P<unit>\w+) \[[\d:]+, "),
    re.compile(r"(?P<what>epoch) (?P<n>\d+)/(?P<of>\d+)\b"),
)


def duration(seconds: float) -> str:
    """Seconds as a reader says them: ``40 s``, ``2 min 20 s``, ``1 h 5 min``."""
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def usual_s(ref: PageRef) -> float | None:
    """Seconds that the last run of a page took, here or as recorded; None where there is none."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        return float(read_json(ref.folder / "record.json")["made"]["wall_s"])
    recorded = paths.root() / "chapters" / ref.study.key / "recorded" / f"{ref.profile}.zip"
    with suppress(OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile):
        with zipfile.ZipFile(recorded) as archive:
            text = archive.read(f"runs/{ref.profile}/{ref.name}/record.json")
        return float(json.loads(text)["made"]["wall_s"])
    return None


class Ticker:
    """Lines, and between them how far it is: on a terminal one line written over, else one now and then."""

    def __init__(self, say: Callable[[str], None]):
        self._say, self._is_over, self._is_shown = say, sys.stdout.isatty(), False
        self._last = time.monotonic()

    def say(self, line: str) -> None:
        """Say a line that stays."""
        self.wipe()
        self._say(line)
        self._last = time.monotonic()

    def tick(self, tell: Callable[[], str]) -> None:
        """Say what ``tell`` gives, if it is time for it."""
        if time.monotonic() - self._last < (OVER_S if self._is_over else PLAIN_S):
            return
        text = tell()
        if not self._is_over:
            self.say(text)
            return
        self._last, self._is_shown = time.monotonic(), True
        print(_WIPE + text[: shutil.get_terminal_size().columns - 1], end="", flush=True)

    def wipe(self) -> None:
        """Take the line that is written over away."""
        if self._is_shown:
            print(_WIPE, end="", flush=True)
        self._is_shown = False


class Loop:
    """A long loop by the lines it prints: what it counts, how far it is, how long it will take."""

    def __init__(self) -> None:
        self._what, self._n, self._of, self._unit = "", 0, 0, ""
        self._first = self._latest = (0, 0.0)

    def hear(self, line: str) -> None:
        """Take note of a line, if it counts something."""
        found = next(filter(None, (form.match(line.strip()) for form in _LOOPS)), None)
        if found is None:
            return
        groups = {"of": 0, "unit": ""} | found.groupdict()
        what, n, of = groups["what"], int(groups["n"]), int(groups["of"])
        now = (n, time.monotonic())
        if (what, of) != (self._what, self._of) or n < self._n:
            self._first = now
        self._what, self._n, self._of, self._unit, self._latest = what, n, of, groups["unit"], now

    def __str__(self) -> str:
        if not self._latest[1]:
            return ""
        count = f"{self._n} of {self._of}" if self._of else f"{self._n} {self._unit}"
        said = f"{self._what} {count}".strip()
        done, took = (late - early for late, early in zip(self._latest, self._first, strict=True))
        if done <= 0 or self._n >= self._of:
            return said
        left = (self._of - self._n) * took / done - (time.monotonic() - self._latest[1])
        return f"{said}, about {duration(max(left, 0))} left"


class Cells:
    """Says each cell of a page as it starts, and while it runs what its loop prints, by papermill's log."""

    def __init__(self, titles: list[str], say: Callable[[str], None], usual: float | None):
        self._titles, self._usual, self._began = titles, usual, time.monotonic()
        self._ticker, self._loop, self._since, self._where = (
            Ticker(say),
            Loop(),
            self._began,
            "before the first",
        )
        self.wipe = self._ticker.wipe

    def hear(self, text: str) -> None:
        """Take whole lines of the log."""
        for line in text.splitlines():
            if found := _CELL.search(line):
                number, of = int(found[1]), len(self._titles)
                self._ticker.say(f"  cell {number:>2}/{of}  {self._titles[min(number, of) - 1]}")
                self._loop, self._since, self._where = Loop(), time.monotonic(), "in this"
            else:
                self._loop.hear(line)
        self._ticker.tick(self._so_far)

    def _so_far(self) -> str:
        """Time in the cell, its loop, and what the page has left if it takes as long as last time."""
        now, loop = time.monotonic(), str(self._loop)
        said = f"    {duration(now - self._since)} {self._where} cell" + (f": {loop}" if loop else "")
        left = (self._usual or 0) - (now - self._began)
        return f"{said}; the page has about {duration(left)} left" if left > 0 else said
