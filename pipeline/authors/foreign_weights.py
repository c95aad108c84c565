"""The steps of an import that all networks share: reading, comparing, loading, writing, reporting."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.authors import names, old_formats
from pipeline.authors.names import Means, export_weights, import_weights
from pipeline.layout import Layout
from pipeline.training.checkpoint import CheckpointError
from pipeline.user_files import require_size

LARGEST = 4 << 30  # bytes: the largest released file has a fifth of it


def read(file: Path) -> tuple[dict[str, Tensor], int | None]:
    """The weights in an authors' file, and after how many epochs they were saved, if it says. Raises InputError."""
    require_size(file, LARGEST, "give the file that the authors released")
    try:
        content = old_formats.load(file)
    except CheckpointError as error:
        raise InputError(str(error)) from None
    try:
        return names.weights_in(content), epoch_in(content)
    except CheckpointError as error:
        raise InputError(f"{file}: {error}") from None


def epoch_in(content: Mapping[str, Any]) -> int | None:
    """After how many epochs the authors' code says it saved, if it does."""
    epoch = content.get("epoch")
    return epoch if isinstance(epoch, int) and not isinstance(epoch, bool) and epoch >= 0 else None


def fill(
    network: nn.Module, weights: Mapping[str, Tensor], paper: str, variant: str, means: Means | None = None
) -> None:
    """Load the authors' weights into a variant's network. Raises CheckpointError at the first that differs.

    `means` as in `import_weights`.
    """
    difference = first_difference(weights, export_weights(network.state_dict(), paper), variant)
    if difference:
        likely = names.likely_paper(weights)
        hint = f"; by its names it is {likely}'s" if likely not in (None, paper) else ""
        raise CheckpointError(difference + hint)
    for key, value in weights.items():
        if not torch.isfinite(value).all():
            raise CheckpointError(f"{key}: holds NaN or infinity; fetch the file again, or take an earlier epoch's")
    network.load_state_dict(import_weights(weights, paper, means))


def first_difference(found: Mapping[str, Tensor], expected: Mapping[str, Tensor], variant: str) -> str | None:
    """A message about the first name that is missing, superfluous, or has another shape or type; None if all fit."""
    surplus = next((f"{name} {list(value.shape)}" for name, value in found.items() if name not in expected), None)
    for name, value in expected.items():
        if name not in found:
            if name.endswith(names.COUNTER):
                continue
            instead = f", but {surplus} is" if surplus else ""
            return f"{name} {list(value.shape)}, which variant {variant} needs, is not in the file{instead}"
        for what in ("shape", "dtype"):
            theirs, ours = getattr(found[name], what), getattr(value, what)
            if theirs != ours:
                theirs, ours = (list(side) if what == "shape" else side for side in (theirs, ours))
                return f"{name}: {theirs} in the file, {ours} in the network of variant {variant}"
    return f"{surplus} in the file has no place in the network of variant {variant}" if surplus else None


def write(root: Path, save: Callable[[Path], None]) -> str:
    """Write our checkpoint under its digest, and return the digest. An intact existing file is not touched."""
    layout = Layout("", root)
    folder = layout.imported("").parent
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".part.") as part:
        path = Path(part) / "weights.pt"
        try:
            save(path)
        except OSError as error:  # a full disk; nobody knows the temporary file
            raise OSError(error.errno, error.strerror, str(folder)) from None
        digest = artifacts.digest(path)
        target = layout.imported(digest)
        if not target.exists() or artifacts.digest(target) != digest:
            path.replace(target)
    return digest


def report(root: Path, file: Path, tensors: int, epoch: int | None, where: str, digest: str, marked: bool) -> None:
    """Print what was imported and which line to write in params.yaml. `where`: such as lifting_variants.semgcn.

    `marked`: whether the variant is already marked as imported.
    """
    section, name = where.split(".")
    trained = "" if epoch is None else f" after {epoch} epochs"
    print(f"{file}: {tensors} tensors{trained}, all as variant {name} needs them")
    print(f"written: {Layout('', root).imported(digest)}")
    also = "" if marked else "    imported: true\n"
    print(f"next: in params.yaml, {section}, {name}, write\n\n{also}    weights: {digest}\n")
    option = "" if marked else f" -S ++{where}.imported=true"  # ++: whether params.yaml has the key or not
    print(f"or run  dvc exp run{option} -S ++{where}.weights={digest}")
