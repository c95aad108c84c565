"""Projects whose results are made by hand (hand_made.py)."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import detection_made
import pytest
from filelock import FileLock
from hand_made import ACTIONS, Maker, settings_and_published_numbers


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with the repository's settings and published numbers, without results."""
    return settings_and_published_numbers(tmp_path)


@pytest.fixture
def make(project: Path) -> Callable[..., Maker]:
    """`make()` or `make(["walk"])`: a maker with no variant run yet, over these actions."""
    return lambda actions=ACTIONS: Maker(project, list(actions))


@pytest.fixture(scope="session")
def reported(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Maker:
    """A whole preset after `tabulate` and `report`, made once for all processes of a test run. To be read, not changed.

    Drawing all figures takes half a minute, so the second process that asks waits for the first one's.
    """
    if worker_id == "master":  # there is one process
        return whole_report(tmp_path_factory.mktemp("reported"))
    shared = tmp_path_factory.getbasetemp().parent  # which no process deletes at its own end
    file = shared / "reported.pickle"
    with FileLock(f"{file}.lock"):
        if not file.exists():
            file.write_bytes(pickle.dumps(whole_report(shared / "reported")))
    return pickle.loads(file.read_bytes())


def whole_report(folder: Path) -> Maker:
    folder.mkdir(exist_ok=True)
    maker = Maker(settings_and_published_numbers(folder), ACTIONS)
    maker.whole_preset()
    detection_made.whole_preset(maker)
    assert maker.call("tabulate") == 0
    assert maker.call("report") == 0
    return maker
