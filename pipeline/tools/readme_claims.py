"""How many claims of each committed run are held, indicated, and so on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.report.claims import SCHEMA
from pipeline.report.states import STATES, SYMBOLS
from pipeline.tools.readme_cells import grid, reference


def table(root: Path) -> str:
    """One row per committed run, one column per state; links start in docs/."""
    body = []
    for file in sorted(reference(root).glob("*/run.json")):
        folder = file.parent
        link = f"[{folder.name}](../{folder.relative_to(root).as_posix()}/claims.md)"
        body.append([link, *_counts(folder / "claims.json")])
    return grid(["run", *(f"{SYMBOLS[state]} {state}" for state in STATES)], body)


def _counts(path: Path) -> list[str]:
    """The number of claims in each state. Raises InputError on a file of another schema."""
    content: Any = artifacts.read_json(path)
    try:
        if content["schema"] != SCHEMA:
            raise InputError(f"{path}: schema {content['schema']}; run `python -m pipeline reference` again")
        states = [claim["state"] for claim in content["claims"]]
    except (KeyError, TypeError) as error:
        raise InputError(f"{path}: {error} is missing; run `python -m pipeline reference` again") from None
    unknown = [state for state in states if state not in STATES]
    if unknown:
        raise InputError(f"{path}: no state {unknown[0]!r}; run `python -m pipeline reference` again")
    return [str(states.count(state)) for state in STATES]
