"""What every network asks of its input."""

from torch import Tensor


def check_keypoints(keypoints_2d: Tensor, joint_count: int) -> None:
    """ValueError if they are not [B, joint_count, 2]."""
    if keypoints_2d.dim() != 3 or keypoints_2d.shape[1:] != (joint_count, 2):
        raise ValueError(f"expected keypoints_2d [B, {joint_count}, 2], found {list(keypoints_2d.shape)}")
