"""Copy the preset's finished trainings, tables and figures to MLflow, and list them in publish.json."""

from __future__ import annotations

from pipeline import artifacts, records, tracking
from pipeline.config import Run


def run(run: Run) -> None:
    receipt = tracking.publish(records.find(run), run.root)
    artifacts.write_json(run.layout.publish_receipt, receipt)
    print(f"{len(receipt['runs'])} trainings of preset {run.preset_name} are in MLflow; `make ui` shows them")
