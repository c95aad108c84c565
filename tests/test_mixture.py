"""Gaussian mixtures against SciPy's densities, closed forms, numerical integrals and their own samples."""

import math

import numpy as np
import pytest
import torch
from scipy import stats
from scipy.special import logsumexp

from pipeline.mixture import GaussianMixture


def random_mixture(*batch: int, components: int = 4, dimensions: int = 6, seed: int = 0, **options) -> GaussianMixture:
    generator = torch.Generator().manual_seed(seed)
    like = {"generator": generator, "dtype": options.get("dtype", torch.float64)}
    scale_dimensions = 1 if options.get("shared") else dimensions
    return GaussianMixture(
        means=torch.randn(*batch, components, dimensions, **like),
        scales=0.2 + torch.rand(*batch, components, scale_dimensions, **like),
        logits=torch.randn(*batch, components, **like),
    )


def scipy_log_prob(mixture: GaussianMixture, value: torch.Tensor) -> float:
    """One mixture's log-density by SciPy, with the weights normalised the direct way."""
    weights = np.exp(mixture.logits.numpy())
    weights /= weights.sum()
    components = [
        stats.multivariate_normal(mean.numpy(), np.diag(np.broadcast_to(scale.numpy() ** 2, mean.shape))).logpdf(value)
        for mean, scale in zip(mixture.means, mixture.scales, strict=True)
    ]
    return float(logsumexp(components, b=weights))


# --- density ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shared", [False, True])
def test_log_prob_is_scipys(shared: bool):
    mixture = random_mixture(3, shared=shared)
    value = torch.randn(3, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    expected = [
        scipy_log_prob(GaussianMixture(mixture.means[i], mixture.scales[i], mixture.logits[i]), value[i])
        for i in range(3)
    ]
    np.testing.assert_allclose(mixture.log_prob(value).numpy(), expected, rtol=1e-12)


def test_one_component_is_a_gaussian():
    """In the closed form of GraphMDN's Eq. 8, with 3 K in the exponent of sigma."""
    mean, sigma, value = torch.randn(48).double(), 0.3, torch.randn(48).double()
    mixture = GaussianMixture(mean[None], torch.full((1, 1), sigma, dtype=torch.float64), torch.tensor([7.0]).double())
    expected = -24 * math.log(2 * math.pi) - 48 * math.log(sigma) - ((value - mean) ** 2).sum() / (2 * sigma**2)
    torch.testing.assert_close(mixture.log_prob(value), expected)


def test_equal_components_are_one():
    one = random_mixture(5, components=1)
    several = GaussianMixture(one.means.expand(5, 7, 6), one.scales.expand(5, 7, 6), torch.randn(5, 7).double())
    value = torch.randn(5, 6).double()
    torch.testing.assert_close(several.log_prob(value), one.log_prob(value))


def test_density_integrates_to_one():
    mixture = random_mixture(components=3, dimensions=1)
    line = torch.linspace(-15, 15, 60_001, dtype=torch.float64)
    assert torch.trapezoid(mixture.log_prob(line[:, None]).exp(), line).item() == pytest.approx(1, abs=1e-9)


def test_a_scale_for_all_dimensions_is_that_scale_in_each():
    shared = random_mixture(2, shared=True)
    spelled_out = GaussianMixture(shared.means, shared.scales.expand(2, 4, 6), shared.logits)
    value = torch.randn(2, 6).double()
    torch.testing.assert_close(shared.log_prob(value), spelled_out.log_prob(value))


def test_logits_may_have_any_sum():
    mixture, value = random_mixture(2), torch.randn(2, 6).double()
    shifted = GaussianMixture(mixture.means, mixture.scales, mixture.logits + 1000)
    torch.testing.assert_close(shifted.log_prob(value), mixture.log_prob(value), rtol=1e-9, atol=1e-9)


def test_leading_dimensions_of_the_value_broadcast():
    mixture, values = random_mixture(3), torch.randn(10, 3, 6).double()
    together = mixture.log_prob(values)
    assert together.shape == (10, 3)
    torch.testing.assert_close(together[4], mixture.log_prob(values[4]))


# --- stability --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sigma", [1e-6, 1e-3, 1.0, 1e3, 1e6])
def test_float32_agrees_with_float64_and_has_finite_gradients(sigma: float):
    exact = random_mixture(4, dimensions=48, shared=True)
    exact = GaussianMixture(exact.means, torch.full((4, 4, 1), sigma, dtype=torch.float64), exact.logits)
    value = torch.randn(4, 48, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    leaves = [part.float().requires_grad_() for part in (exact.means, exact.scales, exact.logits)]
    log_prob = GaussianMixture(*leaves).log_prob(value.float())
    torch.testing.assert_close(log_prob.double(), exact.log_prob(value), rtol=2e-5, atol=1e-3)
    log_prob.sum().backward()
    for leaf in leaves:
        assert leaf.grad.isfinite().all()
    assert leaves[0].grad.abs().max() > 0


def test_scales_from_1e_minus_6_to_1e6_in_one_mixture():
    means, value = torch.zeros(3, 48, requires_grad=True), torch.full((48,), 0.5)
    scales = torch.tensor([[1e-6], [1.0], [1e6]], requires_grad=True)
    logits = torch.tensor([80.0, 0.0, -80.0], requires_grad=True)
    log_prob = GaussianMixture(means, scales, logits).log_prob(value)
    log_prob.backward()
    # The needle is 1.25e11 sigma^2 away and the plain is too thin: the middle one is all there is, at weight e^-80.
    expected = 48 * stats.norm.logpdf(0.5) - 80
    assert log_prob.item() == pytest.approx(expected, rel=1e-6)
    assert all(leaf.grad.isfinite().all() for leaf in (means, scales, logits))
    torch.testing.assert_close(means.grad[1], value)  # (value - mean) / 1^2
    assert (means.grad[0] == 0).all()


# --- a mask -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shared", [False, True])
def test_a_mask_is_the_density_of_the_other_dimensions(shared: bool):
    mixture = random_mixture(3, shared=shared)
    value, kept = torch.randn(3, 6).double(), torch.tensor([0, 2, 5])
    mask = torch.zeros(6, dtype=torch.bool)
    mask[kept] = True
    scales = mixture.scales if shared else mixture.scales[..., kept]
    smaller = GaussianMixture(mixture.means[..., kept], scales, mixture.logits)
    torch.testing.assert_close(mixture.log_prob(value, mask), smaller.log_prob(value[:, kept]), rtol=1e-14, atol=0)


def test_a_masked_value_has_no_influence_even_if_it_is_nan():
    mixture = random_mixture(2)
    means = mixture.means.clone().requires_grad_()
    mask = torch.tensor([[True] * 5 + [False], [False] * 6])
    value = torch.randn(2, 6).double().masked_fill(~mask, torch.nan)
    log_prob = GaussianMixture(means, mixture.scales, mixture.logits).log_prob(value, mask)
    log_prob.sum().backward()
    assert log_prob.isfinite().all()
    assert log_prob[1].item() == pytest.approx(0, abs=1e-12)  # nothing observed: probability 1
    assert (means.grad[0, :, :5] != 0).all()
    assert (means.grad[0, :, 5] == 0).all() and (means.grad[1] == 0).all()


# --- single values ----------------------------------------------------------------------------------------------------


def test_mean_and_mode_by_hand():
    mixture = GaussianMixture(
        means=torch.tensor([[0.0, 0.0], [1.0, 2.0], [4.0, 8.0]]),
        scales=torch.ones(3, 1),
        logits=torch.tensor([0.25, 0.25, 0.5]).log() + 3,
    )
    torch.testing.assert_close(mixture.mean(), torch.tensor([2.25, 4.5]))
    assert mixture.mode().tolist() == [4.0, 8.0]


def test_oracle_takes_the_closest_component_by_the_given_distance():
    means = torch.tensor([[0.0, 0.0, 0.0, 3.0], [2.0, 2.0, 2.0, 2.0]])
    mixture = GaussianMixture(means, torch.ones(2, 1), torch.tensor([9.0, 0.0]))
    value = torch.zeros(5, 4)

    def most_off(means: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        return (means - value).abs().amax(dim=-1)

    assert mixture.oracle(value).tolist() == [means[0].tolist()] * 5  # 3 against 4 in Euclid's distance
    assert mixture.oracle(value, most_off).tolist() == [means[1].tolist()] * 5


def test_oracle_in_batches_is_never_farther_than_mode():
    mixture, value = random_mixture(50), torch.randn(50, 6).double()
    oracle = (mixture.oracle(value) - value).norm(dim=-1)
    every = (mixture.means - value[:, None]).norm(dim=-1)
    torch.testing.assert_close(oracle, every.amin(dim=-1))
    assert (oracle <= (mixture.mode() - value).norm(dim=-1)).all()


# --- samples ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shared", [False, True])
def test_samples_have_the_mixtures_moments(shared: bool):
    mixture, count = random_mixture(2, components=3, dimensions=2, shared=shared), 200_000
    drawn = mixture.sample(count, torch.Generator().manual_seed(3))
    assert drawn.shape == (count, 2, 2)
    weights = mixture.logits.softmax(dim=-1)[..., None]
    mean = (weights * mixture.means).sum(dim=1)
    variance = (weights * (mixture.means.square() + mixture.scales.square())).sum(dim=1) - mean.square()
    tolerance = 5 * (variance.max() / count).sqrt().item()  # five standard errors
    torch.testing.assert_close(drawn.mean(dim=0), mean, rtol=0, atol=tolerance)
    torch.testing.assert_close(drawn.var(dim=0), variance, rtol=0.02, atol=0)


def test_samples_follow_the_distribution_function():
    mixture = random_mixture(components=3, dimensions=1)
    drawn = mixture.sample(4000, torch.Generator().manual_seed(4))[:, 0].numpy()
    weights = mixture.logits.softmax(dim=-1).numpy()

    def cumulative(points: np.ndarray) -> np.ndarray:
        return stats.norm.cdf(points[:, None], mixture.means[:, 0], mixture.scales[:, 0]) @ weights

    assert stats.kstest(drawn, cumulative).pvalue > 0.01


def test_samples_come_from_the_generator_alone():
    mixture = random_mixture(3)
    first, again, other = (mixture.sample(5, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other)


# --- the door ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scales", "logits", "named"),
    [((3, 6), (4,), "scales"), ((4, 2), (4,), "scales"), ((4, 6), (3,), "logits")],
)
def test_shapes_that_do_not_go_together_are_refused(scales: tuple[int, ...], logits: tuple[int, ...], named: str):
    with pytest.raises(ValueError, match=named):
        GaussianMixture(torch.zeros(4, 6), torch.ones(scales), torch.zeros(logits))
