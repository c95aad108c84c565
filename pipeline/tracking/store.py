"""An MLflow store, open for writing: where it is, who may write, and its errors in one line.

Artifacts are in mlartifacts/ and have addresses of a server, `mlflow-artifacts:/...`. With a plain folder MLflow would
store absolute paths and lose the artifacts when the repository is moved. A server that is started with
`--artifacts-destination mlartifacts`, as in `make ui`, shows them. Without a server this process writes there itself.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from pipeline import artifacts
from pipeline.artifacts import InputError

if TYPE_CHECKING:
    import mlflow

# MLflow's own switches: no telemetry, no addresses on stdout, no progress bars, and an error within seconds if no
# server answers.
ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
}
SERVERS = ("http", "https")
ARTIFACTS = "mlflow-artifacts"  # the scheme of artifacts that a server passes on
LOCK_SECONDS = 20.0  # how long another program may hold the database before we give up
FULL = ("disk I/O error", "disk is full", "File too large", "No space left on device")  # SQLite's words, the system's
REFUSALS = "error responses"  # in MLflow's words for a server that answers, and whose database does not
ROOM = "make room, and run the same command again"
REMEDY = "move the file away: publish fills a new one"


class Store:
    """A store with its client. `folder` is where its artifacts are, None if a server keeps them."""

    def __init__(self, client: mlflow.MlflowClient, address: str, artifacts: Path | None) -> None:
        self.client = client
        self.address = address
        self._artifacts = artifacts

    @property
    def on_server(self) -> bool:
        return self._artifacts is None

    def folder(self, uri: str) -> Path | None:
        """Where the artifacts at an address are; None if a server keeps them."""
        scheme, _, path = uri.partition(":/")
        return None if self._artifacts is None or scheme != ARTIFACTS else self._artifacts / path.lstrip("/")


def address_of(root: Path) -> str:
    """The store that MLFLOW_TRACKING_URI names, else mlflow.db."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{root / 'mlflow.db'}"


def public_address(address: str) -> str:
    """A tracking address without password and query. Of a SQLite file only the name remains."""
    parts = urllib.parse.urlsplit(address)
    host, path = parts.netloc.rpartition("@")[2], parts.path
    if kind(address) == "sqlite":
        path = f"/{Path(path).name}"
    return f"{parts.scheme}://{host}{path}"


def kind(address: str) -> str:
    """`sqlite` for `sqlite+pysqlite:///mlflow.db`, `http` for a server."""
    return address.partition(":")[0].partition("+")[0].lower()


def import_mlflow() -> Any:
    """MLflow, made silent. Raises InputError if it is missing."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    try:
        import mlflow
    except ImportError as error:
        raise InputError(f"publish: MLflow is missing ({error}); install the repository's environment") from None
    # It logs the tracebacks of errors that the user gets as one line, and each table that it creates.
    logging.getLogger("mlflow").setLevel(logging.CRITICAL)
    return mlflow


@contextlib.contextmanager
def opened(address: str, root: Path, wait: float = -1) -> Iterator[Store]:
    """Open a store as its only writer; a second process waits for a lock file beside the database, or so many seconds.

    MLflow alone does not order them: two processes that create its tables at once crash, and two that publish the same
    preset at once would write every run twice. Raises InputError, in one line, if the address is of another kind, or
    the database is locked, damaged or of another version of MLflow.
    """
    what = kind(address)
    if what not in (*SERVERS, "sqlite"):
        raise InputError(
            f"MLFLOW_TRACKING_URI: {address!r} is no server (http://...) and no SQLite file (sqlite:///mlflow.db); "
            "unset it to use mlflow.db"
        )
    database = Path(urllib.parse.urlsplit(address).path[1:]) if what == "sqlite" else root / "mlflow.db"
    database.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(database.with_name(f"{database.name}.lock"), wait), _one_line_errors(address):
        mlflow = import_mlflow()
        if what != "sqlite":
            yield Store(mlflow.MlflowClient(address), address, None)
            return
        _check_writable(database)
        _make_tables(address, database)
        with _artifacts_in(root / "mlartifacts"):
            yield Store(mlflow.MlflowClient(address), address, root / "mlartifacts")


def complete(root: Path) -> None:
    """Make mlflow.db's tables where it is still empty, as after a full disk. Raises InputError if it cannot be used.

    A server would try the same, and end with the traceback of its database. Does nothing while another process writes.
    """
    with contextlib.suppress(Timeout), opened(f"sqlite:///{root / 'mlflow.db'}", root, wait=0):
        pass


def _check_writable(database: Path) -> None:
    """Take SQLite's write lock for a moment. Without it MLflow would retry for minutes, with a traceback each time."""
    try:
        with contextlib.closing(sqlite3.connect(database, timeout=LOCK_SECONDS)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.rollback()
    except sqlite3.Error as error:
        full = any(word in str(error) for word in FULL)
        remedy = ROOM if full else f"stop the program that uses it, or {REMEDY}"
        raise InputError(f"{database}: {error}; {remedy}") from None


def _make_tables(address: str, database: Path) -> None:
    """All tables or none: with half of them, as after a full disk, MLflow could never go on."""
    # MlflowClient would give the experiment `Default` an absolute path.
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    if not database.stat().st_size:
        with artifacts.atomic(database) as part:
            SqlAlchemyStore(f"sqlite:///{part}", f"{ARTIFACTS}:/").engine.dispose()
    SqlAlchemyStore(address, f"{ARTIFACTS}:/")


@contextlib.contextmanager
def _artifacts_in(folder: Path) -> Iterator[None]:
    """Let MLflow write the artifacts of a server into a folder, without a server."""
    from mlflow.store.artifact import artifact_repository_registry as registry
    from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

    def local(uri: str, **_: Any) -> Any:
        return LocalArtifactRepository(str(folder / uri.partition(":/")[2].lstrip("/")))

    known = registry._artifact_repository_registry
    before = known.get_registered_artifact_repositories()[ARTIFACTS]
    known.register(ARTIFACTS, local)
    try:
        yield
    finally:
        known.register(ARTIFACTS, before)


@contextlib.contextmanager
def _one_line_errors(address: str) -> Iterator[None]:
    """Turn an error of MLflow, its database or a server into an InputError of one line."""
    mlflow = import_mlflow()
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (mlflow.MlflowException, SQLAlchemyError, OSError) as error:
        reason = " ".join(str(error).split()).partition(" [SQL: ")[0]  # the statement is no help
        remedy = ""
        if "schema" in reason and kind(address) == "sqlite":
            remedy = f"; it is of another version of MLflow: {REMEDY}, or upgrade it with `mlflow db upgrade`"
            reason = reason.partition("Take a backup")[0].strip()
        elif any(word in reason for word in FULL):
            remedy = f"; is the disk full? Then {ROOM}"
        elif kind(address) in SERVERS and REFUSALS in reason:
            remedy = f"; the server prints what it lacks: is its disk full? Then {ROOM}"
        elif kind(address) in SERVERS:
            remedy = "; is the server running? (MLFLOW_TRACKING_URI names it)"
        shown = f"{reason[:300]}{' ...' if len(reason) > 300 else ''}"
        raise InputError(f"publish: MLflow at {public_address(address)}: {shown}{remedy}") from None
