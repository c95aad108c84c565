"""`python -m pipeline where`: prints where the results are; the last line of a run. `make report` opens the page."""

from __future__ import annotations

import argparse
import webbrowser
from pathlib import Path

from pipeline import config
from pipeline.config import Run
from pipeline.tools import options


def arguments(command: argparse.ArgumentParser) -> None:
    """Declare the options of `run`."""
    options.preset(command)
    command.add_argument("--open", action="store_true", help="open the page in a browser, where there is one")


def run(root: Path, preset: str | None = None, open: bool = False) -> int:
    """Print the line. The exit code is 0 if there are results, else 1."""
    settings = config.load(preset, root)
    found = results(settings)
    if found is None:
        print(f"preset {settings.preset_name} has no results yet: run `dvc repro` or `snakemake`")
        return 1
    print(f"Results: {found.relative_to(root).as_posix()}. The runs in MLflow: `make ui`.")
    if open:
        address = found.resolve().as_uri()
        print(f"Opened {address}" if webbrowser.open(address) else f"Open {address} in a browser; none was found here.")
    return 0


def results(run: Run) -> Path | None:
    """The page of a finished run; of a run that is older than the page, its README.md; None if there is neither."""
    return next((path for path in (run.layout.report_page, run.layout.report) if path.exists()), None)
