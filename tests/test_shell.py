"""shell.py: what a notebook's or a container's environment has does not reach a job."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest
from repository import ROOT

from pipeline import shell


def test_a_notebooks_backend_does_not_stop_the_figures() -> None:
    """matplotlib refuses a backend that is not installed as soon as it is imported."""
    program = (
        "from pipeline.__main__ import main; main(['plan', '--explain']); import matplotlib.pyplot as p; p.figure()"
    )
    environment = os.environ | {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}
    answer = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr


def test_a_user_without_a_name_and_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(number: int) -> None:
        raise KeyError(f"getpwuid(): uid not found: {number}")

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    environment: dict[str, str] = {}
    shell.settle(environment)
    assert environment["USER"] == str(os.getuid()) and Path(environment["HOME"]).is_dir()


def test_a_name_and_a_home_stay() -> None:
    environment = {"USER": "ann", "HOME": "/home/ann", "https_proxy": "http://proxy:3128"}
    before = dict(environment)
    shell.settle(environment)
    assert environment == before | {"MPLBACKEND": "Agg"}


def test_without_home_it_is_the_users_own() -> None:
    environment: dict[str, str] = {}
    shell.settle(environment)
    assert environment["HOME"] == pwd.getpwuid(os.getuid()).pw_dir
