"""What every loss asks of its arguments."""

from torch import Tensor


def check_shapes(prediction: Tensor, target: Tensor) -> None:
    """ValueError if they differ."""
    if prediction.shape != target.shape:
        raise ValueError(f"prediction {list(prediction.shape)} and target {list(target.shape)} differ in shape")
