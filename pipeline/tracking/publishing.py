"""Copying experiments and runs into MLflow.

Publishing can be repeated without a second MLflow run of the same training. A run is found by its tags (preset,
variant, seed, digest of the checkpoint). Its tag `complete`, set last, is the digest of everything that was published:
a run that is unfinished, or whose files have changed since, is replaced. The run of an earlier training, with another
checkpoint, is kept and marked.
"""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from pipeline.records import Experiment, Record
from pipeline.records.record import Dataset
from pipeline.tracking import store, view
from pipeline.tracking.models import Registry
from pipeline.tracking.store import Store, import_mlflow, public_address

if TYPE_CHECKING:
    import mlflow.entities

METRICS_PER_CALL, PARAMETERS_PER_CALL = 890, 100  # MLflow's limits for log_batch are 100, and 1000 of all together
PARENT = "mlflow.parentRunId"
EARLIER = "earlier training"  # the tag `status` of a run whose training was repeated since
Place = tuple[tuple[str, str], ...]


def publish(found: Sequence[Experiment], root: Path) -> dict[str, Any]:
    """Write experiments to MLflow. A run that is complete and unchanged is left as it is.

    Returns the receipt: the tracking address (None if there was nothing to publish), `experiments` (name, id), `runs`
    (variant, seed, checkpoint digest, experiment, run_id), `results` (experiment, run_id) and `models` (name, version,
    alias). Raises InputError, in one line, if MLflow is missing, or its database is locked, damaged or of another
    version.
    """
    receipt: dict[str, Any] = {"tracking_uri": None, "experiments": [], "runs": [], "results": [], "models": []}
    if not found:
        return receipt
    address = store.address_of(root)
    receipt["tracking_uri"] = public_address(address)
    total = sum(len(experiment.records) + len(experiment.models) for experiment in found)
    bar = tqdm(total=total, desc="publish", unit=" runs", delay=5, disable=None)
    with store.opened(address, root) as opened, Registry(opened) as registry, bar:
        for experiment in found:
            publisher = Publisher(opened, experiment)
            receipt["experiments"].append({"experiment": experiment.name, "id": publisher.experiment})
            for record in experiment.records:
                _note(receipt, record, publisher.publish(record))
                bar.update()
            for model in experiment.models:
                training = publisher.ids[_place(model.training)]
                receipt["models"].append(registry.register(publisher.experiment, training, model))
                bar.update()
    return receipt


def _note(receipt: dict[str, Any], record: Record, run_id: str) -> None:
    line: dict[str, Any] = {"experiment": record.experiment, "run_id": run_id}
    if record.kind == "training":
        of = {"variant": record.place["variant"], "seed": int(record.place["seed"])}
        receipt["runs"].append(of | {"checkpoint": record.tags["checkpoint"]} | line)
    elif record.kind == "results":
        receipt["results"].append(line)


class Publisher:
    """Writes the runs of one experiment. `ids` has the run id of each place that was published."""

    def __init__(self, opened: Store, experiment: Experiment) -> None:
        self._store = opened
        self._client = opened.client
        self._entities = import_mlflow().entities
        self.experiment = self._open(experiment)
        self.ids: dict[Place, str] = {}
        self._there = self._runs(experiment.preset)

    def publish(self, record: Record) -> str:
        """The record's run id: of the present run if it is complete and up to date, else of a new one in its place."""
        digest, kept = record.digest(), None
        parent = self.ids[_place(record.parent)] if record.parent else None
        for run in self._there.get(_place(record.place), []):
            tags = run.data.tags
            if kept is None and tags.get("complete") == digest and self._has_artifacts(run):
                kept = run
            elif "complete" not in tags or tags.get("checkpoint") == record.tags.get("checkpoint"):
                self._remove(run)
            elif tags.get("status") != EARLIER:
                self._client.set_tag(run.info.run_id, "status", EARLIER)
        if kept is not None and parent is not None and kept.data.tags.get(PARENT) != parent:
            self._client.set_tag(kept.info.run_id, PARENT, parent)  # the parent was replaced
        run_id = str(kept.info.run_id) if kept is not None else self._write(record, digest, parent)
        self.ids[_place(record.place)] = run_id
        return run_id

    def _open(self, experiment: Experiment) -> str:
        """The experiment's id. It is created if it does not exist, and restored if it was deleted."""
        there = self._client.get_experiment_by_name(experiment.name)
        wanted = view.experiment_tags(experiment)
        if there is None:
            location = None if self._store.on_server else f"{store.ARTIFACTS}:/{experiment.name}"
            return self._client.create_experiment(experiment.name, location, wanted)
        if there.lifecycle_stage == "deleted":
            self._client.restore_experiment(there.experiment_id)
        for name, value in wanted.items():
            if there.tags.get(name) != value:
                self._client.set_experiment_tag(there.experiment_id, name, value)
        return str(there.experiment_id)

    def _runs(self, preset: str) -> dict[Place, list[mlflow.entities.Run]]:
        """The active runs of a preset by their place."""
        found: dict[Place, list[mlflow.entities.Run]] = {}
        token = None
        while True:
            page = self._client.search_runs([self.experiment], f"tags.preset = '{preset}'", page_token=token)
            for run in page:
                names = ("kind", "preset", "variant", "seed")
                place = {name: run.data.tags[name] for name in names if name in run.data.tags}
                found.setdefault(_place(place), []).append(run)
            token = page.token
            if not token:
                return found

    def _has_artifacts(self, run: mlflow.entities.Run) -> bool:
        """False if mlartifacts/ was deleted. A server's artifacts are not checked."""
        folder = self._store.folder(run.info.artifact_uri)
        return folder is None or folder.is_dir()

    def _remove(self, run: mlflow.entities.Run) -> None:
        self._client.delete_run(run.info.run_id)
        folder = self._store.folder(run.info.artifact_uri)
        if folder is not None:
            shutil.rmtree(folder.parent, ignore_errors=True)

    def _write(self, record: Record, digest: str, parent: str | None) -> str:
        """Write a new run. Its tag `complete` comes last; without it, the next publish replaces the run."""
        started, finished = _milliseconds(record.started), _milliseconds(record.finished)
        metrics = [
            self._entities.Metric(name, value, round(started + (finished - started) * share), step)
            for name, value, step, share in record.history()
        ]
        # Step 0 alone: MLflow draws a bar per run and not a curve of one point. Its columns are as wide as six digits;
        # the files have all of them.
        singles = [(name, float(f"{value:.6g}")) for name, value in record.metrics.items()]
        metrics += [self._entities.Metric(name, value, finished, 0) for name, value in singles]
        parameters = [self._entities.Param(*pair) for pair in record.parameters.items()]
        tags = record.tags | record.place | ({PARENT: parent} if parent else {})
        run_id = str(self._client.create_run(self.experiment, started, tags, record.name).info.run_id)
        for place, source in record.files:
            self._client.log_artifact(run_id, str(source), place or None)
        self._log_images(run_id, record.images)
        if record.datasets:
            self._client.log_inputs(run_id, [_dataset_input(self._entities, dataset) for dataset in record.datasets])
        self._client.set_terminated(run_id, "FINISHED", finished)
        # Few calls: each is a transaction, and waits for the disk or for a server.
        several = max(len(metrics) / METRICS_PER_CALL, len(parameters) / PARAMETERS_PER_CALL)
        for number in range(math.ceil(several) - 1):
            self._client.log_batch(run_id, *_part(metrics, parameters, number))
        complete = [self._entities.RunTag("complete", digest)]
        self._client.log_batch(run_id, *_part(metrics, parameters, max(0, math.ceil(several) - 1)), complete)
        return run_id

    def _log_images(self, run_id: str, images: Sequence[Path]) -> None:
        """Figures as MLflow's images, which its charts show beside curves and compare between runs."""
        if images:
            import PIL.Image

            for file in images:
                with PIL.Image.open(file) as image:
                    self._client.log_image(run_id, image.convert("RGB"), key=file.stem, step=0, synchronous=True)


def _part(metrics: list[Any], parameters: list[Any], number: int) -> tuple[list[Any], list[Any]]:
    """The metrics and parameters of one call of several."""
    return (
        metrics[number * METRICS_PER_CALL : (number + 1) * METRICS_PER_CALL],
        parameters[number * PARAMETERS_PER_CALL : (number + 1) * PARAMETERS_PER_CALL],
    )


def _place(tags: dict[str, str]) -> Place:
    return tuple(sorted(tags.items()))


def _dataset_input(entities: Any, dataset: Dataset) -> Any:
    """MLflow accepts 36 characters of a digest; a tag of the run has all of it."""
    entity = entities.Dataset(dataset.name, dataset.digest[:32], "local", dataset.source, profile=dataset.profile)
    return entities.DatasetInput(entity, [entities.InputTag("mlflow.data.context", dataset.context)])


def _milliseconds(moment: float | None) -> int:
    return round(1000 * (time.time() if moment is None else moment))
