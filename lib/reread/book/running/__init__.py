"""Run one page: process, folder, environment."""
