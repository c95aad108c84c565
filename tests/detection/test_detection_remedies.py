"""detection.remedies: the mixture's term in training, against the plain term and by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from pipeline.config.detection import DetectionHead
from pipeline.config.modules import MIXTURE_TERMS_IN_TRAINING, load
from pipeline.detection.losses import mixture_term

P, N, K = 5, 17, 3
LIKELIHOODS = {
    "annealed": {"kind": "annealed"},
    "evolving_winners": {"kind": "evolving_winners", "share_of_steps": 0.6, "share_of_losers": 0.0},
    "dirichlet_prior": {"kind": "dirichlet_prior"},
}
KINDS = tuple(LIKELIHOODS)


def numbers(*shape: int, seed: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def head_of(kind: str, **settings: Any) -> DetectionHead:
    return DetectionHead.model_validate({"components": K, "likelihood": LIKELIHOODS[kind], **settings})


def inputs() -> tuple[dict[str, Tensor], Tensor, Tensor, Tensor]:
    """The heads' rows, means, points and their mask; the third object has no point."""
    rows = {"sigma": numbers(P, 2 * K, seed=0), "logits": numbers(P, K, seed=1)}
    mask = numbers(P, N, seed=4) > 0
    mask[2] = False
    return rows, 4 * numbers(P, 2 * N * K, seed=2), 4 * numbers(P, N, 2, seed=3), mask


def term(kind: str, done: float, *given: Any, **settings: Any) -> Tensor:
    found: Tensor = load(MIXTURE_TERMS_IN_TRAINING[kind])(*(given or inputs()), head_of(kind, **settings), 1.0, done)
    return found


@pytest.mark.parametrize("kind", ["annealed", "evolving_winners"])
def test_after_its_share_of_the_steps_a_remedy_is_the_plain_term(kind: str) -> None:
    plain = mixture_term(*inputs(), head_of(kind), 1.0)
    for done in (0.6, 1.0):
        torch.testing.assert_close(term(kind, done), plain)
    assert not torch.isclose(term(kind, 0.1), plain)


def test_the_prior_adds_a_penalty_for_each_object_with_points() -> None:
    rows, *_ = inputs()
    penalties = -rows["logits"].log_softmax(dim=-1).sum(dim=-1)
    counted = [0, 1, 3, 4]
    expected = mixture_term(*inputs(), head_of("dirichlet_prior"), 1.0) + penalties[counted].sum() / (1 + len(counted))
    torch.testing.assert_close(term("dirichlet_prior", 0.5), expected)


def test_the_winner_is_the_nearest_by_the_points_that_count() -> None:
    rows, prediction, points, mask = inputs()
    means = prediction.view(P, K, N, 2)
    total = torch.zeros((), dtype=torch.float64)
    counted = [0, 1, 3, 4]
    for p in counted:
        gaps = [(means[p, k] - points[p])[mask[p]].square().sum().item() for k in range(K)]
        winner = gaps.index(min(gaps))
        alone = {name: value.view(P, K, -1)[p : p + 1, winner] for name, value in rows.items()}
        of_one = mixture_term(
            alone,
            means[p : p + 1, winner].flatten(1),
            points[p : p + 1],
            mask[p : p + 1],
            DetectionHead(components=1),
            1.0,
        )
        total += 2 * of_one - rows["logits"][p].log_softmax(dim=0)[winner]  # one object: its sum is divided by 2
    torch.testing.assert_close(term("evolving_winners", 0.59), total / (1 + len(counted)))


def test_the_other_components_have_the_share_that_the_settings_state() -> None:
    losers = LIKELIHOODS["evolving_winners"] | {"share_of_losers": 0.25}
    of_winner = term("evolving_winners", 0.59)
    of_all = K * term("evolving_winners", 0.0)  # at the start all win: the mean over the components
    expected = 0.75 * of_winner + 0.25 * (of_all - of_winner) / (K - 1)
    torch.testing.assert_close(term("evolving_winners", 0.59, likelihood=losers), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_points_outside_the_mask_change_neither_value_nor_gradient(kind: str) -> None:
    results = []
    for held in (0.0, math.nan):
        rows, prediction, points, mask = inputs()
        prediction.requires_grad_()
        loss = term(kind, 0.3, rows, prediction, points.masked_fill(~mask[..., None], held), mask)
        loss.backward()
        results.append((loss.detach(), prediction.grad))
    for one, other in zip(*results, strict=True):
        assert one is not None and other is not None and other.isfinite().all()
        assert torch.equal(one, other)


@pytest.mark.parametrize("kind", KINDS)
def test_a_box_is_one_point(kind: str) -> None:
    rows, _, _, _ = inputs()
    given = (rows, numbers(P, 2 * K, seed=5), numbers(P, 1, 2, seed=6), torch.ones(P, 1, dtype=torch.bool))
    assert term(kind, 0.2, *given).isfinite()


def test_a_single_value_has_no_likelihood() -> None:
    with pytest.raises(ValueError, match="likelihood: a single value has none"):
        DetectionHead.model_validate({"likelihood": {"kind": "annealed"}})
