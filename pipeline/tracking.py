"""Finished trainings and results in MLflow, copied from the stages' plain files. The only file that imports mlflow.

Publishing can be repeated without a second MLflow run of the same training. A run is found by its tags (preset,
variant, seed, digest of the checkpoint). Its tag `complete`, set last, is the digest of everything that was published:
a run that is unfinished, or whose files have changed since, is replaced.

Artifacts are in mlartifacts/ and have addresses of a server, `mlflow-artifacts:/...`. With a plain folder MLflow would
store absolute paths and lose the artifacts when the repository is moved. A server that is started with
`--artifacts-destination mlartifacts`, as in `make ui`, shows them.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import sqlite3
import time
import urllib.parse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock
from tqdm import tqdm

from pipeline.artifacts import InputError
from pipeline.records import Dataset, Record

if TYPE_CHECKING:
    import mlflow.entities

# MLflow's own switches: no telemetry, no addresses on stdout, and an error within seconds if no server answers.
ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
}
SERVERS = ("http", "https")
LOCK_SECONDS = 20.0  # how long another program may hold the database before we give up
METRICS_PER_CALL = 1000  # MLflow's limits for log_batch
PARAMETERS_PER_CALL = 100


def publish(found: Sequence[Record], root: Path) -> dict[str, Any]:
    """Write records to MLflow. A run that is complete and unchanged is left as it is.

    Returns the receipt: the tracking address (None if there was nothing to publish), `runs` (variant, seed, checkpoint
    digest, experiment, run_id) and `results` (experiment, run_id). Raises InputError, in one line, if MLflow is
    missing, or its database is locked, damaged or of another version.
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
    """A tracking address without password and query. Of a SQLite file only the name remains."""
    parts = urllib.parse.urlsplit(address)
    host, path = parts.netloc.rpartition("@")[2], parts.path
    if _kind(address) == "sqlite":
        path = f"/{Path(path).name}"
    return f"{parts.scheme}://{host}{path}"


class Store:
    """An MLflow store, open for writing. There is one writer at a time."""

    def __init__(self, address: str, root: Path) -> None:
        self.artifacts = root / "mlartifacts"
        self.on_server = _kind(address) in SERVERS
        self._mlflow = _import_mlflow()
        if not self.on_server:
            # Creates the tables if there are none. MlflowClient would give the experiment `Default` an absolute path.
            from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

            SqlAlchemyStore(address, "mlflow-artifacts:/")
        self._client = self._mlflow.MlflowClient(address)
        self._experiments: dict[str, str] = {}

    def publish(self, record: Record) -> str:
        """The record's run id: of the present run if it is complete and up to date, else of a new one in its place."""
        experiment = self._experiment(record.experiment)
        digest, kept = record.digest(), None
        for run in list(self._runs(experiment, record)):  # read all pages first: a removal shifts them
            tags = run.data.tags
            if kept is None and tags.get("complete") == digest and self._has_artifacts(run):
                kept = run.info.run_id
            elif "complete" not in tags or tags.get("checkpoint") == record.tags.get("checkpoint"):
                self._remove(run)
        return kept or self._write(experiment, record, digest)

    def _experiment(self, name: str) -> str:
        """The experiment's id. It is created if it does not exist, and restored if it was deleted."""
        if name not in self._experiments:
            experiment = self._client.get_experiment_by_name(name)
            if experiment is None:
                location = None if self.on_server else f"mlflow-artifacts:/{name}"
                # With this tag the UI opens the page for trained models, not that for language models.
                tags = {"mlflow.experimentKind": "custom_model_development"}
                self._experiments[name] = self._client.create_experiment(name, location, tags)
            else:
                if experiment.lifecycle_stage == "deleted":
                    self._client.restore_experiment(experiment.experiment_id)
                self._experiments[name] = experiment.experiment_id
        return self._experiments[name]

    def _runs(self, experiment: str, record: Record) -> Iterator[mlflow.entities.Run]:
        """The active runs with a record's place: same preset and, for a training, same variant and seed."""
        where = " and ".join(f"tags.{name} = '{value}'" for name, value in record.place.items())
        token = None
        while True:
            page = self._client.search_runs([experiment], where, page_token=token)
            yield from page
            token = page.token
            if not token:
                return

    def _has_artifacts(self, run: mlflow.entities.Run) -> bool:
        """False if mlartifacts/ was deleted. A server's artifacts are not checked."""
        folder = self._folder(run)
        return folder is None or folder.is_dir()

    def _remove(self, run: mlflow.entities.Run) -> None:
        self._client.delete_run(run.info.run_id)
        folder = self._folder(run)
        if folder is not None:
            shutil.rmtree(folder.parent, ignore_errors=True)

    def _write(self, experiment: str, record: Record, digest: str) -> str:
        """Write a new run. Its tag `complete` comes last; without it, the next publish replaces the run."""
        entities = self._mlflow.entities
        started, finished = _milliseconds(record.started), _milliseconds(record.finished)
        run = self._client.create_run(experiment, started, record.tags | record.place, record.name)
        run_id = run.info.run_id
        parameters = [entities.Param(*pair) for pair in record.parameters.items()]
        for start in range(0, len(parameters), PARAMETERS_PER_CALL):
            self._client.log_batch(run_id, params=parameters[start : start + PARAMETERS_PER_CALL])
        metrics = [
            entities.Metric(name, value, round(started + (finished - started) * share), step)
            for name, value, step, share in record.history()
        ]
        metrics += [entities.Metric(name, value, finished, record.steps) for name, value in record.metrics.items()]
        for start in range(0, len(metrics), METRICS_PER_CALL):
            self._client.log_batch(run_id, metrics=metrics[start : start + METRICS_PER_CALL])
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
        """The folder in which a server with `--artifacts-destination mlartifacts` looks; None if it is not local."""
        scheme, _, path = run.info.artifact_uri.partition(":/")
        return None if self.on_server or scheme != "mlflow-artifacts" else self.artifacts / path.lstrip("/")


def _import_mlflow() -> Any:
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
def _open(address: str, root: Path) -> Iterator[Store]:
    """Open a store as its only writer; a second process waits for a lock file beside the database.

    MLflow alone does not order them: two processes that create its tables at once crash, and two that publish the same
    preset at once would write every run twice.
    """
    kind = _kind(address)
    if kind not in (*SERVERS, "sqlite"):
        raise InputError(
            f"MLFLOW_TRACKING_URI: {address!r} is no server (http://...) and no SQLite file (sqlite:///mlflow.db); "
            "unset it to use mlflow.db"
        )
    database = Path(urllib.parse.urlsplit(address).path[1:]) if kind == "sqlite" else root / "mlflow.db"
    database.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(database.with_name(f"{database.name}.lock")):
        if kind == "sqlite":
            _check_writable(database)
        yield Store(address, root)


def _check_writable(database: Path) -> None:
    """Take SQLite's write lock for a moment. Without it MLflow would retry for minutes, with a traceback each time."""
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
    """Turn an error of MLflow, its database or a server into an InputError of one line."""
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
    """MLflow accepts 36 characters of a digest; a tag of the run has all of it."""
    entity = entities.Dataset(dataset.name, dataset.digest[:32], "local", dataset.source, profile=dataset.profile)
    return entities.DatasetInput(entity, [entities.InputTag("mlflow.data.context", dataset.context)])


def _kind(address: str) -> str:
    """`sqlite` for `sqlite+pysqlite:///mlflow.db`, `http` for a server."""
    return address.partition(":")[0].partition("+")[0].lower()


def _milliseconds(moment: float | None) -> int:
    return round(1000 * (time.time() if moment is None else moment))
