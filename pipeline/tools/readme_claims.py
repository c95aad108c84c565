"""How many claims of each committed run are held, indicated, and so on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.report.claims import SCHEMA
from pipeline.report.inputs import listed
from pipeline.report.states import STATES, SYMBOLS
from pipeline.tools.readme_cells import NONE, grid, reference, wrapped


def table(root: Path) -> str:
    """One row per committed run, one column per state; links start in docs/.

    A run that was judged by an older rule is not judged again, because that would need its training histories, edge
    weights and speeds, which are not committed. A note says so in place of its numbers.
    """
    body, older = [], []
    for file in sorted(reference(root).glob("*/run.json")):
        folder = file.parent
        link = f"[{folder.name}](../{folder.relative_to(root).as_posix()}/claims.md)"
        counts = _counts(folder / "claims.json")
        body.append([link, *(counts or [NONE] * len(STATES))])
        older += [] if counts else [f"`{folder.name}`"]
    head = ["run", *(f"{SYMBOLS[state]} {state}" for state in STATES)]
    note = f"The claims of {listed(older)} were judged before `held` and `not held` asked for three seeds."
    return "\n\n".join((grid(head, body), *([wrapped(note)] if older else [])))


def _counts(path: Path) -> list[str]:
    """The number of claims in each state; nothing of a file of an older schema."""
    content: Any = artifacts.read_json(path)
    try:
        if content["schema"] != SCHEMA:
            return []
        states = [claim["state"] for claim in content["claims"]]
    except (KeyError, TypeError) as error:
        raise InputError(f"{path}: {error} is missing; run `python -m pipeline reference` again") from None
    unknown = [state for state in states if state not in STATES]
    if unknown:
        raise InputError(f"{path}: no state {unknown[0]!r}; run `python -m pipeline reference` again")
    return [str(states.count(state)) for state in STATES]
