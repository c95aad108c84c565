"""What every test can rely on: an environment that no setting leaks into, and copies of the repository to run in."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import detection_folder
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

# Tests write many small files, and a disk lets each of them wait. A run needs less than 1 GB of memory for them.
IN_MEMORY, ROOM = Path("/dev/shm"), 8 * 2**30
if IN_MEMORY.is_dir() and os.access(IN_MEMORY, os.W_OK) and shutil.disk_usage(IN_MEMORY).free > ROOM:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(IN_MEMORY))


# They run whole pipelines. If they came last, one core would wait for them.
FIRST = ("test_end_to_end.py", "test_slurm.py", "test_edits.py", "test_sync.py", "test_killed_run.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name not in FIRST)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-bad-input", action="store_true", help="write docs/bad_input.md from what commands say")


@pytest.fixture(scope="session")
def repository_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository to read and to ask; a test that changes files makes its own with `make_copy`."""
    return copy_of_repository(tmp_path_factory.mktemp("repository"))


@pytest.fixture
def make_copy(tmp_path: Path) -> Callable[[str], Path]:
    return lambda name: copy_of_repository(tmp_path / name)


@pytest.fixture(scope="session")
def made_images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What prepare_images makes of the settings of detection_folder: data/tiny/images."""
    from pipeline import config
    from pipeline.stages import prepare_images  # here, because most tests need no images

    root = detection_folder.write_settings(tmp_path_factory.mktemp("images"))
    for task in ("pose", "boxes"):
        prepare_images.run(config.load("tiny", root), task)  # type: ignore[arg-type]
    return root / "data" / "tiny" / "images"


@pytest.fixture
def detection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made_images: Path) -> Path:
    """A folder with this repository's variants, a preset `tiny` and made images; it is the working directory."""
    detection_folder.write_settings(tmp_path)
    shutil.copytree(made_images, tmp_path / "data" / "tiny" / "images")
    monkeypatch.setenv("MIXPOSE_SAVE_EVERY_SECONDS", "0")
    monkeypatch.chdir(tmp_path)
    return tmp_path
