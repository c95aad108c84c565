"""`python -m pipeline export_weights`: a trained lifting network as one safetensors file with a model card."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from pipeline import config
from pipeline.artifacts import InputError
from pipeline.predict import export, weights
from pipeline.tools import options
from pipeline.user_files import check_output

DESCRIPTION = """\
Write the weights of a trained lifting variant for `predict`, and for others to use without training.

  python -m pipeline export_weights --preset mini --variant graphmdn --seed 0
  python -m pipeline predict keypoints.json --output poses --model graphmdn --width 1920 --height 1080

weights/<name>.safetensors has the weights and the variant's settings; nothing in it is executed. Its batch norms have
statistics renewed from the preset's training poses, so those must be there. weights/<name>.json is the model card:
SHA-256, licence, training data, errors on the test subjects, and the range of input that the network has seen."""


def arguments(command: argparse.ArgumentParser) -> None:
    """Declare the options of `run`."""
    options.describe(command, DESCRIPTION)
    options.preset(command)
    command.add_argument("--variant", required=True, help="a trained lifting variant of this preset")
    command.add_argument("--seed", type=int, default=0, help="one of the variant's seeds (default: 0)")
    command.add_argument("--name", help="of the weights (default: the variant's name)")


def run(root: Path, variant: str, preset: str | None = None, seed: int = 0, name: str | None = None) -> int:
    """Write weights and card. Raises InputError if there is no such training; the exit code is 0."""
    settings = config.load(preset, root)
    if variant not in settings.lifting_variants:
        raise InputError(
            f"--variant: no lifting variant {variant!r}{config.nearest(variant, settings.lifting_variants)}"
        )
    if name is not None and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name):
        raise InputError(f"--name: {name!r} is no name of a file; letters, digits, _, . and - only")
    path = root / weights.FOLDER / f"{name or variant}{weights.ENDING}"
    check_output(path, "--name")
    card = export.export(settings, variant, seed, path)
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB, SHA-256 {card['sha256']}")
    for prediction, errors in card["test_errors_mm"].items():
        print(f"{prediction}: " + ", ".join(f"{protocol} {value:.1f} mm" for protocol, value in errors.items()))
    print(f"card: {weights.card_of(path)}")
    return 0
