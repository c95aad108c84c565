"""pipeline/tracking on a store that is missing, locked, damaged or of another version: one line each."""

from __future__ import annotations

import resource
import sqlite3
import sys
from pathlib import Path
from typing import Any

import pytest

from pipeline import config, records, tracking
from pipeline.artifacts import InputError
from pipeline.tracking import store

mlflow = pytest.importorskip("mlflow")


def publish(root: Path) -> dict[str, Any]:
    return tracking.publish(records.find(config.load("demo", root)), root)


def says(root: Path, *words: str) -> str:
    with pytest.raises(InputError) as caught:
        publish(root)
    message = str(caught.value)
    assert "\n" not in message and all(word in message for word in words), message
    return message


def test_without_mlflow(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    says(root, "MLflow is missing", "install")


def test_a_locked_database(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "LOCK_SECONDS", 0.1)
    other = sqlite3.connect(root / "mlflow.db")
    other.execute("BEGIN EXCLUSIVE")
    says(root, "mlflow.db: database is locked", "stop the program")
    other.close()
    assert len(publish(root)["runs"]) == 4


def test_a_database_locked_later(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow's own error has many lines, with a statement in SQL."""

    def locked(*_: Any, **__: Any) -> None:
        raise mlflow.MlflowException("(sqlite3.OperationalError) database is locked\n[SQL: INSERT]\n" + 99 * "values ")

    monkeypatch.setattr(mlflow.MlflowClient, "log_batch", locked)
    said = says(root, "MLflow at sqlite:///mlflow.db: (sqlite3.OperationalError) database is locked")
    assert "SQL:" not in said and "values" not in said


def test_a_full_disk(root: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        says(root, "MLflow at sqlite:///mlflow.db: ", "make room")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert len(publish(root)["runs"]) == 4


def test_a_file_that_is_no_database(root: Path) -> None:
    (root / "mlflow.db").write_bytes(b"something else entirely" * 100)
    says(root, "mlflow.db: file is not a database")


def test_a_database_of_another_version(root: Path) -> None:
    with sqlite3.connect(root / "mlflow.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '451aebb31d03'")
    database.close()
    says(root, "out-of-date database schema", "mlflow db upgrade")


def test_a_database_of_a_later_version(root: Path) -> None:
    with sqlite3.connect(root / "mlflow.db") as database:
        database.execute("UPDATE alembic_version SET version_num = 'ffffffffffff'")
    database.close()
    says(root, "another version of MLflow", "move the file away")


def test_an_address_of_no_store(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "mlruns")
    says(root, "MLFLOW_TRACKING_URI: 'mlruns'", "sqlite:///")


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("sqlite:///mlflow.db", "sqlite:///mlflow.db"),
        ("sqlite:////home/someone/secret/runs.db", "sqlite:///runs.db"),
        ("https://someone:word@server.example:5000/runs?token=word", "https://server.example:5000/runs"),
    ],
)
def test_public_address(address: str, public: str) -> None:
    assert tracking.public_address(address) == public
