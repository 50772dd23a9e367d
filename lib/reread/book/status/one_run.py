"""One finished run as a reader asks for it: what it says of itself, and what has changed since."""

from typing import Any

from reread.book.columns import columns
from reread.book.status import difference, staleness
from reread.book.status.run_record import RunRecord
from reread.core.errors import ParameterError
from reread.pages import page


def describe(name: str) -> dict[str, Any]:
    """The record of a run (its folder, or profile and page), its verdicts, and how it stands today."""
    where, record = difference.find_run(name)
    state = _state(record)
    stands = {"run": where, "state": state.word, "moved": state.moved}
    return (
        stands | {"verdicts": difference.verdicts_of(record)} | record.model_dump(mode="json", by_alias=True)
    )


def _state(record: RunRecord) -> staleness.State:
    """What today's page with the parameters of a run differs in."""
    name, then = f"{record.study}/{record.chapter}", record.stale["fields"]
    try:
        ref = page(f"{name}.{record.page}" if record.page else name, record.profile)
        now = staleness.Status().fields(ref, record.parameters)
    except ParameterError as error:  # the page is gone, or has other parameters now
        return staleness.State("stale", [str(error).splitlines()[0]])
    if record.parameters != ref.parameters:  # such a run may do without the runs that it could build on
        now = {key: text for key, text in now.items() if key in then or not key.startswith("upstream ")}
    moved = staleness.moved(then, now) + (
        ["scope"] if record.scope != staleness.scope_of(ref, record) else []
    )
    return staleness.State("stale" if moved else "fresh", moved)


def text(run: dict[str, Any]) -> str:
    """The same for a reader: a part for each kind of content."""
    made, cost = run["made"], run["cost"]
    packages = len(made["packages"])
    dirty = " with changes" if made["is_dirty"] else ""
    facts = [
        ("page", "/".join([run["study"], run["chapter"]]) + (f".{run['page']}" if run["page"] else "")),
        ("profile", f"{run['profile']} (data: {run['scope']})"),
        ("state", str(staleness.State(run["state"], run["moved"]))),
        ("started", f"{made['started']}, {made['wall_s']:g} s on {run['device']}"),
        ("cost", ", ".join(f"{name} {value:g}" for name, value in cost.items())),
        ("made by", f"reread {made['reread']}, commit {made['commit'][:12] or 'unknown'}{dirty}"),
        ("with", f"Python {made['python']}, {made['platform']}, {packages} packages"),
        ("imported", run["imported"]),
    ]
    values = run["values"] | {key: f"none: {why}" for key, why in run["no_number"].items()}
    parts = {
        "Parameters": run["parameters"].items(),
        "Values": values.items(),
        "Verdicts and checks": run["verdicts"].items(),
        "Data": [(f"{one['key']}, {one['bytes']:,} B", one["sha256"]) for one in run["data"]],
        "Files": run["files"].items(),
    }
    lines = [run["run"], *columns([fact for fact in facts if fact[1]], indent="  ")]
    for title, rows in parts.items():
        cells = [(name, " ".join(str(value).split())) for name, value in rows]
        lines += [f"{title}:", *columns(cells, indent="  ")] if cells else []
    return "\n".join(lines)
