"""publish as a user runs it: without a network, twice at once, and shown by the server that `make ui` starts."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import finished_runs
import mlflow_server
import pytest

from pipeline import artifacts, config
from pipeline.layout import Layout
from pipeline.stages import publish
from pipeline.tools import plan

mlflow = pytest.importorskip("mlflow")

REPOSITORY = Path(__file__).resolve().parents[1]
# Runs the command line. If anything asks for the network, the process ends at once with code 9.
OFFLINE = """
import os, runpy, socket
def refuse(*_, **__):
    os._exit(9)
socket.socket.connect = socket.getaddrinfo = refuse
runpy.run_module("pipeline", run_name="__main__", alter_sys=True)
"""


def start_publish(root: Path) -> subprocess.Popen[str]:
    # A bare environment: MLflow is silent by itself if it finds the variables of a test or of CI.
    bare = {"PATH": os.defpath, "HOME": str(root.parent), "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-c", OFFLINE, "publish"]
    return subprocess.Popen(command, cwd=root, env=bare, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_two_first_publishes_at_once_without_a_network(tmp_path: Path) -> None:
    """Both create the database, which crashes MLflow without a lock, and both publish the same trainings."""
    root = finished_runs.make(tmp_path / "repository")
    plan.run(root)
    both = [start_publish(root), start_publish(root)]
    said = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    for output, errors in said:
        first, *more = output.splitlines()
        waited = first.endswith("already does publish: waiting for it")
        assert waited or first == "4 trainings of preset demo are in MLflow; `make ui` shows them"
        assert more == (["publish: that process has done it"] if waited else [])
        assert errors == ""
    store = mlflow.MlflowClient(f"sqlite:///{root / 'mlflow.db'}")
    found = store.search_runs([experiment.experiment_id for experiment in store.search_experiments()])
    receipt = artifacts.read_json(Layout("demo", root).publish_receipt)
    listed = {line["run_id"] for line in receipt["runs"] + receipt["results"]}
    variants = {run.info.run_id for run in found if run.data.tags["kind"] == "variant"}
    assert {run.info.run_id for run in found} == listed | variants
    assert (len(found), len(variants)) == (8, 2)


def test_nothing_finished_needs_no_database(tmp_path: Path) -> None:
    root = finished_runs.make(tmp_path)
    publish.run(config.load("mini", root))
    receipt = artifacts.read_json(Layout("mini", root).publish_receipt)
    assert receipt == {"tracking_uri": None, "experiments": [], "runs": [], "results": [], "models": []}
    assert not (root / "mlflow.db").exists()


@pytest.fixture
def moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository that was moved after it had published."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    root = finished_runs.make(tmp_path / "repository")
    publish.run(config.load("demo", root))
    return root.rename(tmp_path / "moved")


@pytest.fixture
def server(moved: Path) -> Iterator[str]:
    with mlflow_server.started(moved) as address:
        yield address


@pytest.mark.slow
def test_a_server_shows_the_runs_of_a_moved_repository(
    server: str, moved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    store = mlflow.MlflowClient(server)

    def check(preset: str) -> None:
        for line in artifacts.read_json(Layout(preset, moved).publish_receipt)["runs"]:
            local = store.download_artifacts(line["run_id"], "checkpoint.pt", str(tmp_path))
            assert artifacts.digest(Path(local)) == line["checkpoint"]

    check("demo")
    before = artifacts.read_json(Layout("demo", moved).publish_receipt)
    publish.run(config.load("demo", moved))  # through the server: everything is there already
    after = artifacts.read_json(Layout("demo", moved).publish_receipt)
    assert after == before | {"tracking_uri": server}
    finished_runs.train(moved, "mini")
    publish.run(config.load("mini", moved))  # new trainings are published through the server
    check("mini")
    aliases = store.get_registered_model("semgcn-mini").aliases
    local = mlflow.artifacts.download_artifacts("models:/semgcn-mini@best", dst_path=str(tmp_path / "model"))
    assert set(aliases) == {"best"} and (Path(local) / "artifacts" / "checkpoint.pt").exists()
