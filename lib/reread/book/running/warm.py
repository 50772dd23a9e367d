"""Start the server of a build, from which the jobs of its pages fork."""

import json
import os
import re
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from reread.book.running import environment, kernel, server, stopping
from reread.book.status import fingerprint
from reread.pages import PageRef

VARIABLE = "REREAD_SERVER"
# a framework is imported in a server of its own: two in one process do not bear each other
_FRAMEWORKS = {"tensorflow": ("tensorflow", "keras"), "torch": ("torch",)}
_COMMON = ("sklearn", "scipy", "seaborn", "joblib", "tqdm")
_SPECIAL = ("h5py", "networkx", "lightgbm", "shap", "umap")
_IMPORT = re.compile(r"^\s*(?:import|from)\s+([a-zA-Z_][\w.]*)", re.MULTILINE)


@contextmanager
def started(refs: Iterable[PageRef], threads: int, log: Path) -> Iterator[str]:
    """Run a server for these pages: the socket of each as JSON, or nothing where processes do not fork."""
    if not kernel.CAN_FORK:
        yield ""
        return
    places, libraries = _families(refs)
    with tempfile.TemporaryDirectory(prefix="reread-") as folder:
        command = [*environment.PYTHON, server.__name__, folder, json.dumps(libraries), str(os.getpid())]
        with stopping.running(command, log, environment.sealed(threads, Path(folder))) as process:
            while not Path(folder, server.BASE).exists() and process.poll() is None:
                time.sleep(0.01)
            yield json.dumps({name: f"{folder}/{family}" for name, family in places.items()})


def _families(refs: Iterable[PageRef]) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Page to its framework, or ``base``; and each of these to the libraries that its pages import."""
    library, found, places = fingerprint.Library(), {server.BASE: set()}, {}
    for ref in refs:
        reached = library.closure(fingerprint.notebook(ref.notebook, library).imports)
        texts = ((fingerprint.PACKAGE.parents[1] / path).read_text(encoding="utf-8") for path in reached)
        used = {name for text in texts for name in _IMPORT.findall(text)}
        tops = {name: name.partition(".")[0] for name in used}
        family = next((f for f, names in _FRAMEWORKS.items() if {*tops.values()} & {*names}), server.BASE)
        found[server.BASE] |= {name for name, top in tops.items() if top in _COMMON}
        found.setdefault(family, set()).update(n for n, top in tops.items() if top in _SPECIAL)
        places[ref.name] = family
    return places, {name: [*_FRAMEWORKS.get(name, ()), *sorted(used)] for name, used in found.items()}
