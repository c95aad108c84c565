"""Which joints another part of the body hides from the camera (claim HGN-20: self-occlusion makes depth ambiguous).

A limb is taken for a capsule around its bone. A joint is hidden where the ray from the camera to it passes through a
capsule that lies nearer, of a bone that the joint does not belong to. Neither images nor a body model are needed, so it
works on any data.
"""

import torch
from torch import Tensor

from pipeline.geometry.skeleton import HUMAN36M_17, Skeleton

RADIUS = 60.0  # mm: half a forearm's and half a thigh's thickness, between the two
NEARER = 80.0  # mm: what lies less than this before the joint is the joint's own flesh


def occluded(joints_3d: Tensor, skeleton: Skeleton = HUMAN36M_17) -> Tensor:
    """Of joints [N, J, 3] (mm, camera frame, z ahead) those that are hidden behind another bone: [N, J] bool."""
    parents, children = (torch.tensor(ends, device=joints_3d.device) for ends in zip(*skeleton.edges, strict=True))
    distance = joints_3d.norm(dim=-1, keepdim=True)  # [N, J, 1]
    ray = joints_3d / distance
    start, end = joints_3d[:, parents], joints_3d[:, children]  # [N, E, 3]
    along, gap = _closest(ray[:, :, None], start[:, None], (end - start)[:, None])
    numbers = torch.arange(skeleton.joint_count, device=joints_3d.device)[:, None]
    own = (
        _near(skeleton).to(joints_3d.device)[numbers, children] | _near(skeleton).to(joints_3d.device)[numbers, parents]
    )
    hidden = (gap < RADIUS) & (along > 0) & (along < distance - NEARER) & ~own
    return hidden.any(dim=-1)


def _near(skeleton: Skeleton) -> Tensor:
    """[J, J] bool: the joint itself and its neighbours, whose bones end or begin in it."""
    near = torch.eye(skeleton.joint_count, dtype=torch.bool)
    for parent, child in skeleton.edges:
        near[parent, child] = near[child, parent] = True
    return near


def _closest(ray: Tensor, start: Tensor, bone: Tensor) -> tuple[Tensor, Tensor]:
    """Where rays from the origin [N, J, 1, 3] (unit length) come closest to segments [N, 1, E, 3].

    Returns how far along the ray, and how far apart they are there: [N, J, E] each.
    """
    forward = (ray * bone).sum(dim=-1)
    squared = bone.square().sum(dim=-1)
    away = (bone * start).sum(dim=-1)
    onto = (ray * start).sum(dim=-1)
    # Of |t ray - start - s bone|^2 the minimum over t is t = ray . (start + s bone); what is left is quadratic in s.
    share = ((forward * onto - away) / (squared - forward.square()).clamp_min(1e-6)).clamp(0.0, 1.0)
    along = onto + share * forward
    apart = along[..., None] * ray - start - share[..., None] * bone
    return along, apart.norm(dim=-1)
