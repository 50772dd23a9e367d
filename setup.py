"""The wheel carries the book: notebooks, records, data list, graph and texts, as ``reread/_checkout``."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

CARRIED = ("chapters", "data/datasets.yml", "workflow", "book", "_config.yml", "_toc.yml",
           "requirements.lock", "CITATION.cff", "CHANGELOG.md", "LICENSE", "README.md")  # fmt: skip
LEFT_OUT = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", ".snakemake")


class BuildWithBook(build_py):
    """Copy what the package reads at the top of a checkout beside its modules."""

    def run(self) -> None:
        """Build the modules, then add the files."""
        super().run()
        if self.editable_mode:
            return
        for name in CARRIED:
            source, target = Path(name), Path(self.build_lib, "reread/_checkout", name)
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, ignore=LEFT_OUT, dirs_exist_ok=True)
            else:
                shutil.copyfile(source, target)


setup(cmdclass={"build_py": BuildWithBook})
