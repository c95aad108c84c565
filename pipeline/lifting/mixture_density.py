"""The density of a mixture over poses: training maximises it at the truth, evaluation measures it."""

from pipeline.lifting.output_types import PoseMixture
from pipeline.mixture import GaussianMixture


def distribution(mixture: PoseMixture) -> GaussianMixture:
    """Pose level: B mixtures over the 3 J coordinates (joint by joint); node level: [B, J] mixtures over 3."""
    if mixture.level == "node":
        return GaussianMixture(mixture.means.transpose(1, 2), mixture.scales.transpose(1, 2), mixture.logits)
    scales = mixture.scales
    if scales.shape[2:] != (1, 1):
        scales = scales.expand_as(mixture.means)
    return GaussianMixture(mixture.means.flatten(2), scales.flatten(2), mixture.logits)
