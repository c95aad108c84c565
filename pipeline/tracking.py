"""Copies finished trainings and results from the stages' files to MLflow. The only file that imports mlflow.

The files are the source and MLflow is a view of them, so publishing can be repeated. An MLflow run is found by its tags
(preset, variant, seed, the checkpoint's digest). Its tag `complete` is set last and holds the digest of everything that
was published. A run that is unfinished, or whose files have changed, is replaced, so there are no duplicates.

Artifacts are in mlartifacts/ under addresses of a server, `mlflow-artifacts:/...`: MLflow stores plain folders by their
absolute path and would lose them when the repository is moved. A server shows them if it is started with
`--artifacts-destination mlartifacts`, as `make ui` does.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import shutil
import sqlite3
import sys
import time
import urllib.parse
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tqdm import tqdm

from pipeline.artifacts import InputError
from pipeline.records import Dataset, Record

if TYPE_CHECKING:
    import mlflow.entities

# MLflow's switches: no telemetry, no addresses on stdout, and an error within seconds if a server does not answer.
ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
}
SERVERS = ("http", "https")
LOCK_SECONDS = 20.0  # how long another program may hold the database before we give up
METRICS_A_CALL = 1000  # MLflow's limits for log_batch
PARAMETERS_A_CALL = 100

Item = TypeVar("Item")


def publish(found: Sequence[Record], root: Path) -> dict[str, Any]:
    """Copy records to MLflow. A run that is complete and unchanged is kept.

    Returns the receipt: the tracking address (None if there was nothing to publish), `runs` (variant, seed, checkpoint
    digest, experiment, run_id) and `results` (experiment, run_id). Raises InputError, in one line, if MLflow is
    missing, or if its database is locked, damaged or of another version.
    """
    receipt: dict[str, Any] = {"tracking_uri": None, "runs": [], "results": []}
    if not found:
        return receipt
    address = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{root / 'mlflow.db'}"
    receipt["tracking_uri"] = public_address(address)
    with _one_line_errors(address), _open(address, root) as store:
        for record in tqdm(found, desc="publish", unit=" runs", delay=5, disable=None):
            line: dict[str, Any] = {"experiment": record.experiment, "run_id": store.publish(record)}
            if record.kind == "training":
                receipt["runs"].append(
                    {
                        "variant": record.place["variant"],
                        "seed": int(record.place["seed"]),
                        "checkpoint": record.tags["checkpoint"],
                    }
                    | line
                )
            else:
                receipt["results"].append(line)
    return receipt


def public_address(address: str) -> str:
    """A tracking address without password, query and, for a SQLite file, the folders of this machine."""
    parts = urllib.parse.urlsplit(address)
    host, path = parts.netloc.rpartition("@")[2], parts.path
    if _kind(address) == "sqlite":
        path = f"/{Path(path).name}"
    return f"{parts.scheme}://{host}{path}"


class Store:
    """An MLflow store, open for writing; there is one writer at a time."""

    def __init__(self, address: str, root: Path) -> None:
        self.artifacts = root / "mlartifacts"
        self.on_server = _kind(address) in SERVERS
        self._mlflow = _import_mlflow()
        if not self.on_server:
            # Creates missing tables. MLflowClient would do so too, but store an absolute path for the experiment
            # `Default`.
            from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

            SqlAlchemyStore(address, "mlflow-artifacts:/")
        self._client = self._mlflow.MlflowClient(address)
        self._experiments: dict[str, str] = {}

    def publish(self, record: Record) -> str:
        """The record's run: the existing one if it is complete and up to date, otherwise a new one that replaces it."""
        experiment = self._experiment(record.experiment)
        digest, kept = record.digest(), None
        for run in list(self._runs(experiment, record)):  # all pages before a removal shifts them
            tags = run.data.tags
            if kept is None and tags.get("complete") == digest and self._has_artifacts(run):
                kept = run.info.run_id
            elif "complete" not in tags or tags.get("checkpoint") == record.tags.get("checkpoint"):
                self._remove(run)
        return kept or self._write(experiment, record, digest)

    def _experiment(self, name: str) -> str:
        """The experiment's id. A missing experiment is created, a deleted one restored."""
        if name not in self._experiments:
            experiment = self._client.get_experiment_by_name(name)
            if experiment is None:
                location = None if self.on_server else f"mlflow-artifacts:/{name}"
                # The tag opens the page for trained models, not the one for language models.
                tags = {"mlflow.experimentKind": "custom_model_development"}
                self._experiments[name] = self._client.create_experiment(name, location, tags)
            else:
                if experiment.lifecycle_stage == "deleted":
                    self._client.restore_experiment(experiment.experiment_id)
                self._experiments[name] = experiment.experiment_id
        return self._experiments[name]

    def _runs(self, experiment: str, record: Record) -> Iterator[mlflow.entities.Run]:
        """The active runs of a record: same preset and, for a training, same variant and seed."""
        where = " and ".join(f"tags.{name} = '{value}'" for name, value in record.place.items())
        token = None
        while True:
            page = self._client.search_runs([experiment], where, page_token=token)
            yield from page
            token = page.token
            if not token:
                return

    def _has_artifacts(self, run: mlflow.entities.Run) -> bool:
        """False if mlartifacts/ was deleted; a server keeps its own artifacts."""
        folder = self._folder(run)
        return folder is None or folder.is_dir()

    def _remove(self, run: mlflow.entities.Run) -> None:
        self._client.delete_run(run.info.run_id)
        folder = self._folder(run)
        if folder is not None:
            shutil.rmtree(folder.parent, ignore_errors=True)

    def _write(self, experiment: str, record: Record, digest: str) -> str:
        """Write a new run. Its tag `complete` is written last; without it the next publish replaces the run."""
        entities = self._mlflow.entities
        started, finished = _milliseconds(record.started), _milliseconds(record.finished)
        run = self._client.create_run(experiment, started, record.tags | record.place, record.name)
        run_id = run.info.run_id
        for parameters in _blocks(record.parameters.items(), PARAMETERS_A_CALL):
            self._client.log_batch(run_id, params=[entities.Param(*pair) for pair in parameters])
        history = (
            entities.Metric(name, value, round(started + (finished - started) * share), step)
            for name, value, step, share in record.history()
        )
        for metrics in _blocks(history, METRICS_A_CALL):
            self._client.log_batch(run_id, metrics=metrics)
        figures = (entities.Metric(name, value, finished, record.steps) for name, value in record.metrics.items())
        for metrics in _blocks(figures, METRICS_A_CALL):
            self._client.log_batch(run_id, metrics=metrics)
        if record.datasets:
            self._client.log_inputs(run_id, [_dataset_input(entities, dataset) for dataset in record.datasets])
        self._upload(run, record)
        self._client.set_terminated(run_id, "FINISHED", finished)
        self._client.set_tag(run_id, "complete", digest)
        return run_id

    def _upload(self, run: mlflow.entities.Run, record: Record) -> None:
        folder = self._folder(run)
        for place, source in record.files:
            if folder is None:
                self._client.log_artifact(run.info.run_id, str(source), place or None)
            else:
                (folder / place).mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, folder / place / source.name)

    def _folder(self, run: mlflow.entities.Run) -> Path | None:
        """The folder in which `make ui` looks for a run's artifacts; None if a server keeps them."""
        scheme, _, path = run.info.artifact_uri.partition(":/")
        return None if self.on_server or scheme != "mlflow-artifacts" else self.artifacts / path.lstrip("/")


def _import_mlflow() -> Any:
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    try:
        import mlflow
    except ImportError as error:
        raise InputError(f"publish: MLflow is missing ({error}); install the repository's environment") from None
    # MLflow logs a traceback for every error, which the user gets as one line, and each table that it creates.
    logging.getLogger("mlflow").setLevel(logging.CRITICAL)
    return mlflow


@contextlib.contextmanager
def _open(address: str, root: Path) -> Iterator[Store]:
    """Open a store as its only writer.

    Two processes that create MLflow's tables at the same time fail, and two that publish the same preset would make
    duplicates. Therefore the second waits for a lock file beside the database.
    """
    kind = _kind(address)
    if kind not in (*SERVERS, "sqlite"):
        raise InputError(
            f"MLFLOW_TRACKING_URI: {address!r} is no server (http://...) and no SQLite file (sqlite:///mlflow.db); "
            "unset it to use mlflow.db"
        )
    database = Path(urllib.parse.urlsplit(address).path[1:]) if kind == "sqlite" else root / "mlflow.db"
    database.parent.mkdir(parents=True, exist_ok=True)
    with database.with_name(f"{database.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("publish: waiting for another publish to end", file=sys.stderr)
            fcntl.flock(lock, fcntl.LOCK_EX)
        if kind == "sqlite":
            _check_writable(database)
        yield Store(address, root)


def _check_writable(database: Path) -> None:
    """Take and release SQLite's write lock. MLflow would retry for minutes, with a traceback per try."""
    try:
        with contextlib.closing(sqlite3.connect(database, timeout=LOCK_SECONDS)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.rollback()
    except sqlite3.Error as error:
        raise InputError(
            f"{database}: {error}; stop the program that uses it, or move the file away: publish fills a new one"
        ) from None


@contextlib.contextmanager
def _one_line_errors(address: str) -> Iterator[None]:
    """Turn errors of MLflow, its database or a server into an InputError of one line."""
    mlflow = _import_mlflow()
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (mlflow.MlflowException, SQLAlchemyError, OSError) as error:
        reason = " ".join(str(error).split())
        raise InputError(
            f"publish: MLflow at {public_address(address)}: {reason[:300]}{' ...' if len(reason) > 300 else ''}"
        ) from None


def _dataset_input(entities: Any, dataset: Dataset) -> Any:
    """MLflow accepts 36 characters of a digest; the run's tags have all of it."""
    entity = entities.Dataset(dataset.name, dataset.digest[:32], "local", dataset.source, profile=dataset.profile)
    return entities.DatasetInput(entity, [entities.InputTag("mlflow.data.context", dataset.context)])


def _kind(address: str) -> str:
    """`sqlite` for `sqlite+pysqlite:///mlflow.db`, `http` for a server."""
    return address.partition(":")[0].partition("+")[0].lower()


def _milliseconds(moment: float | None) -> int:
    return round(1000 * (time.time() if moment is None else moment))


def _blocks(items: Iterable[Item], size: int) -> Iterator[Sequence[Item]]:
    block: list[Item] = []
    for item in items:
        block.append(item)
        if len(block) == size:
            yield block
            block = []
    if block:
        yield block
