"""The names of weights in CenterNet's code and in Mixture Dense Regression's, which extends it, and ours.

Source: the state dicts of the public code (Hourglass-104 with two stacks, DLA-34 with deformable convolutions). Shapes
are the same on both sides, and so are values, except for COLOURS. Stacks, levels and layers are counted, and a level
may have residual layers or convolutions, so smaller networks of the same build can be imported too. Shortcuts and heads
are optional.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

Pair = tuple[str, str]  # the authors' name, ours
Value = TypeVar("Value")
COUNTER = "num_batches_tracked"
HEADS = {
    "hm": "center",
    "hps": "keypoint_offsets",
    "reg": "center_offset",
    "wh": "size",
    "hm_hp": "keypoint_heatmap",
    "hp_offset": "keypoint_local_offset",
}
MIXTURE_HEADS = {"mdn_sigma": "sigma", "mdn_logits": "logits", "mdn_H_logits": "classifier"}
# DLA-34: the depth of the trees at levels 2 to 5, and how many levels each upsampling path has.
TREES = {2: 1, 3: 2, 4: 2, 5: 1}
UPWARD = {"dla_up.ida_0": 1, "dla_up.ida_1": 2, "dla_up.ida_2": 3, "ida_up": 2}
# The layers that read the image, [out, 3, 7, 7]. The authors' networks get opencv's blue, green, red, ours red, green,
# blue, so the order of the three is reversed in both directions.
COLOURS = ("pre.0.conv.weight", "base.base_layer.0.weight")
# ImageNet's classifier on top of DLA-34's base: released files contain it, but no CenterNet uses it.
UNREAD = ("base.fc.weight", "base.fc.bias")


def without_classifier(weights: Mapping[str, Value]) -> dict[str, Value]:
    """The authors' weights without ImageNet's classifier."""
    return {name: value for name, value in weights.items() if name not in UNREAD}


def pairs(names: Iterable[str], ours: bool, mixture: bool = True) -> Iterator[Pair]:
    """Both names of all weights of the network that has `names` (ours or theirs), in the authors' order.

    Without `mixture` the network has no heads of a mixture, as in CenterNet's own code.
    """
    known = _Names(names, ours)
    heads = HEADS | (MIXTURE_HEADS if mixture else {})
    if known.has("pre", "backbone.stem"):
        yield from _hourglass(known)
        stacks = known.count("kps", "backbone.stacks")
        for theirs, our_name in heads.items():
            for stack in range(stacks):
                if known.has(f"{theirs}.{stack}", f"heads.{stack}.{our_name}"):
                    yield from _linear(f"{theirs}.{stack}.0.conv", f"heads.{stack}.{our_name}.hidden")
                    yield from _linear(f"{theirs}.{stack}.1", f"heads.{stack}.{our_name}.output")
    else:
        yield from _dla(known)
        for theirs, our_name in heads.items():
            if known.has(theirs, f"heads.0.{our_name}"):
                yield from _linear(f"{theirs}.0", f"heads.0.{our_name}.hidden")
                yield from _linear(f"{theirs}.2", f"heads.0.{our_name}.output")


class _Names:
    """The names in a state dict and all their prefixes."""

    def __init__(self, names: Iterable[str], ours: bool) -> None:
        self.ours, self.found = ours, set[str]()
        for name in names:
            place = len(name)
            while place > 0 and name[:place] not in self.found:
                self.found.add(name[:place])
                place = name.rfind(".", 0, place)

    def has(self, theirs: str, ours: str) -> bool:
        """Whether a name is this one or begins with it."""
        return (ours if self.ours else theirs) in self.found

    def count(self, theirs: str, ours: str) -> int:
        """How many consecutive numbers follow this prefix, from 0."""
        count = 0
        while self.has(f"{theirs}.{count}", f"{ours}.{count}"):
            count += 1
        return count


# --- hourglasses ------------------------------------------------------------------------------------------------------


def _hourglass(known: _Names) -> Iterator[Pair]:
    stacks = known.count("kps", "backbone.stacks")
    yield from _convolution("pre.0", "backbone.stem.0")
    yield from _layer(known, "pre.1", "backbone.stem.1")
    for stack in range(stacks):
        yield from _levels(known, f"kps.{stack}", f"backbone.stacks.{stack}")
    for stack in range(stacks):
        yield from _convolution(f"cnvs.{stack}", f"backbone.outputs.{stack}")
    for stack in range(stacks - 1):
        yield from _layer(known, f"inters.{stack}", f"backbone.between.{stack}")
    for theirs, ours in (("inters_", "from_inputs"), ("cnvs_", "from_outputs")):
        for stack in range(stacks - 1):
            yield from _projection(f"{theirs}.{stack}", f"backbone.{ours}.{stack}")


def _levels(known: _Names, theirs: str, ours: str) -> Iterator[Pair]:
    """From the finest level to the coarsest, and the layers on the way back up."""
    back: list[Pair] = []
    while known.has(f"{theirs}.up1", f"{ours}.branch"):
        yield from _layers(known, f"{theirs}.up1", f"{ours}.branch")
        yield from _layers(known, f"{theirs}.low1", f"{ours}.down")
        back.append((f"{theirs}.low3", f"{ours}.up"))
        theirs, ours = f"{theirs}.low2", f"{ours}.inner"
    yield from _layers(known, theirs, ours)
    for pair in reversed(back):
        yield from _layers(known, *pair)


def _layers(known: _Names, theirs: str, ours: str) -> Iterator[Pair]:
    for place in range(known.count(theirs, ours)):
        yield from _layer(known, f"{theirs}.{place}", f"{ours}.{place}")


def _layer(known: _Names, theirs: str, ours: str) -> Iterator[Pair]:
    if not known.has(f"{theirs}.conv1", f"{ours}.first"):
        yield from _convolution(theirs, ours)
        return
    yield from _block(theirs, ours)
    if known.has(f"{theirs}.skip", f"{ours}.shortcut"):
        yield from _projection(f"{theirs}.skip", f"{ours}.shortcut")


# --- DLA-34 -----------------------------------------------------------------------------------------------------------


def _dla(known: _Names) -> Iterator[Pair]:
    yield from _projection("base.base_layer", "backbone.base.stem")
    for level in range(2):
        yield from _projection(f"base.level{level}", f"backbone.base.levels.{level}")
    for level, depth in TREES.items():
        yield from _tree(known, f"base.level{level}", f"backbone.base.levels.{level}", depth)
    for number, (theirs, levels) in enumerate(UPWARD.items()):
        ours = "backbone.together" if theirs == "ida_up" else f"backbone.upward.{number}"
        for level in range(levels):
            yield from _deformable(f"{theirs}.proj_{level + 1}", f"{ours}.project.{level}")
            yield f"{theirs}.up_{level + 1}.weight", f"{ours}.larger.{level}.weight"
            yield from _deformable(f"{theirs}.node_{level + 1}", f"{ours}.join.{level}")


def _tree(known: _Names, theirs: str, ours: str, depth: int) -> Iterator[Pair]:
    for number, word in (("1", "first"), ("2", "second")):
        if depth > 1:
            yield from _tree(known, f"{theirs}.tree{number}", f"{ours}.{word}", depth - 1)
        else:
            yield from _block(f"{theirs}.tree{number}", f"{ours}.{word}")
    if depth == 1:
        yield from _convolution(f"{theirs}.root", f"{ours}.root")
    if known.has(f"{theirs}.project", f"{ours}.project"):
        yield from _projection(f"{theirs}.project", f"{ours}.project")


def _deformable(theirs: str, ours: str) -> Iterator[Pair]:
    yield from _normalisation(f"{theirs}.actf.0", f"{ours}.normalisation")
    yield from _linear(f"{theirs}.conv", f"{ours}.convolution")
    yield from _linear(f"{theirs}.conv.conv_offset_mask", f"{ours}.convolution.offsets")


# --- parts of both ----------------------------------------------------------------------------------------------------


def _block(theirs: str, ours: str) -> Iterator[Pair]:
    for number, word in (("1", "first"), ("2", "second")):
        yield f"{theirs}.conv{number}.weight", f"{ours}.{word}.weight"
        yield from _normalisation(f"{theirs}.bn{number}", f"{ours}.{word}_normalisation")


def _convolution(theirs: str, ours: str) -> Iterator[Pair]:
    yield f"{theirs}.conv.weight", f"{ours}.convolution.weight"
    yield from _normalisation(f"{theirs}.bn", f"{ours}.normalisation")


def _projection(theirs: str, ours: str) -> Iterator[Pair]:
    yield f"{theirs}.0.weight", f"{ours}.0.weight"
    yield from _normalisation(f"{theirs}.1", f"{ours}.1")


def _linear(theirs: str, ours: str) -> Iterator[Pair]:
    yield f"{theirs}.weight", f"{ours}.weight"
    yield f"{theirs}.bias", f"{ours}.bias"


def _normalisation(theirs: str, ours: str) -> Iterator[Pair]:
    for name in ("weight", "bias", "running_mean", "running_var", COUNTER):
        yield f"{theirs}.{name}", f"{ours}.{name}"
