"""Runs stages as a user does: after `python -m pipeline plan`, which DVC and Snakemake run by themselves."""

from __future__ import annotations

import json
from typing import Any

from pipeline.__main__ import main
from pipeline.layout import Layout

_known: list[bytes] = []  # the cache of code digests: tests have different folders, but the same code


def plan(preset: str = "tiny") -> None:
    """Plan the preset of the folder that is the working directory."""
    cache = Layout(preset).code_digests
    if _known and not cache.exists():
        cache.parent.mkdir(parents=True, exist_ok=True)
        cache.write_bytes(_known[-1])
    assert main(["plan", "--preset", preset]) == 0
    _known[:] = [cache.read_bytes()]


def stage(name: str, *options: str, preset: str = "tiny") -> int:
    """Plan with the present settings, then run a stage. Returns its exit code."""
    plan(preset)
    return main([name, "--preset", preset, *options])


def train(kind: str, variant: str, seeds: tuple[int, ...] = (0,)) -> None:
    """Train some seeds of a variant of a kind, `lifting` or `detection`."""
    plan()
    for seed in seeds:
        assert main([f"train_{kind}", "--preset", "tiny", "--variant", variant, "--seed", str(seed)]) == 0


def measure(kind: str, variant: str, seeds: tuple[int, ...] = (0,)) -> dict[str, Any]:
    """Train a variant's seeds and evaluate it. Returns the content of its metrics file."""
    train(kind, variant, seeds)
    assert main([f"evaluate_{kind}", "--preset", "tiny", "--variant", variant]) == 0
    return json.loads(Layout("tiny").metrics(variant).read_text())
