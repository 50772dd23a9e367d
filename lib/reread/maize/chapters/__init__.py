"""Figures and tables of one notebook each."""
