"""The code that a stage of many variants uses, in one file for all of them to depend on.

DVC keeps every dependency of every stage in dvc.lock and writes that file anew after each stage. With the modules
listed under each of two hundred stages it spent more time on that than the demo on its trainings.
"""

from __future__ import annotations

from pipeline import artifacts, dag
from pipeline.params import Run


def write(run: Run, stage: str) -> None:
    """Write data/<preset>/code/<stage>.json: every module's SHA-256, so that a change to one changes the file."""
    modules = dag.read(run.preset_name, run.root).code_of(stage)
    artifacts.write_json(run.layout.code(stage), {name: artifacts.digest(run.root / name) for name in modules})
