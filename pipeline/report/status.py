"""Why something that the page tells of is not there, from the status file that its stage leaves."""

from __future__ import annotations

from pathlib import Path

from pipeline import artifacts


def why_not(path: Path, stage: str) -> str | None:
    """Why a stage was not run; None if it was."""
    if not path.exists():
        return f"{stage} was not run"
    status = artifacts.read_json(path)
    return None if status["status"] == "run" else str(status["reason"])
