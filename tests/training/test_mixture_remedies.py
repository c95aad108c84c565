"""Remedies for collapsing mixtures: closed forms, schedules, and a problem with two answers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from pipeline.mixture import GaussianMixture
from pipeline.training.clusters import clusters
from pipeline.training.mixture_remedies import (
    annealed_nll,
    annealing_exponent,
    dirichlet_penalty,
    winner_count,
    winners_nll,
)

N, K = 6, 4


def numbers(seed: int = 0) -> Tensor:
    """[N, K] joint log-densities or distances."""
    return torch.randn(N, K, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


# --- closed forms -----------------------------------------------------------------------------------------------------


def test_with_exponent_1_annealing_is_the_likelihood() -> None:
    assert torch.equal(annealed_nll(numbers(), 1.0), -torch.logsumexp(numbers(), dim=-1))


@pytest.mark.parametrize("exponent", [0.02, 0.3, 1.0])
def test_the_gradient_of_annealing_is_minus_the_annealed_responsibilities(exponent: float) -> None:
    log_joint = numbers().requires_grad_()
    annealed_nll(log_joint, exponent).sum().backward()
    densities = log_joint.detach().exp() ** exponent
    torch.testing.assert_close(log_joint.grad, -densities / densities.sum(dim=-1, keepdim=True))


def test_towards_exponent_0_all_components_have_equal_responsibilities() -> None:
    log_joint = (50 * numbers()).requires_grad_()
    annealed_nll(log_joint, 1e-7).sum().backward()
    torch.testing.assert_close(log_joint.grad, torch.full((N, K), -1 / K, dtype=torch.float64), rtol=1e-4, atol=0)


def test_one_winner_is_the_closest_components_likelihood_even_if_another_is_likelier() -> None:
    log_joint, distances = torch.tensor([[3.0, -5.0, 0.0]]), torch.tensor([[2.0, 0.5, 1.0]])
    assert winners_nll(log_joint, distances, 1).tolist() == [5.0]
    assert winners_nll(log_joint, distances, 2).tolist() == [2.5]  # the mean of the two closest


def test_the_losers_share_what_the_winners_leave() -> None:
    log_joint, distances = numbers().requires_grad_(), numbers(1)
    winners_nll(log_joint, distances, 2, share_of_losers=0.1).sum().backward()
    rank = distances.argsort(dim=-1).argsort(dim=-1)
    shares = torch.where(rank < 2, 0.9 / 2, 0.1 / (K - 2)).double()
    torch.testing.assert_close(log_joint.grad, -shares)


def test_if_all_win_all_have_equal_shares() -> None:
    log_joint = numbers().requires_grad_()
    winners_nll(log_joint, numbers(1), K, share_of_losers=0.1).sum().backward()
    torch.testing.assert_close(log_joint.grad, torch.full((N, K), -1 / K, dtype=torch.float64))


def test_of_one_component_every_form_is_its_likelihood() -> None:
    one = numbers()[:, :1]
    for losses in (annealed_nll(one, 0.02), winners_nll(one, one, 1)):
        torch.testing.assert_close(losses, -one[:, 0])


def test_the_dirichlet_penalty_is_its_density_without_the_constant() -> None:
    weights = numbers().softmax(dim=-1)
    for concentration in (1.0, 2.0, 3.5):
        prior = torch.distributions.Dirichlet(torch.full((K,), concentration, dtype=torch.float64))
        constant = torch.lgamma(torch.tensor(K * concentration)) - K * torch.lgamma(torch.tensor(concentration))
        torch.testing.assert_close(
            dirichlet_penalty(weights.log(), concentration),
            constant.double() - prior.log_prob(weights),
            rtol=1e-6,
            atol=1e-6,
        )


@pytest.mark.parametrize(
    "loss",
    [
        lambda values: annealed_nll(values, 0.02),
        lambda values: winners_nll(values, numbers(1), 2),
        lambda values: winners_nll(values, numbers(1), 2, 0.05),
        lambda values: dirichlet_penalty(values.log_softmax(dim=-1), 2.0),
    ],
    ids=["annealed", "winners", "winners and losers", "prior"],
)
def test_gradients_agree_with_finite_differences(loss: Callable[[Tensor], Tensor]) -> None:
    assert torch.autograd.gradcheck(loss, (numbers().requires_grad_(),))


def test_values_and_gradients_stay_finite_for_targets_far_from_all_components() -> None:
    for exponent in (0.02, 1.0):
        log_joint = (1e30 * numbers()).float().requires_grad_()
        losses = annealed_nll(log_joint, exponent)
        losses.sum().backward()
        assert losses.isfinite().all() and log_joint.grad is not None and log_joint.grad.isfinite().all()


# --- schedules --------------------------------------------------------------------------------------------------------


def test_the_exponent_rises_by_equal_factors_and_is_1_from_its_share_of_the_steps_on() -> None:
    found = [annealing_exponent(done, first=0.02, until=0.6) for done in (0.0, 0.3, 0.6, 1.0)]
    assert found == pytest.approx([0.02, 0.02**0.5, 1.0, 1.0])
    assert found[2:] == [1.0, 1.0]  # exactly: then it is the likelihood bit for bit


def test_the_number_of_winners_falls_from_all_to_one_in_equal_stages() -> None:
    assert [winner_count(done, 5, until=0.6) for done in (0.0, 0.3, 0.6, 1.0)] == [5, 3, None, None]
    counts = [winner_count((step + 0.5) / 1000, 5, until=0.6) for step in range(1000)]
    assert [counts.count(count) for count in (5, 4, 3, 2, 1, None)] == [120, 120, 120, 120, 120, 400]


# --- two answers ------------------------------------------------------------------------------------------------------

STEPS = 600
Loss = Callable[[GaussianMixture, Tensor, float], Tensor]


def learned(loss: Loss, means: tuple[float, float], second_logit: float) -> GaussianMixture:
    """Two components with sigma 0.5 after gradient descent on targets near -1 and 1, equally many."""
    targets = torch.cat([-torch.ones(50), torch.ones(50)]).double()[:, None]
    targets = targets + 0.1 * torch.randn(100, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    places = torch.tensor(means, dtype=torch.float64)[:, None].requires_grad_()
    logits = torch.tensor([0.0, second_logit], dtype=torch.float64).requires_grad_()
    optimizer = torch.optim.SGD([{"params": [places], "lr": 0.05}, {"params": [logits], "lr": 1.0}])
    for step in range(STEPS):
        optimizer.zero_grad()
        mixture = GaussianMixture(places, torch.full((2, 1), 0.5), logits)
        loss(mixture, targets, (step + 0.5) / STEPS).mean().backward()
        optimizer.step()
    return GaussianMixture(places.detach(), torch.full((2, 1), 0.5), logits.detach())


def plain(mixture: GaussianMixture, targets: Tensor, done: float) -> Tensor:
    return -mixture.log_prob(targets)


def annealed(mixture: GaussianMixture, targets: Tensor, done: float) -> Tensor:
    log_joint = mixture.component_log_prob(targets) + mixture.log_weights
    return annealed_nll(log_joint, annealing_exponent(done, 0.02, 0.6))


def winners(mixture: GaussianMixture, targets: Tensor, done: float) -> Tensor:
    count = winner_count(done, 2, 0.6)
    if count is None:
        return plain(mixture, targets, done)
    log_joint = mixture.component_log_prob(targets) + mixture.log_weights
    distances = (mixture.means - targets[:, None]).detach().square().sum(dim=-1)
    return winners_nll(log_joint, distances, count)


def with_prior(mixture: GaussianMixture, targets: Tensor, done: float) -> Tensor:
    return plain(mixture, targets, done) + dirichlet_penalty(mixture.log_weights, 2.0)


COLLAPSED = {"means": (0.3, -0.1), "second_logit": -12.0}  # one component has all the weight


def test_from_a_collapsed_start_the_likelihood_keeps_one_component() -> None:
    mixture = learned(plain, **COLLAPSED)
    assert mixture.log_weights.exp()[1] < 1e-4
    assert mixture.means[0].item() == pytest.approx(0.0, abs=0.05)  # between the answers, right for neither


@pytest.mark.parametrize("loss", [annealed, winners, with_prior])
def test_from_a_collapsed_start_each_remedy_uses_both(loss: Loss) -> None:
    mixture = learned(loss, **COLLAPSED)
    assert mixture.log_weights.exp().tolist() == pytest.approx([0.5, 0.5], abs=0.02)
    assert sorted(mixture.means[:, 0].tolist()) == pytest.approx([-1, 1], abs=0.05)


def test_from_clusters_of_the_targets_the_likelihood_uses_both() -> None:
    targets = torch.cat([-torch.ones(50), torch.ones(50)])[:, None].double()
    first, second = clusters(targets.numpy(), 2, seed=0)[:, 0].tolist()
    mixture = learned(plain, (first, second), 0.0)
    assert mixture.log_weights.exp().tolist() == pytest.approx([0.5, 0.5], abs=0.02)
    assert sorted(mixture.means[:, 0].tolist()) == pytest.approx([-1, 1], abs=0.05)
