"""Projects whose results are made by hand (hand_made.py)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import detection_made
import pytest
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
def reported(tmp_path_factory: pytest.TempPathFactory) -> Maker:
    """A whole preset after `tabulate` and `report`. To be read, not changed."""
    maker = Maker(settings_and_published_numbers(tmp_path_factory.mktemp("reported")), ACTIONS)
    maker.whole_preset()
    detection_made.whole_preset(maker)
    assert maker.call("tabulate") == 0
    assert maker.call("report") == 0
    return maker
