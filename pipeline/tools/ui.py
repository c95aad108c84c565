"""`python -m pipeline ui`: starts MLflow's page, and prints the address where the runs are."""

from __future__ import annotations

import argparse
import errno
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from pipeline import artifacts, config, tracking
from pipeline.artifacts import InputError
from pipeline.config import Run
from pipeline.tools import options
from pipeline.tracking import store

HOST = "127.0.0.1"  # no other machine can reach it
# The server asks nobody for anything. Its job runner would start eight processes, and nothing here uses it.
ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
}


def arguments(command: argparse.ArgumentParser) -> None:
    """Declare the options of `run`."""
    options.preset(command)
    command.add_argument("--port", type=int, default=5000, help="of the page on this machine (default: 5000)")


def run(root: Path, preset: str | None = None, port: int = 5000) -> int:
    """Serve the page until it is stopped. Raises InputError for a port that cannot be had, or without a database."""
    settings = config.load(preset, root)
    _require_free(port)
    if not (root / "mlflow.db").exists():
        raise InputError(
            f"{root / 'mlflow.db'}: missing; run the pipeline, or `python -m pipeline publish` for a finished run"
        )
    store.complete(root)
    print(f"MLflow's page starts; it needs some seconds. Ctrl-C stops it.\n{where(settings, port)}", flush=True)
    return serve(root, port)


def where(run: Run, port: int) -> str:
    """The addresses of the preset's runs, a line for each paper; of all runs if none was published."""
    server = f"http://localhost:{port}"
    receipt = run.layout.publish_receipt
    found = artifacts.read_json(receipt).get("experiments", []) if receipt.exists() else []
    if not found:
        return f"Runs: {server}/#/experiments (preset {run.preset_name} has published none)"
    addresses = [(line["experiment"], tracking.page(server, line["id"], run.preset_name)) for line in found]
    return "\n".join(f"Runs of {name}: {address}" for name, address in addresses)


def serve(root: Path, port: int) -> int:
    """Run MLflow's server; its exit code."""
    command = [sys.executable, "-m", "mlflow", "server", "--host", HOST, "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", "sqlite:///mlflow.db", "--artifacts-destination", "mlartifacts"]
    process = subprocess.Popen(command, cwd=root, env=os.environ | ENVIRONMENT)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())  # whoever ends this process ends the server
    try:
        return process.wait()
    except KeyboardInterrupt:  # a terminal sends it to the server too
        process.wait()
        return 0


def _require_free(port: int) -> None:
    """Raise InputError if the server could not listen there."""
    remedy = "choose another one: `make ui PORT=5001`, or --port"
    if not 0 < port < 65536:
        raise InputError(f"--port: {port} is no port; {remedy}")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            reason = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be had ({error.strerror})"
            raise InputError(f"--port: {port} {reason}; {remedy}") from None
