"""Read bases of a reference genome from FASTA through its index."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from reread.core.errors import DataError, need
from reread.core.tables import door
from reread.genomes.io.tables import same_contig

N = ord("N")


class Reference:
    """Bases of a genome by contig and position, as bytes in capitals.

    Parameters
    ----------
    contigs : dict of str to uint8 array, (base,), optional
        A genome in memory.
    path : Path, optional
        A FASTA file; pyfaidx writes its index beside it at the first use.
    offset : int
        0-based position of the first base, for a file that holds a slice of a contig.
    """

    def __init__(
        self,
        contigs: dict[str, npt.NDArray[np.uint8]] | None = None,
        path: Path | None = None,
        offset: int = 0,
    ):
        self._memory, self._file, self.offset = dict(contigs or {}), None, offset
        if path is not None:
            faidx = need("pyfaidx", "genomes")
            with door(Path(path).expanduser(), "FASTA", faidx.FastaIndexingError) as checked:
                if checked.suffix in (".gz", ".bgz"):
                    raise DataError(
                        f"{path} is compressed, but bases are read by their position in plain text.\n"
                        f"Run:  gunzip --keep {path}"
                    )
                self._file = faidx.Fasta(str(checked), sequence_always_upper=True)
        self.lengths = {name: len(bases) for name, bases in self._memory.items()}
        if self._file is not None:
            self.lengths = {name: len(self._file[name]) for name in self._file.keys()}  # noqa: SIM118

    def fetch(self, contig: str, start: int, end: int) -> npt.NDArray[np.uint8]:
        """Bases ``start`` to ``end`` (0-based, exclusive), N beyond the ends of the contig.

        Raises
        ------
        DataError
            If the contig is unknown, with or without ``chr``, or the whole range lies outside of it.
        """
        name = same_contig(contig, list(self.lengths))
        first, last = start - self.offset, end - self.offset
        low, high = max(first, 0), min(last, self.lengths[name])
        if low >= high:
            raise DataError(
                f"{contig}:{start + 1}-{end} lies outside of the reference, whose {name} has the bases "
                f"{self.offset + 1} to {self.offset + self.lengths[name]}."
            )
        found = np.full(last - first, N, dtype=np.uint8)
        if self._file is None:
            found[low - first : high - first] = self._memory[name][low:high]
        else:
            text = self._file[name][low:high].seq
            found[low - first : high - first] = np.frombuffer(text.encode(), dtype=np.uint8)
        return found
