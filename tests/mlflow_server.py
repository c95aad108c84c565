"""The server that `make ui` starts, for tests that talk to it or look at it."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from repository import ROOT


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def started(root: Path, *options: str) -> Iterator[str]:
    """`python -m pipeline ui` in a repository that has a database; its address."""
    port = free_port()
    (root / "mlflow.db").touch()
    command = [sys.executable, "-m", "pipeline", "ui", "--port", str(port), *options]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        command,
        cwd=root,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # a terminal's Ctrl-C reaches the server itself
    )
    address = f"http://127.0.0.1:{port}"
    try:
        yield _wait_for(address, process)
    finally:
        process.terminate()
        process.wait(60)


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> str:
    for _ in range(3000):
        assert process.poll() is None, "the server ended"
        try:
            urllib.request.urlopen(f"{address}/health", timeout=1).close()
            return address
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(f"no server at {address} after five minutes")
