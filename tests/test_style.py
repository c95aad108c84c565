"""The tools that read the code have nothing to say."""

from __future__ import annotations

from pathlib import Path

import pytest
from repository import ROOT, files_of_repository, run_tool

CHECKS = {
    "ruff check": ["ruff", "check", "."],
    "ruff format": ["ruff", "format", "--check", "."],
    "mypy": ["mypy"],
    "snakefmt": ["snakefmt", "--check", "--line-length", "120", "Snakefile", "pipeline/rules"],
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CHECKS)
def test_clean(name: str) -> None:
    answer = run_tool(*CHECKS[name], folder=ROOT)
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.slow
def test_snakemake_lint(repository_copy: Path) -> None:
    answer = run_tool("snakemake", "--lint", folder=repository_copy)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_files_are_short() -> None:
    """One concept a file: 400 lines are the limit, for tests too."""
    code = [path for path in files_of_repository() if path.suffix in (".py", ".smk") or path.name == "Snakefile"]
    lengths = {str(path): len((ROOT / path).read_text(encoding="utf-8").splitlines()) for path in code}
    assert {path: length for path, length in lengths.items() if length > 400} == {}
