"""How MLflow calls a training, and the tags by which it is found: the page says both, and publish writes them."""

from __future__ import annotations


def name(preset: str, variant: str, seed: int) -> str:
    """The name of a seed's run."""
    return f"seed {seed} of {variant} ({preset})"


def place(preset: str, variant: str, seed: int) -> dict[str, str]:
    """The tags of a seed's run."""
    return {"kind": "training", "preset": preset, "variant": variant, "seed": str(seed)}
