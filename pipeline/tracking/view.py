"""How MLflow's page shows an experiment: its description, and the columns, order and filter of its table of runs.

MLflow keeps such a view as a tag of the experiment, `mlflow.sharedViewState.<key>`: the state of its page as JSON, as
its button *Share* writes it. `?viewStateShareKey=<key>` in the address opens it.
"""

from __future__ import annotations

import json
import urllib.parse
from typing import Any

from pipeline.records import Experiment

SHARED_VIEW = "mlflow.sharedViewState."


def experiment_tags(experiment: Experiment) -> dict[str, str]:
    """The tags of an experiment: what it says of itself, and its view."""
    return {
        # With this tag the page for trained models opens, not that for language models.
        "mlflow.experimentKind": "custom_model_development",
        "mlflow.note.content": experiment.description,
        f"{SHARED_VIEW}{experiment.preset}": json.dumps(_state(experiment)),
    }


def _state(experiment: Experiment) -> dict[str, Any]:
    """What the page reads: the search, the table, the first charts.

    It shows seeds below their variant only in the order of time, which is its own.
    """
    columns = [_key(column) for column in experiment.columns]
    return {
        "searchFilter": f"tags.preset = '{experiment.preset}'",
        "orderByKey": "attributes.start_time",
        "orderByAsc": False,
        "selectedColumns": columns,
        "columnOrder": columns,
        "runsHiddenMode": "FIRST_20_RUNS",
        "hideEmptyCharts": True,
        "isAccordionReordered": True,  # else the page sorts its sections by name
        "compareRunSections": [_section("Curves"), _section("Numbers")],
        "compareRunCharts": [
            *(_chart("LINE", "Curves", metric) for metric in experiment.curves),
            *(_chart("BAR", "Numbers", metric) for metric in experiment.bars),
        ],
    }


def _section(name: str) -> dict[str, Any]:
    """A section of charts; the page adds those of all other metrics."""
    return {"uuid": name, "name": name, "display": True, "isReordered": True, "deleted": False, "isGenerated": False}


def _chart(kind: str, section: str, metric: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "uuid": f"{section} {metric}",
        "type": kind,
        "metricSectionId": section,
        "displayName": metric,
    }
    found |= {"runsCountToCompare": 20, "deleted": False, "isGenerated": False, "metricKey": metric}
    if kind == "LINE":
        found |= {"selectedMetricKeys": [metric], "lineSmoothness": 0, "scaleType": "linear", "xAxisKey": "step"}
        found |= {"xAxisScaleType": "linear", "selectedXAxisMetricKey": "", "yAxisKey": "metric", "range": {}}
        found |= {"yAxisExpressions": [], "useGlobalXaxisKey": True, "useGlobalLineSmoothing": True}
    return found


def _key(column: str) -> str:
    """`metrics.test/P1` as the page writes it: metrics.`test/P1`."""
    kind, _, name = column.partition(".")
    return f"{kind}.`{name}`"


def page(server: str, experiment_id: str, preset: str) -> str:
    """Where the runs of an experiment are."""
    query = urllib.parse.urlencode({"workflowType": "machine_learning", "viewStateShareKey": preset})
    return f"{server}/#/experiments/{experiment_id}/runs?{query}"
