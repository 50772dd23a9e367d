"""Every finished run at hand as a row: its page, when and with what it ran, its cost and its values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reread.book.status.run_record import NAME, RunRecord
from reread.core import paths
from reread.core.errors import RunError
from reread.studies import find

if TYPE_CHECKING:
    import pandas as pd


def table(study: str = "") -> pd.DataFrame:
    """Return the finished runs of ``study`` (of all studies), a row each, to select and plot as one likes.

    Columns: ``run`` (its folder), ``study``, ``chapter``, ``page``, ``profile``, ``scope``, ``device``,
    ``started`` (UTC), ``wall_s`` and ``cost.cpu_s`` (seconds), ``cost.peak_mb``, ``commit``, and one for each
    parameter and value, as ``parameters.seed`` and ``values.auroc``. ``wrong`` says why a run cannot be read.
    """
    import pandas as pd

    return pd.json_normalize(rows(study))


def rows(study: str = "") -> list[dict[str, Any]]:
    """A row for each finished run of a study (of all), by the name of its folder.

    A run that was altered after it ended, or whose record cannot be read, has only its name and ``wrong``.
    ParameterError for an unknown study.
    """
    if study:
        find(study)  # which refuses an unknown name
    found = []
    for path in sorted(paths.runs().glob(f"*/{study or '*'}/*/{NAME}")):
        name = path.parent.relative_to(paths.runs()).as_posix()
        if name.startswith("failed/") or path.parent.name.startswith("."):  # failed, or not yet in place
            continue
        try:
            record = RunRecord.read(path.parent)
        except RunError as error:
            found.append({"run": name, "wrong": str(error).splitlines()[0]})
            continue
        shown = record.model_dump(include={"study", "chapter", "page", "profile", "scope", "device"})
        made = {key: record.made.get(key) for key in ("started", "wall_s", "commit")}
        kept = {"cost": record.cost, "parameters": record.parameters, "values": record.values}
        found.append({"run": name, **shown, **made, **kept})
    return found


def cells(row: dict[str, Any]) -> tuple[str, ...]:
    """The cells of a row on the command line: name, start, seconds of CPU time, number of values."""
    if "wrong" in row:
        return row["run"], "", "", row["wrong"]
    cost, count = row["cost"].get("cpu_s", 0), len(row["values"])
    return row["run"], row["started"], f"{cost:.1f} CPU-s", f"{count} values"
