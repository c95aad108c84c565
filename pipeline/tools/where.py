"""`python -m pipeline where`: prints where the results are; the last line of a run."""

from __future__ import annotations

import argparse
from pathlib import Path

from pipeline import config
from pipeline.config import Run


def arguments(command: argparse.ArgumentParser) -> None:
    """Declare the options of `run`."""
    command.add_argument("--preset", help="a file of params/ without .yaml (default: the preset in params.yaml)")


def run(root: Path, preset: str | None = None) -> int:
    """Print the line. The exit code is 0 if there are results, else 1."""
    settings = config.load(preset, root)
    there = settings.layout.report.exists()
    print(
        line(settings) if there else f"preset {settings.preset_name} has no results yet: run `dvc repro` or `snakemake`"
    )
    return 0 if there else 1


def line(run: Run) -> str:
    return f"Results: results/{run.preset_name}/README.md. The runs in MLflow: `make ui`."
