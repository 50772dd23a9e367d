"""The figures of this study. Each function returns a matplotlib Figure and the table behind it."""

from __future__ import annotations

from reread.networks.draw.explain import attention, attribution
from reread.networks.draw.grid import calibration, stability, transfer
from reread.networks.draw.methods import leak, lift, precision_recall
from reread.networks.draw.network import network
from reread.networks.draw.pairs import batch_dependence, concentration, knob
from reread.networks.draw.training import against_names, loss_curves

__all__ = [
    "against_names",
    "attention",
    "attribution",
    "batch_dependence",
    "calibration",
    "concentration",
    "knob",
    "leak",
    "lift",
    "loss_curves",
    "network",
    "precision_recall",
    "stability",
    "transfer",
]
