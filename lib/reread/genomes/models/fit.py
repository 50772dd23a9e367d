"""The network of a page: the published one from a file, or a small one trained on the simulated reference."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from reread.core.errors import ParameterError, did_you_mean
from reread.core.precision import FORMATS
from reread.genomes.data.cohort import Cohort
from reread.genomes.models.enformer import Architecture, Enformer, load_published
from reread.genomes.models.predict import predict, train

SMALL = Architecture(
    dim=48, depth=1, heads=2, key_dim=16, divisible_by=8, n_tracks=3, dropout=0.1, tf_gamma=False
)
RATE = 8e-3


def network_of(
    cohort: Cohort, *, weights: str = "", epochs: int = 8, seed: int = 0
) -> tuple[Enformer, pd.DataFrame]:
    """Load or train the network of a page; also return its losses (columns epoch and loss).

    ``weights`` is what ``enformer-pytorch`` saved, as a file, a folder or the id of a model on the hub; empty
    trains a small network. ParameterError if it is empty and the cohort has no windows to train on.
    """
    if weights:
        return load_published(weights), pd.DataFrame({"epoch": [], "loss": []})
    if not len(cohort.train_sequences):
        raise ParameterError("Own files need the weights of a trained network.\nAdd:  -p weights=PATH")
    network, losses = train(
        cohort.train_sequences, cohort.train_targets, SMALL, epochs=epochs, rate=RATE, seed=seed
    )
    return network, pd.DataFrame({"epoch": range(1, len(losses) + 1), "loss": losses})


def predictor(
    network: Enformer, *, reverse: bool = True, shifts: Sequence[int] = (0,), precision: str = "float32"
):
    """Make the function that :mod:`reread.genomes.methods.personal_prediction` calls.

    It takes sequences (sequence, base), bins (first, last) and tracks, None for all, and returns predictions
    (sequence, bin, track). ``reverse`` and ``shifts`` (bases) average over strands and shifts; ``precision``
    is a number format.
    """

    def made(
        sequences: npt.NDArray[np.uint8], bins: tuple[int, int] | None = None,
        tracks: tuple[int, ...] | None = None,
    ) -> npt.NDArray[np.float32]:  # fmt: skip
        return predict(
            network, sequences, bins=bins, tracks=tracks, reverse=reverse, shifts=shifts, precision=precision
        )

    return made


def predictors(network: Enformer, precision: str, **how) -> dict:
    """Functions of :func:`predictor` by number format, from the one asked for to fp32, which is exact.

    ParameterError if the format is unknown.
    """
    if precision not in FORMATS:
        raise ParameterError(f"There is no number format {precision!r}. {did_you_mean(precision, FORMATS)}")
    allowed = FORMATS[FORMATS.index(precision) :]
    return {name: predictor(network, precision=name, **how) for name in allowed}
