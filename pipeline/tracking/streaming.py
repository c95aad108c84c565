"""Trainings that are under way, in MLflow: their curves so far. `publish` replaces such a run by the finished one."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.artifacts import InputError
from pipeline.records.record import points
from pipeline.tracking import store
from pipeline.tracking.publishing import METRICS_PER_CALL
from pipeline.tracking.store import Store, import_mlflow

TRAINING = "training"  # the tag `status` of a run that is under way
LAST_STEP = "last step sent"


@dataclass(frozen=True)
class Course:
    """How far a training has come: the rows of its history, and whether it has ended."""

    experiment: str
    name: str
    place: dict[str, str]  # the tags by which MLflow finds the run
    rows: Sequence[Mapping[str, float]]
    ended: bool


def server() -> str:
    """The server that MLFLOW_TRACKING_URI names. Raises InputError if it names none."""
    address = store.address_of(Path())
    if store.kind(address) not in store.SERVERS:
        raise InputError(
            "MLFLOW_TRACKING_URI: names no server; write `export MLFLOW_TRACKING_URI=http://localhost:5000` (`make ui` "
            "starts one). Without a server the curves are there when `publish` has run"
        )
    return address


def send(address: str, courses: Sequence[Course], root: Path) -> int:
    """Send what is new of these trainings; the number of rows sent.

    Raises InputError, in one line, if the server does not answer.
    """
    with store.opened(address, root) as opened:
        return sum(_send(opened, course) for course in courses)


def _send(opened: Store, course: Course) -> int:
    """The rows since the last call. A training that began anew gets a run anew."""
    client, entities = opened.client, import_mlflow().entities
    experiment = _experiment(opened, course.experiment)
    where = " and ".join(f"tags.{name} = '{value}'" for name, value in course.place.items())
    found = list(client.search_runs([experiment], where))
    if course.ended and any("complete" in run.data.tags for run in found):
        return 0  # published already
    found = [run for run in found if run.data.tags.get("status") == TRAINING]
    reached = max((int(row["step"]) for row in course.rows), default=0)
    for run in [run for run in found if int(run.data.tags.get(LAST_STEP, 0)) > reached]:
        client.delete_run(run.info.run_id)
        found.remove(run)
    if not course.rows:
        return 0
    now = round(1000 * time.time())
    tags = course.place | {"status": TRAINING}
    run = found[0] if found else client.create_run(experiment, now, tags, course.name)
    sent = int(run.data.tags.get(LAST_STEP, 0))
    new = [row for row in course.rows if int(row["step"]) > sent]
    metrics = [entities.Metric(name, value, now, step) for name, value, step, _ in points(new, reached)]
    for start in range(0, len(metrics), METRICS_PER_CALL):
        client.log_batch(run.info.run_id, metrics[start : start + METRICS_PER_CALL])
    if new:
        client.set_tag(run.info.run_id, LAST_STEP, str(reached))
    if course.ended and run.info.status == "RUNNING":
        client.set_terminated(run.info.run_id, "FINISHED", now)
    return len(new)


def _experiment(opened: Store, name: str) -> str:
    """The experiment's id; a new one is described when something is published to it."""
    there = opened.client.get_experiment_by_name(name)
    if there is None:
        return opened.client.create_experiment(name, tags={"mlflow.experimentKind": "custom_model_development"})
    return str(there.experiment_id)
