"""Similarity alignment of poses, the P of P-MPJPE (Protocol 2)."""

import torch
from torch import Tensor


def procrustes(source: Tensor, target: Tensor) -> Tensor:
    """Translate, rotate and scale `source` onto `target` with the least squared error; both [..., J, 3], any floats.

    Leading dimensions broadcast: K hypotheses [..., K, J, 3] align to one true pose [..., 1, J, 3]. The transform is
    never a reflection, so a mirrored pose keeps its error. If all joints of a source coincide, they move to the
    target's centre. If they are on a line or in a plane, several alignments are equally good and one is returned.
    Raises `torch.linalg.LinAlgError` for input that is not finite.

    Umeyama, "Least-squares estimation of transformation parameters between two point patterns", 1991, equations 40-42.
    The 3 x 3 decomposition is computed in double precision, which keeps float32 poses within 1e-3 mm.
    """
    assert source.shape[-2:] == target.shape[-2:] and source.shape[-1] == 3, (
        f"poses must be [..., J, 3] with the same J, got {tuple(source.shape)} and {tuple(target.shape)}"
    )
    target_center = target.mean(dim=-2, keepdim=True)
    centered = source - source.mean(dim=-2, keepdim=True)
    covariance = torch.einsum("...ji,...jk->...ik", centered, target - target_center).double()

    left, singular, right = torch.linalg.svd(covariance)  # left diag(singular) right = covariance
    # Flip the last direction where the best orthogonal map would be a reflection.
    handedness = torch.linalg.det(left @ right).sign()
    signs = torch.stack((torch.ones_like(handedness), torch.ones_like(handedness), handedness), dim=-1)
    rotation = (left * signs[..., None, :]) @ right

    spread = centered.square().sum(dim=(-2, -1)).double()
    scale = (singular * signs).sum(dim=-1) / spread.clamp_min(torch.finfo(torch.float64).tiny)
    return centered @ (scale[..., None, None] * rotation).to(centered.dtype) + target_center
