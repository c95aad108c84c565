"""What a network is built of besides its own settings; the same for every network."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from pipeline.geometry.coarsening import MeshGraphs
from pipeline.geometry.skeleton import Skeleton


@dataclass(frozen=True, eq=False)
class Parts:
    """The head makes the result of `outputs` raw outputs of every joint; for a point it is the identity, of 3."""

    skeleton: Skeleton
    head: nn.Module
    outputs: int
    graphs: MeshGraphs | None = None  # of a body's mesh
