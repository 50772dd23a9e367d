"""A finished run as a Workflow Run RO-Crate: one zip file that other tools can read.

Source: https://w3id.org/ro/wfrun/workflow/0.5 (profile) and https://w3id.org/ro/crate/1.1 (format).
"""

import json
import mimetypes
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from reread.book.status.difference import find_run
from reread.book.status.run_record import NAME, NOTEBOOK, RunRecord
from reread.book.transfer import write_zip
from reread.core.data import registry
from reread.core.errors import ExitCode, RunError
from reread.core.files import written_whole
from reread.studies import Chapter, Study, find

METADATA, WORKFLOW, README = "ro-crate-metadata.json", "workflow.ipynb", "README.md"
_WORKFLOW_CRATE = "https://w3id.org/workflowhub/workflow-ro-crate/1.0"
_PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    _WORKFLOW_CRATE: ("Workflow RO-Crate", "1.0"),
}
_CONTEXT = ["https://w3id.org/ro/crate/1.1/context", "https://w3id.org/ro/terms/workflow-run/context"]
_PARAMETER = "https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE"
_COMPUTATIONAL = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"
_BIOSCHEMAS = {
    _PARAMETER: ("FormalParameter", "1.0-RELEASE"),
    _COMPUTATIONAL: ("ComputationalWorkflow", "1.0-RELEASE"),
}
_LICENCES = {name: f"https://spdx.org/licenses/{name}" for name in ("MIT", "CC-BY-4.0")}
_NOTEBOOKS = "https://nbformat.readthedocs.io"
_TYPES = {bool: "Boolean", int: "Integer", float: "Float", str: "Text"}
_MIMES = {".ipynb": "application/x-ipynb+json", ".yml": "application/yaml"}


def write(run: str, out: Path) -> str:
    """Pack a run with its metadata into ``out``; RunError if it was altered, or is at hand only as recorded.

    ``run`` is the folder of a run, or profile and page, such as ``demo/networks/02-deeptgi.simulated``.
    """
    where, record = find_run(run)
    folder = Path(where)
    if not folder.is_dir():
        again = f"reread run {_name(record)} --profile {record.profile}"
        raise RunError(f"{run} was recorded without its artifacts.\nRun:  {again}", ExitCode.STALE)
    entities = list(_entities(record, find(record.study)))
    metadata = json.dumps({"@context": _CONTEXT, "@graph": entities}, indent=1, ensure_ascii=False)
    title, said = (entities[1][key] for key in ("name", "description"))
    readme = f"# {title}\n\n{said}\n\nThe notebook with its results is `{NOTEBOOK}`.\n"
    texts = {METADATA: metadata, README: readme, WORKFLOW: _without_outputs(folder / NOTEBOOK)}
    with written_whole(out) as part:
        n_files = write_zip(part, {name: folder / name for name in (*record.files, NAME)} | texts)
    return f"{n_files} files, {out.stat().st_size:,} bytes packed: {out}"


def _without_outputs(notebook: Path) -> str:
    """The notebook as it was run, parameters in place, without what came out."""
    import nbformat

    content = nbformat.read(notebook, as_version=4)
    for cell in content.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return nbformat.writes(content)


def _entities(record: RunRecord, study: Study) -> Iterator[dict[str, Any]]:
    """Every entity: the crate, the workflow, the run, its parameters, data, files and values."""
    chapter = study.chapter(record.chapter)
    name = _name(record)
    started = datetime.fromisoformat(record.made["started"].replace("Z", "+00:00"))
    ended = (started + timedelta(seconds=round(record.made["wall_s"]))).isoformat()
    files = {file: _file(file, digest) for file, digest in record.files.items()} | {NAME: _file(NAME, "")}
    files[NOTEBOOK]["exampleOfWork"] = {"@id": "#output"}
    inputs, arguments = list(_declared(record, chapter)), list(_arguments(record))
    data = [_data(one["key"], one["sha256"], one["bytes"]) for one in record.data]
    measured = [_value("value", key, value) for key, value in record.values.items()]

    yield {
        "@id": METADATA, "@type": "CreativeWork", "about": {"@id": "./"},
        "conformsTo": _refer(["https://w3id.org/ro/crate/1.1", _WORKFLOW_CRATE]),
    }  # fmt: skip
    yield {
        "@id": "./", "@type": "Dataset", "name": f"{chapter.title}: {name} ({record.profile})",
        "description": f"One run of a chapter of {study.title!r}, scope {record.scope}.",
        "datePublished": ended, "license": {"@id": _LICENCES["CC-BY-4.0"]}, "conformsTo": _refer(_PROFILES),
        "author": {"@id": "#authors"}, "publisher": {"@id": "#authors"},
        "hasPart": _refer([WORKFLOW, README, *files, *(one["@id"] for one in data)]),
        "mainEntity": {"@id": WORKFLOW}, "mentions": {"@id": "#run"},
    }  # fmt: skip
    yield _workflow(record, chapter, started.isoformat(), inputs)
    yield {
        "@id": "#run", "@type": "CreateAction", "name": f"Run of {name} ({record.profile})",
        "description": f"{record.made['wall_s']:.1f} s on {record.device}.", "instrument": {"@id": WORKFLOW},
        "startTime": started.isoformat(), "endTime": ended, "agent": {"@id": "#authors"},
        "object": _refer(one["@id"] for one in [*arguments, *data]),
        "result": _refer([*files, *(one["@id"] for one in measured)]),
        "actionStatus": "http://schema.org/CompletedActionStatus",
    }  # fmt: skip
    yield from (*inputs, *arguments, *measured, *data, *files.values(), *_around(record))


def _workflow(record: RunRecord, chapter: Chapter, started: str, inputs: list[dict]) -> dict[str, Any]:
    """The notebook as a workflow: what it asks for, what it leaves, what it ran in."""
    return {
        **_file(WORKFLOW, ""), "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow"],
        "name": chapter.title, "description": chapter.question, "programmingLanguage": {"@id": "#jupyter"},
        "input": _refer(one["@id"] for one in inputs), "output": {"@id": "#output"},
        "license": {"@id": _LICENCES["MIT"]}, "author": {"@id": "#authors"}, "dateCreated": started,
        "version": record.made["commit"] or record.made["reread"],
        "conformsTo": {"@id": _COMPUTATIONAL}, "softwareRequirements": {"@id": "#environment"},
    }  # fmt: skip


def _around(record: RunRecord) -> Iterator[dict[str, Any]]:
    """What the others refer to: profiles, licence, authors, language, environment."""
    for address, (profile, version) in {**_PROFILES, **_BIOSCHEMAS}.items():
        yield {"@id": address, "@type": "CreativeWork", "name": profile, "version": version}
    terms = "Licence of code (MIT) or of text and figures (CC BY). Each data file names its own."
    for name, address in _LICENCES.items():
        yield {"@id": address, "@type": "CreativeWork", "name": name, "description": terms}
    yield {"@id": _NOTEBOOKS, "@type": "WebPage", "name": "The format of Jupyter notebooks"}
    yield {"@id": "#authors", "@type": "Organization", "name": "The Reread authors"}
    yield {"@id": README, "@type": "File", "name": README, "encodingFormat": "text/markdown",
           "about": {"@id": "./"}}  # fmt: skip
    yield {"@id": "#jupyter", "@type": "ComputerLanguage", "name": "Jupyter Notebook",
           "identifier": {"@id": _NOTEBOOKS}, "url": {"@id": _NOTEBOOKS}}  # fmt: skip
    yield {
        "@id": "#environment", "@type": "SoftwareApplication", "name": "Python environment of the run",
        "softwareVersion": f"Python {record.made['python']}, Reread {record.made['reread']}",
        "operatingSystem": record.made["platform"], "url": "https://www.python.org",
        "softwareRequirements": [f"{key}=={version}" for key, version in record.made["packages"].items()],
    }  # fmt: skip
    yield {
        "@id": "#output", "@type": "FormalParameter", "additionalType": "File", "name": "executed-notebook",
        "description": "The notebook with its results.", "conformsTo": {"@id": _PARAMETER},
    }  # fmt: skip


def _name(record: RunRecord) -> str:
    return f"{record.study}/{record.chapter}" + (f".{record.page}" if record.page else "")


def _refer(names: Iterable[str]) -> Any:
    """References to entities; a single one stands alone, as the format recommends."""
    found = [{"@id": name} for name in names]
    return found[0] if len(found) == 1 else found


def _file(name: str, digest: str) -> dict[str, Any]:
    """A file of the crate; its digest, where the record holds one."""
    kind = _MIMES.get(Path(name).suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    entity = {"@id": name, "@type": "File", "name": name, "encodingFormat": kind}
    return entity | ({"sha256": digest} if digest else {})


def _declared(record: RunRecord, chapter: Chapter) -> Iterator[dict[str, Any]]:
    """Each parameter as the workflow declares it."""
    for key, value in record.parameters.items():
        declared = chapter.parameters.get(key)
        yield {
            "@id": f"#parameter-{key}", "@type": "FormalParameter", "name": key, "valueRequired": True,
            "additionalType": _TYPES[type(value)], "description": declared.help if declared else key,
            "conformsTo": {"@id": _PARAMETER},
        }  # fmt: skip


def _arguments(record: RunRecord) -> Iterator[dict[str, Any]]:
    """The value of each parameter in this run."""
    for key, value in record.parameters.items():
        yield _value("argument", key, value) | {"exampleOfWork": {"@id": f"#parameter-{key}"}}


def _value(kind: str, key: str, value: Any) -> dict[str, Any]:
    """A named value; what came out as no number is said so."""
    shown = "not a number" if value is None else str(value) if isinstance(value, bool) else value
    return {"@id": f"#{kind}-{key}", "@type": "PropertyValue", "name": key, "value": shown}


def _data(key: str, digest: str, size: int) -> dict[str, Any]:
    """A data file that the run read: its address if it is pinned, else its digest alone."""
    known = registry.datasets().get(key)
    if known is None:
        return {"@id": f"urn:sha256:{digest}", "@type": "CreativeWork", "name": key, "sha256": digest}
    return {
        "@id": known.url, "@type": "File", "name": known.title, "contentSize": str(size), "sha256": digest,
        "encodingFormat": mimetypes.guess_type(known.file)[0] or "application/octet-stream",
        "license": known.licence,
    }  # fmt: skip
