"""The layers that a graph network's settings name, from the modules that have them."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from torch import Tensor, nn

from pipeline.config import modules
from pipeline.geometry.skeleton import Skeleton
from pipeline.lifting.models.graph_blocks import Convolution

if TYPE_CHECKING:
    from pipeline.config import ModelSettings


def convolution(settings: ModelSettings, graph: Tensor) -> Convolution:
    """The graph convolution of `settings` on a graph's adjacency [J, J]: (in_features, out_features) -> layer."""
    made: Convolution = importlib.import_module(modules.CONVOLUTIONS[settings.convolution]).build(settings, graph)
    return made


def non_local(settings: ModelSettings, skeleton: Skeleton) -> nn.Module:
    """A non-local layer over the skeleton's joints, or the identity."""
    if settings.non_local not in modules.NON_LOCAL:
        return nn.Identity()
    layer: nn.Module = importlib.import_module(modules.NON_LOCAL[settings.non_local]).build(settings, skeleton)
    return layer
