"""pipeline/tools/ui.py: the addresses that it prints, and what it refuses in one line."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import finished_runs
import mlflow_server
import pytest
from repository import ROOT, run_tool

from pipeline import artifacts, config
from pipeline.artifacts import InputError
from pipeline.layout import Layout
from pipeline.tools import ui


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = finished_runs.make(tmp_path)
    (root / "mlflow.db").touch()
    return root


def test_the_addresses_lead_to_the_runs_of_each_paper(root: Path) -> None:
    published = [{"experiment": "semgcn", "id": "3"}, {"experiment": "graphmdn", "id": "7"}]
    artifacts.write_json(Layout("demo", root).publish_receipt, {"experiments": published})
    view = "workflowType=machine_learning&viewStateShareKey=demo"
    assert ui.where(config.load("demo", root), 5001).splitlines() == [
        f"Runs of semgcn: http://localhost:5001/#/experiments/3/runs?{view}",
        f"Runs of graphmdn: http://localhost:5001/#/experiments/7/runs?{view}",
    ]


def test_without_published_runs_it_leads_to_the_list(root: Path) -> None:
    assert "http://localhost:5000/#/experiments (preset demo" in ui.where(config.load("demo", root), 5000)


def test_a_port_in_use_is_one_line_and_code_2(root: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        command = [sys.executable, "-m", "pipeline", "ui", "--port", port]
        answer = run_tool(*command, folder=root, PYTHONPATH=str(ROOT), PATH=os.defpath)
    assert answer.returncode == 2 and answer.stdout == ""
    assert answer.stderr == f"error: --port: {port} is in use; choose another one: `make ui PORT=5001`, or --port\n"


def test_what_is_no_port_or_has_no_database(root: Path) -> None:
    with pytest.raises(InputError, match="--port: 70000 is no port"):
        ui.run(root, "demo", 70000)
    (root / "mlflow.db").unlink()
    with pytest.raises(InputError, match=r"mlflow\.db: missing; .*python -m pipeline publish"):
        ui.run(root, "demo", mlflow_server.free_port())
