"""The tables of a finished run, put into the AnnData object that they belong to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from reread.book.status.run_record import RunRecord
from reread.core import paths

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

GENE = "gene"


def into_anndata(run: str | Path, adata: AnnData) -> list[str]:
    """Put values and tables of a run into ``adata.uns["reread"]``, and tables by gene into ``adata.varm``.

    ``run`` is the folder of a finished run, or its name as ``reread runs list`` prints it. ``adata`` (cell or
    sample, gene) is changed in place; ``write_h5ad`` can write what is added.

    Returns the keys of ``varm`` that were set. A table of the run has one there if its column ``gene`` names
    each gene once, and one of them is in ``var_names``. It holds the numeric columns in the order of
    ``var_names``, with NaN for genes that the run does not name. Units are those of the table. RunError if
    the folder holds no finished run, or one that was altered. Source of the layout: Virshup and others,
    anndata, doi:10.21105/joss.04371.
    """
    folder = Path(run) if Path(run).is_dir() else paths.runs() / run
    record = RunRecord.read(folder)
    names = [name for name in sorted(record.files) if name.startswith(("tables/", "artifacts/"))]
    tables = {Path(name).stem: _table(folder / name) for name in names if name.endswith(".csv")}
    page = "-".join(filter(None, (record.study, record.chapter, record.page)))
    values = {key: value for key, value in record.values.items() if value is not None}
    about = {"run": str(run), "profile": record.profile, "scope": record.scope}
    about |= {"started": record.made["started"], "parameters": dict(record.parameters)}
    adata.uns.setdefault("reread", {})[page] = about | {"values": values, "tables": tables}
    by_gene = {f"reread_{name}": table.set_index(GENE) for name, table in tables.items() if GENE in table}
    fitting = {
        key: table.select_dtypes(["number", "bool"]).reindex(adata.var_names)
        for key, table in by_gene.items()
        if table.index.is_unique and table.index.isin(adata.var_names).any()
    }
    adata.varm.update({key: table for key, table in fitting.items() if table.shape[1]})
    return [key for key, table in fitting.items() if table.shape[1]]


def _table(path: Path) -> pd.DataFrame:
    """Read a table of a run as h5ad can hold it: gene names and words as text, no ``/`` in a column name."""
    import pandas as pd

    data = pd.read_csv(path, converters={GENE: str}).rename(columns=lambda name: str(name).replace("/", "|"))
    return data.fillna(dict.fromkeys(data.select_dtypes("object").columns, ""))
