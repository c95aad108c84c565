"""What a mixture minimises in training, so that it does not collapse to one component: of poses and of detections."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pipeline.settings import Settings


class AnnealedLikelihood(Settings):
    """Deterministic annealing: the exponent of the responsibilities goes from the first one to 1."""

    kind: Literal["annealed"]
    first_exponent: float = Field(0.02, gt=0, le=1)
    share_of_steps: float = Field(0.6, gt=0, le=1)  # then the plain likelihood


class EvolvingWinners(Settings):
    """Evolving winner-takes-all: the n closest components learn, n from all to 1.

    `share_of_losers` of the loss is that of the other components, so that those that never win do not die. The defaults
    keep all components of the study `collapse` in use (docs/studies.md).
    """

    kind: Literal["evolving_winners"]
    share_of_steps: float = Field(0.9, gt=0, le=1)  # then the plain likelihood
    share_of_losers: float = Field(0.05, ge=0, lt=1)


class DirichletPrior(Settings):
    """A symmetric Dirichlet prior on the mixing weights of every pose or object, beside the likelihood."""

    kind: Literal["dirichlet_prior"]
    concentration: float = Field(2.0, gt=1)


Likelihood = Annotated[AnnealedLikelihood | EvolvingWinners | DirichletPrior, Field(discriminator="kind")]
