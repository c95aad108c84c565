"""What Snakefile takes from dvc.yaml, so that it stands in one place: the code and the settings that a stage uses.

Both files write out each stage's command and data files (tests/test_dag.py compares them). The modules a stage
runs, and the keys of params.yaml and of its preset that it reads, stand in dvc.yaml only, under `deps` and `params`.

A few modules are nobody's dependency: they carry values and files about and never make a number, so that a change to
them (a new setting, a better message) retrains nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline import params
from pipeline.artifacts import InputError

PLUMBING = (
    *("pipeline/__init__.py", "pipeline/__main__.py", "pipeline/artifacts.py", "pipeline/dag.py"),
    *(f"pipeline/stages/{name}.py" for name in ("status", "trainings", "code_listing")),
    *(f"pipeline/stages/{work}_{kind}_code.py" for work in ("train", "evaluate") for kind in ("lift", "dense")),
    *(f"pipeline/params/{name}.py" for name in ("__init__", "base", "dense", "presets", "reading", "variants")),
)


@dataclass(frozen=True)
class Dag:
    """One preset's run and the stages of dvc.yaml; a stage for every variant is a pattern with its ${key}."""

    run: params.Run
    stages: Mapping[str, Mapping[str, Any]]
    foreach: Mapping[str, list[str]]  # stage -> the list it is repeated for
    settings: Mapping[str, Any]  # file -> content

    def code_of(self, stage: str) -> list[str]:
        """The modules (and data files beside them) that a stage uses: its deps inside pipeline/, file by file.

        Those of a stage of many variants stand under the stage that lists them for it.
        """
        root, files = self.run.root, []
        for dependency in self.stages.get(f"{stage}_code", self.stages[stage])["deps"]:
            if dependency.startswith("pipeline/"):
                path = root / dependency
                files += sorted(path.rglob("*.py")) if path.is_dir() else [path]
        return [file.relative_to(root).as_posix() for file in files]

    def items_of(self, stage: str) -> list[str]:
        """What a stage is repeated for, where dvc.yaml lists it; empty for a stage that runs once."""
        return list(self.foreach.get(stage, []))

    def settings_of(self, stage: str, variant: str = "") -> str:
        """The settings that a stage reads, as JSON: Snakemake runs a stage again when they change."""
        values = {}
        for entry in self.stages[stage].get("params", []):
            # DVC writes a key alone where it stands in params.yaml.
            for file, keys in (entry if isinstance(entry, dict) else {"params.yaml": [entry]}).items():
                for pattern in keys:
                    key = pattern.replace("${key}", variant)
                    values[f"{file}: {key}"] = _look_up(self.settings[file], key)
        return json.dumps(values, sort_keys=True)

    def priority(self, variant: str) -> int:
        """Which trainings start first: those that take longest, for started last they would leave other cores idle.

        A network over mesh graphs has ten times the nodes of the others; of these the widest take longest. Networks on
        pictures take longer than most.
        """
        settings = self.run.any_variant(variant)
        if isinstance(settings, params.DenseVariant):
            return 1000 + settings.head.total_components
        return settings.model.channels * (10 if settings.targets == "meshes" else 1)

    def gpus(self) -> int:
        """How many GPUs a training takes, so that two of them don't share one; none where there is none."""
        device = self.run.preset.device
        return int(device == "cuda" or (device == "auto" and any(Path("/dev").glob("nvidia[0-9]*"))))

    def adopt(self, finished: Iterable[str]) -> None:
        """Tell DVC that Snakemake has made everything, so that `dvc repro` finds nothing to do.

        Only after a whole run (rule `all` is among the finished ones) of the preset that params.yaml names, the one
        that `dvc repro` would make: `dvc commit` takes what lies there for the truth, and part of a run is not.
        Whatever keeps DVC from it (it is not installed, there is no git) costs a later `dvc repro` its time, no more.
        """
        if "all" not in finished or self.run.params.preset != self.run.preset_name:
            return
        # Without --no-relink DVC writes the outputs anew, in an order of its own, and Snakemake goes by their dates.
        command = [sys.executable, "-m", "dvc", "commit", "--force", "--no-relink", "--quiet"]
        answer = subprocess.run(command, cwd=self.run.root, capture_output=True, text=True, check=False)
        if answer.returncode:
            reason = (answer.stderr.strip().splitlines() or ["no reason given"])[-1]
            print(f"DVC did not take the outputs over, `dvc repro` would make them again: {reason}", file=sys.stderr)


def _look_up(content: Any, key: str) -> Any:
    for part in key.split("."):
        content = content[part] if isinstance(content, dict) and part in content else None
    return content


def read(preset: str | None = None, root: Path = Path()) -> Dag:
    """The DAG of a preset (params.yaml's own, unless another is named). Raises InputError with one line."""
    run = params.load(preset, root)
    files = ("params.yaml", f"params/{run.preset_name}.yaml")
    stages = params.read_yaml(root / "dvc.yaml")["stages"]
    return Dag(
        run=run,
        stages={name: _of_preset(stage.get("do", stage), run.preset_name) for name, stage in stages.items()},
        foreach={name: stage["foreach"] for name, stage in stages.items() if isinstance(stage.get("foreach"), list)},
        settings={file: params.read_yaml(root / file) for file in files},
    )


def _of_preset(value: Any, preset: str) -> Any:
    """A stage with its ${preset} filled in, as DVC fills it in."""
    if isinstance(value, dict):
        return {_of_preset(key, preset): _of_preset(inside, preset) for key, inside in value.items()}
    if isinstance(value, list):
        return [_of_preset(inside, preset) for inside in value]
    return value.replace("${preset}", preset) if isinstance(value, str) else value


def read_or_exit(config: Mapping[str, Any]) -> Dag:
    """What `snakemake --config preset=NAME` asks for. A mistake is one line and exit code 2, as in a stage."""
    try:
        unknown = sorted(set(config) - {"preset"})
        if unknown:
            raise InputError(f"--config {unknown[0]}: only preset is chosen there; change params.yaml instead")
        return read(str(config["preset"]) if "preset" in config else None)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
