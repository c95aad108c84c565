"""Fitting and coarse skinning against what they replace, in one run: so the ratios hold on any machine."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
import torch
from stick_body import natural_joints, stick_landmarks, stick_model
from torch import Tensor

from pipeline.body.coarse_meshes import CoarseBody, coarse_meshes
from pipeline.body.fitting.equations import evaluate, prior_weights
from pipeline.body.fitting.kinematics import Chain
from pipeline.body.fitting.rotations import exponential, logarithm
from pipeline.body.fitting.solver import solve
from pipeline.body.fitting.start import start
from pipeline.body.model import BodyModel
from pipeline.geometry.camera import rotation_matrix

FRAMES, ADAM_STEPS = 2048, 300
FIT_TARGET, FIT_RATIO = 1500, 8.0  # frames/s; times as fast as Adam, and no worse
SKIN_TARGET, SKIN_RATIO = 20_000, 10.0


def seconds(work: Callable[[], object], times: int) -> float:
    spent = []
    for _ in range(times):
        begin = time.perf_counter()
        work()
        spent.append(time.perf_counter() - begin)
    return min(spent)


@pytest.mark.benchmark
def test_levenberg_marquardt_against_adam() -> None:
    """Both from the closed-form start, on joints 1 cm off a body's; the same objective judges both."""
    body = stick_landmarks(torch.float32)
    chain = Chain.of(body, torch.zeros(10))
    noise = 0.01 * torch.randn(FRAMES, 17, 3, generator=torch.Generator().manual_seed(0))
    targets = natural_joints(body, torch.zeros(10), FRAMES).float() + noise
    aims, weights = targets - targets.mean(dim=1, keepdim=True), prior_weights(targets)

    def adam() -> Tensor:
        vectors = logarithm(start(chain, targets)).requires_grad_(True)
        optimizer = torch.optim.Adam([vectors], lr=0.02)
        for _ in range(ADAM_STEPS):
            optimizer.zero_grad()
            evaluate(chain, exponential(vectors), aims, weights).cost.sum().backward()
            optimizer.step()
        return exponential(vectors.detach())

    solve(chain, start(chain, targets), targets, 2)  # the first call warms up
    ours = seconds(lambda: solve(chain, start(chain, targets), targets, 8), 3)
    theirs = seconds(adam, 1)
    costs = [
        evaluate(chain, local, aims, weights).cost.mean().item()
        for local in (solve(chain, start(chain, targets), targets, 8).local, adam())
    ]
    print(
        f"\nstart + LM {FRAMES / ours:,.0f} frames/s, cost {1e4 * costs[0]:.3f} cm^2; "
        f"start + Adam {FRAMES / theirs:,.0f} frames/s, cost {1e4 * costs[1]:.3f} cm^2; {theirs / ours:.1f}:1"
    )
    assert costs[0] <= 1.01 * costs[1]
    assert theirs / ours >= FIT_RATIO
    assert FRAMES / ours >= FIT_TARGET


@pytest.mark.benchmark
def test_coarse_skinning_against_all_vertices() -> None:
    """144 coarse nodes of 6,912 vertices (48 copies of the stick body's)."""
    model = enlarged(stick_model(), 48)
    random = torch.Generator().manual_seed(0)
    nodes = torch.randint(144, (model.vertex_count,), generator=random)
    average = torch.nn.functional.one_hot(nodes, 144).T.float()
    coarse = CoarseBody.of(model, average / average.sum(dim=1, keepdim=True))
    rotations = rotation_matrix(exponential(0.3 * torch.randn(4096, 24, 3, generator=random)))
    translation, betas = torch.zeros(4096, 3), torch.zeros(10)

    def full(count: int) -> Tensor:
        parts = zip(rotations[:count].split(32), translation[:count].split(32), strict=True)
        return torch.cat([coarse.average @ model.skin(betas[None], r, t)[0] for r, t in parts])

    coarse_meshes(coarse, betas, rotations, translation)
    ours = 4096 / seconds(lambda: coarse_meshes(coarse, betas, rotations, translation), 3)
    theirs = 128 / seconds(lambda: full(128), 3)
    print(f"\ncoarse {ours:,.0f} frames/s, all vertices {theirs:,.0f} frames/s: {ours / theirs:.0f} times as fast")
    away = coarse_meshes(coarse, betas, rotations[:128], translation[:128]) - full(128)
    assert away.abs().max() < 1e-6  # 0.001 mm
    assert ours / theirs >= SKIN_RATIO
    assert ours >= SKIN_TARGET


def enlarged(model: BodyModel, copies: int) -> BodyModel:
    """The same body with every vertex several times."""
    return BodyModel(
        v_template=model.v_template.repeat(copies, 1),
        shapedirs=model.shapedirs.repeat(copies, 1, 1),
        posedirs=None,
        j_regressor=model.j_regressor.repeat(1, copies) / copies,
        weights=model.weights.repeat(copies, 1),
        faces=model.faces,
    )
