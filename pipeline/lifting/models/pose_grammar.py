"""Pose grammar: recurrent networks along the body's limbs refine a finished 3D pose. SemGCN's rows "w/ PG".

Source: Fang et al., "Learning Pose Grammar to Encode Human Body Configuration for 3D Pose Estimation", AAAI 2018. On a
base network's pose they put a hierarchy of bidirectional recurrent networks. Below, the kinematics grammar: one along
each of five chains, trunk, arms and legs. Above, on its results, the symmetry grammar (left arm with right arm, left
leg with right leg) and the coordination grammar (left arm with right leg, right arm with left leg). The results above
are averaged.

Different from the original, by choice:
- one training run instead of stages (base first, then base and grammar together); the loss sees the pose before and
  after the refinement instead;
- no pose simulator, which gives the original additional training poses in virtual views;
- the result is an offset to the base pose that starts at 0, so refinement starts as the identity;
- one recurrent network per grammar for all its chains; a learned vector per joint tells joints apart. Above, a
  chain is the six joints of two limbs, from the end of one by way of the body to the end of the other. The trunk is in
  no chain above and keeps what the kinematics grammar made of it.

Not known: the original's widths and cells (here GRU), and how SemGCN's authors trained theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import torch
from torch import Tensor, nn

from pipeline.geometry.skeleton import Skeleton
from pipeline.lifting.models.layers import check_keypoints
from pipeline.lifting.outputs import RefinedPose

Chain = tuple[int, ...]


@dataclass(frozen=True)
class BodyChains:
    """A skeleton's joints as five chains, each from the body outwards (the trunk: from the root to the head)."""

    trunk: Chain
    left_arm: Chain
    right_arm: Chain
    left_leg: Chain
    right_leg: Chain

    @property
    def kinematics(self) -> list[Chain]:
        return [self.trunk, self.left_arm, self.right_arm, self.left_leg, self.right_leg]

    @property
    def symmetry(self) -> list[Chain]:
        return [self.left_arm[::-1] + self.right_arm, self.left_leg[::-1] + self.right_leg]

    @property
    def coordination(self) -> list[Chain]:
        return [self.left_arm[::-1] + self.right_leg, self.right_arm[::-1] + self.left_leg]


def body_chains(skeleton: Skeleton) -> BodyChains:
    """The five chains of a skeleton; ValueError if it does not fall into them.

    A leg begins at the root, an arm does not; the joints that are neither left nor right are the trunk.
    """
    found: dict[str, list[Chain]] = {
        "trunk": _unbranched(skeleton, sorted({*range(skeleton.joint_count)} - {*skeleton.left, *skeleton.right}))
    }
    for side, joints in (("left", skeleton.left), ("right", skeleton.right)):
        limbs = _unbranched(skeleton, joints)
        found[f"{side}_leg"] = [limb for limb in limbs if skeleton.parents[limb[0]] == 0]
        found[f"{side}_arm"] = [limb for limb in limbs if skeleton.parents[limb[0]] != 0]
    for name, chains in found.items():
        if len(chains) != 1:
            raise ValueError(
                f"{skeleton.name}: a pose grammar needs a trunk, two arms and two legs, each an unbranched chain; "
                f"{name} has {len(chains)}"
            )
    return BodyChains(**{name: chains[0] for name, chains in found.items()})


class Grammar(nn.Module):
    """New features [B, J, channels], read along chains in both directions; a joint in no chain keeps its own.

    All chains share one recurrent network; those of one length are one call.
    """

    order: Tensor
    back: Tensor

    def __init__(self, joint_count: int, chains: Sequence[Chain], channels: int) -> None:
        super().__init__()
        self.lengths = sorted({len(joints) for joints in chains})
        self.sizes = [sum(len(joints) for joints in chains if len(joints) == length) for length in self.lengths]
        order = [*chain(*sorted(chains, key=len))]
        order += [joint for joint in range(joint_count) if joint not in order]
        self.register_buffer("order", torch.tensor(order), persistent=False)
        self.register_buffer("back", torch.tensor(order).argsort(), persistent=False)
        self.recurrent = nn.GRU(channels, channels // 2, batch_first=True, bidirectional=True)

    def forward(self, features: Tensor) -> Tensor:
        batch, joints, channels = features.shape
        *parts, kept = features.index_select(1, self.order).split([*self.sizes, joints - sum(self.sizes)], dim=1)
        read = [
            self.recurrent(part.reshape(-1, length, channels))[0].reshape(batch, -1, channels)
            for part, length in zip(parts, self.lengths, strict=True)
        ]
        return torch.cat([*read, kept], dim=1).index_select(1, self.back)


class PoseGrammar(nn.Module):
    """Refines the poses [B, J, 3] that `base` makes of keypoints_2d [B, J, 2], screen-normalised.

    In training mode the result is a RefinedPose, in evaluation mode the refined poses alone, [B, J, 3] in metres.
    ValueError if the base's result has another shape. Each direction of a chain has half of the `channels`.
    """

    def __init__(self, base: nn.Module, skeleton: Skeleton, channels: int = 128) -> None:
        super().__init__()
        if channels < 2 or channels % 2:
            raise ValueError(f"half of a pose grammar's channels read a chain backwards: {channels} cannot be halved")
        joints, chains = skeleton.joint_count, body_chains(skeleton)
        self.joint_count = joints
        self.base = base
        self.input = nn.Linear(5, channels, bias=False)
        self.joint_vectors = nn.Parameter(torch.empty(joints, channels))
        nn.init.uniform_(self.joint_vectors, -(5**-0.5), 5**-0.5)  # a bias of `input` for every joint, started like one
        self.kinematics = Grammar(joints, chains.kinematics, channels)
        self.symmetry = Grammar(joints, chains.symmetry, channels)
        self.coordination = Grammar(joints, chains.coordination, channels)
        self.output = nn.Linear(channels, 3)
        nn.init.zeros_(self.output.weight)
        nn.init.zeros_(self.output.bias)

    def forward(self, keypoints_2d: Tensor) -> Tensor | RefinedPose:
        check_keypoints(keypoints_2d, self.joint_count)
        before = self.base(keypoints_2d)
        expected = [len(keypoints_2d), self.joint_count, 3]
        found = list(before.shape) if isinstance(before, Tensor) else type(before).__name__
        if found != expected:
            raise ValueError(f"a pose grammar refines poses {expected}, its base network gave {found}")
        pose = before + self._offset(before, keypoints_2d)
        return RefinedPose(pose, before) if self.training else pose

    def _offset(self, before: Tensor, keypoints_2d: Tensor) -> Tensor:
        """The offset from the base's pose, [B, J, 3]."""
        features = torch.relu(self.input(torch.cat([before, keypoints_2d], dim=2)) + self.joint_vectors)
        below = self.kinematics(features)
        return self.output((self.symmetry(below) + self.coordination(below)) / 2)


def build(base: nn.Module, skeleton: Skeleton) -> PoseGrammar:
    return PoseGrammar(base, skeleton)


def _unbranched(skeleton: Skeleton, joints: Sequence[int]) -> list[Chain]:
    """The joints as chains. A chain continues while the next joint's parent is its last joint."""
    chains: list[Chain] = []
    for joint in joints:
        if chains and skeleton.parents[joint] == chains[-1][-1]:
            chains[-1] += (joint,)
        else:
            chains.append((joint,))
    return chains
