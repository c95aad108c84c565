"""A small repository with a store of MLflow."""

from __future__ import annotations

import shutil
from pathlib import Path

import finished_runs
import pytest

from pipeline.tracking import store


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An initialised database without runs, created once because that takes a second."""
    root = tmp_path_factory.mktemp("mlflow")
    database = root / "mlflow.db"
    with store.opened(f"sqlite:///{database}", root):
        return database


@pytest.fixture
def root(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    root = finished_runs.make(tmp_path / "repository")
    shutil.copyfile(empty_store, root / "mlflow.db")
    return root
