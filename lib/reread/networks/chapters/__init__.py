"""The figures of this study. Each function returns a matplotlib Figure and the table behind it."""

from __future__ import annotations

from reread.networks.chapters.ch01_pair_audit import batch_dependence, concentration, knob
from reread.networks.chapters.ch02_deeptgi import against_names, loss_curves
from reread.networks.chapters.ch03_baselines import leak, auprc_gain, precision_recall
from reread.networks.chapters.ch04_full_grid import calibration, stability, transfer
from reread.networks.chapters.ch06_network import network
from reread.networks.chapters.explain import attention, attribution

__all__ = [
    "against_names",
    "attention",
    "attribution",
    "batch_dependence",
    "calibration",
    "concentration",
    "knob",
    "leak",
    "auprc_gain",
    "loss_curves",
    "network",
    "precision_recall",
    "stability",
    "transfer",
]
