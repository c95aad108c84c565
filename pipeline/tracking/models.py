"""Registered models: a network's weights as an MLflow model that predicts, with aliases and a model card."""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from pipeline import artifacts
from pipeline.records.record import Model
from pipeline.tracking.store import Store, import_mlflow

CODE = Path(__file__).with_name("served_model.py")  # MLflow copies it into each model
CHECKPOINT = "checkpoint.pt"
REQUIREMENTS = ("mlflow", "torch", "numpy")  # beside this package, which is installed in the same environment


class Registry:
    """Registers models in one store. Used as a context: its temporary files are removed at the end."""

    def __init__(self, store: Store) -> None:
        self._store, self._client = store, store.client
        self._temporary = TemporaryDirectory()
        self._descriptions: dict[int, Any] = {}  # by number of joints

    def __enter__(self) -> Registry:
        return self

    def __exit__(self, *_: object) -> None:
        self._temporary.cleanup()

    def register(self, experiment: str, run_id: str, model: Model) -> dict[str, str]:
        """The registered version of a model, with its alias and card. The same training is registered once."""
        mlflow = import_mlflow()
        tags = {
            "checkpoint": artifacts.digest(model.checkpoint),
            "code": artifacts.digest(CODE),
            "variant": model.variant,
            "preset": model.training["preset"],
        }
        try:
            there = self._client.get_registered_model(model.name)
        except mlflow.MlflowException:
            there = self._client.create_registered_model(model.name, description=model.card)
        if there.description != model.card and (model.alias == "best" or not there.description):
            self._client.update_registered_model(model.name, description=model.card)
        versions = self._client.search_model_versions(f"name = '{model.name}'")
        found = [version for version in versions if (version.tags, version.run_id) == (tags, run_id)]
        version = found[0] if found else self._create(experiment, run_id, model, tags)
        for old in versions:  # of a run that was replaced, with the same weights
            if old.version != version.version and old.tags.get("checkpoint") == tags["checkpoint"]:
                self._remove(old)
        if version.description != model.card:
            self._client.update_model_version(model.name, version.version, model.card)
        if str(there.aliases.get(model.alias)) != str(version.version):
            self._client.set_registered_model_alias(model.name, model.alias, version.version)
        return {"name": model.name, "version": str(version.version), "alias": model.alias}

    def _remove(self, version: Any) -> None:
        """Remove a version with its files."""
        folder = self._store.folder(version.source)
        self._client.delete_model_version(version.name, version.version)
        self._client.delete_logged_model(str(version.source).rpartition("/models/")[2].partition("/")[0])
        if folder is not None:
            shutil.rmtree(folder.parent, ignore_errors=True)

    def _create(self, experiment: str, run_id: str, model: Model, tags: dict[str, str]) -> Any:
        """A new version. It appears when its files are complete."""
        client = self._client
        logged = client.create_logged_model(experiment, model.name, run_id, tags)
        client.log_model_artifacts(logged.model_id, str(self._written(model, logged.model_id)))
        client.finalize_logged_model(logged.model_id, "READY")
        return client.create_model_version(
            model.name, logged.artifact_location, run_id, tags, description=model.card, model_id=logged.model_id
        )

    def _written(self, model: Model, model_id: str) -> Path:
        """A model's folder: code, weights and signature; no pickle, and no path of this machine.

        Models of as many joints differ in weights and id alone, so that MLflow, which is slow there, writes one.
        """
        folder = Path(self._temporary.name) / str(model.joints)
        if model.joints not in self._descriptions:
            self._descriptions[model.joints] = _save(folder, model)
        description = self._descriptions[model.joints]
        shutil.copyfile(model.checkpoint, folder / "artifacts" / CHECKPOINT)
        description.model_id = model_id
        description.model_size_bytes = model.checkpoint.stat().st_size
        description.save(str(folder / "MLmodel"))
        return folder


def _save(folder: Path, model: Model) -> Any:
    """Let MLflow write a model's folder; return its description, without paths."""
    mlflow = import_mlflow()
    # It asks for type hints and for an example, and its own filters let the warnings out, so all is recorded.
    with warnings.catch_warnings(record=True):
        mlflow.pyfunc.save_model(
            str(folder),
            python_model=str(CODE),
            artifacts={"checkpoint": str(model.checkpoint.resolve())},
            signature=signature(model.joints),
            pip_requirements=list(REQUIREMENTS),
        )
    description = mlflow.models.Model.load(str(folder))
    flavor = description.flavors["python_function"]
    flavor["model_code_path"] = CODE.name
    flavor["artifacts"]["checkpoint"]["uri"] = CHECKPOINT
    return description


def signature(joints: int) -> Any:
    """Tensors in and out; -1 is a length that varies."""
    mlflow = import_mlflow()
    from mlflow.types import Schema, TensorSpec

    def schema(**shapes: tuple[int, ...]) -> Any:
        return Schema([TensorSpec(np.dtype("float32"), shape, name) for name, shape in shapes.items()])

    return mlflow.models.ModelSignature(
        schema(keypoints=(-1, -1, 2), image_size=(-1,)),
        schema(poses=(-1, -1, joints, 3), weights=(-1, -1), mean=(-1, joints, 3), spread_mm=(-1, joints)),
    )
