"""What every test can rely on: an environment that no setting leaks into, and copies of the repository to run in."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from repository import copy_of_repository

# A user's own settings must not reach a test, nor a test a user's MLflow. One thread: the tests share two cores.
OF_A_USER = (
    *("MIXPOSE_MIRROR", "MIXPOSE_SAVE_EVERY_SECONDS"),
    *("MLFLOW_TRACKING_URI", "SNAKEMAKE_PROFILE", "SOURCE_DATE_EPOCH"),
)
for name in OF_A_USER:
    os.environ.pop(name, None)
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["MPLBACKEND"] = "Agg"


@pytest.fixture(scope="session")
def repository_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository to read and to ask; a test that changes files makes its own with `make_copy`."""
    return copy_of_repository(tmp_path_factory.mktemp("repository"))


@pytest.fixture
def make_copy(tmp_path: Path) -> Callable[[str], Path]:
    return lambda name: copy_of_repository(tmp_path / name)
