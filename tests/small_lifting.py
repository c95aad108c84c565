"""Makes lifting cheaper in the folder of tests/stages: fewer poses and narrow networks, which take the same paths."""

from __future__ import annotations

import re
from pathlib import Path

import mesh_files

from pipeline import artifacts
from pipeline.layout import Layout


def keep(**counts: int) -> None:
    """Leave so many poses of a split, `train` or `test`, in the working directory, and meshes for them."""
    layout = Layout("tiny")
    for split, count in counts.items():
        path = layout.motion_split(split)
        arrays = artifacts.read_arrays(path)
        poses = len(arrays["joints_3d"])
        few = {name: rows[:count] if len(rows) == poses else rows for name, rows in arrays.items()}
        artifacts.write_arrays(path, few)
    mesh_files.write(Path("data/tiny/targets/meshes"), counts)


def narrow(variant: str, size: str = "channels: 16, blocks: 1") -> None:
    """Give a variant in the working directory's params.yaml a small network."""
    path = Path("params.yaml")
    text = path.read_text(encoding="utf-8")
    found = re.search(rf"(?m)^  {variant}:\n(    .*\n)+", text)
    assert found, variant
    before, had_model, after = found[0].partition("    model: {")
    stated = f"    model: {{{size}, {after}" if had_model else f"    model: {{{size}}}\n"
    path.write_text(text.replace(found[0], before + stated), encoding="utf-8")
