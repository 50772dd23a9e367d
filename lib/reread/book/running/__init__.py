"""Run one page: process, folder, provenance."""
