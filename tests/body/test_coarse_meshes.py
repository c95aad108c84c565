"""Coarse vertices skinned from sums are averages of the skinned vertices."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from stick_body import stick_model

from pipeline.body.coarse_meshes import CoarseBody, coarse_meshes
from pipeline.body.fitting.rotations import exponential
from pipeline.geometry.camera import rotation_matrix

RANDOM = torch.Generator().manual_seed(0)
FRAMES = 40
AVERAGE = torch.rand(7, 144, generator=RANDOM) * (torch.rand(7, 144, generator=RANDOM) < 0.1)
AVERAGE = AVERAGE / AVERAGE.sum(dim=1, keepdim=True)
ROTATIONS = rotation_matrix(exponential(0.7 * torch.randn(FRAMES, 24, 3, generator=RANDOM)))
TRANSLATION = torch.randn(FRAMES, 3, generator=RANDOM)
BETAS = torch.randn(10, generator=RANDOM)


@pytest.mark.parametrize("bends", [False, True], ids=["without posedirs", "with posedirs"])
def test_averages_of_all_skinned_vertices(bends: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    model = stick_model()
    if bends:
        model = replace(model, posedirs=0.01 * torch.randn(144, 3, 207, generator=RANDOM))
    vertices, _ = model.skin(BETAS[None], ROTATIONS, TRANSLATION)
    body = CoarseBody.of(model, AVERAGE)
    monkeypatch.setattr("pipeline.body.coarse_meshes.CHUNK", 16)
    coarse = coarse_meshes(body, BETAS, ROTATIONS, TRANSLATION)
    assert coarse.shape == (FRAMES, 7, 3)
    assert (coarse - AVERAGE @ vertices).abs().max() < 1e-6  # 0.001 mm


def test_pose_blend_shapes_matter_where_there_are_some() -> None:
    """So the short way, which leaves them out, must not be taken then."""
    model = stick_model()
    bent = replace(model, posedirs=0.01 * torch.randn(144, 3, 207, generator=RANDOM))
    plain, full = (coarse_meshes(CoarseBody.of(each, AVERAGE), BETAS, ROTATIONS, TRANSLATION) for each in (model, bent))
    assert (plain - full).abs().max() > 1e-3


def test_averages_of_another_body_are_refused() -> None:
    with pytest.raises(AssertionError, match="144 vertices"):
        CoarseBody.of(stick_model(), torch.ones(3, 100) / 100)
