"""Gaussian mixtures with diagonal covariance: log-density, mean, mode, oracle, samples.

This is the only place in the project that computes the density (GraphMDN, Eq. 3, 4, 7 and 8; MDN offset, Eq. 3 to 5).
It uses logarithms and log-sum-exp, so float32 values and gradients stay finite for scales from 1e-6 to 1e6.

Eq. 8 of GraphMDN prints sigma^K, but a Gaussian over K joints in three dimensions needs sigma^(3K). This module uses
3K, as the authors' code does. Their code also has a floor of 1e-10 for the mixing weights; a log-softmax needs none.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)


@dataclass(frozen=True, eq=False)
class GaussianMixture:
    """Mixtures of K Gaussians over D dimensions, one mixture per index of the leading dimensions, which broadcast.

    `means` [..., K, D]; `scales`: standard deviations above 0, [..., K, D], or [..., K, 1] for one scale per component;
    `logits` [..., K]: mixing weights before softmax. Raises ValueError for shapes that do not match.
    """

    means: Tensor
    scales: Tensor
    logits: Tensor

    def __post_init__(self) -> None:
        components, dimensions = self.means.shape[-2:]
        if self.scales.shape[-2:] not in ((components, dimensions), (components, 1)):
            raise ValueError(f"means {list(self.means.shape)} do not go with scales {list(self.scales.shape)}")
        if self.logits.shape[-1] != components:
            raise ValueError(f"means {list(self.means.shape)} do not go with logits {list(self.logits.shape)}")

    @property
    def log_weights(self) -> Tensor:
        """Logarithms of the mixing weights, [..., K]."""
        return torch.log_softmax(self.logits, dim=-1)

    def component_log_prob(self, value: Tensor, mask: Tensor | None = None) -> Tensor:
        """Log-density of `value` [..., D] under each component, [..., K], in nats.

        Dimensions where `mask` [..., D] is False are left out: the result is the density over the other dimensions, and
        the value there, even NaN, has no influence and no gradient.
        """
        value = value if mask is None else value.masked_fill(~mask, 0.0)
        standardised = (value.unsqueeze(-2) - self.means) / self.scales
        log_prob = -0.5 * standardised.square() - self.scales.log() - HALF_LOG_TWO_PI
        log_prob = log_prob if mask is None else log_prob.masked_fill(~mask.unsqueeze(-2), 0.0)
        return log_prob.sum(dim=-1)

    def log_prob(self, value: Tensor, mask: Tensor | None = None) -> Tensor:
        """Log-density of `value` [..., D], [...], in nats; `mask` as in `component_log_prob`."""
        return torch.logsumexp(self.component_log_prob(value, mask) + self.log_weights, dim=-1)

    def mean(self) -> Tensor:
        """The mean of the distribution, [..., D]."""
        return (self.log_weights.exp().unsqueeze(-1) * self.means).sum(dim=-2)

    def mode(self) -> Tensor:
        """Mean of the component with the highest weight, [..., D]: GraphMDN's "Highest", not the density peak."""
        return self._chosen(self.logits.argmax(dim=-1))

    def oracle(self, value: Tensor, distance: Callable[[Tensor, Tensor], Tensor] | None = None) -> Tensor:
        """The component mean closest to `value` [..., D], [..., D].

        `distance` maps means [..., K, D] and values [..., 1, D] to distances [..., K]; Euclidean by default.
        """
        distance = _euclidean if distance is None else distance
        return self._chosen(distance(self.means, value.unsqueeze(-2)).argmin(dim=-1))

    def sample(self, count: int, generator: torch.Generator | None = None) -> Tensor:
        """Independent samples, [count, ..., D]; `generator` must be on the mixture's device."""
        batch = torch.broadcast_shapes(self.means.shape[:-2], self.scales.shape[:-2], self.logits.shape[:-1])
        weights = self.log_weights.exp().expand(*batch, -1).reshape(-1, self.logits.shape[-1])
        component = torch.multinomial(weights, count, replacement=True, generator=generator)  # [batch, count]
        component = component.t().reshape(count, *batch)
        means = _choose(self.means.expand(count, *batch, -1, -1), component)
        scales = _choose(self.scales.expand(count, *batch, -1, -1), component)
        noise = torch.randn(means.shape, generator=generator, dtype=means.dtype, device=means.device)
        return means + scales * noise

    def _chosen(self, component: Tensor) -> Tensor:
        return _choose(self.means.expand(*component.shape, -1, -1), component)


def _choose(parameters: Tensor, component: Tensor) -> Tensor:
    """Row `component` [...] of `parameters` [..., K, D]: [..., D]."""
    return torch.take_along_dim(parameters, component[..., None, None], dim=-2).squeeze(-2)


def _euclidean(means: Tensor, value: Tensor) -> Tensor:
    return torch.linalg.vector_norm(means - value, dim=-1)
