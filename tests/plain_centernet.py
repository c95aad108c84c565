"""CenterNet computed from a state dict with the authors' names, as a reference for ours.

Written from the shapes of the weights and the facts of the papers; slow, in evaluation mode, without a module.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

State = dict[str, Tensor]


def count(state: State, prefix: str) -> int:
    return len({name[len(prefix) + 1 :].split(".")[0] for name in state if name.startswith(f"{prefix}.")})


def norm(state: State, name: str, values: Tensor) -> Tensor:
    mean, variance, weight, bias = (
        state[f"{name}.{part}"][:, None, None] for part in ("running_mean", "running_var", "weight", "bias")
    )
    return (values - mean) / (variance + 1e-5).sqrt() * weight + bias


def convolve(state: State, name: str, values: Tensor, stride: int = 1) -> Tensor:
    weight = state[f"{name}.weight"]
    return functional.conv2d(values, weight, state.get(f"{name}.bias"), stride, weight.shape[2] // 2)


# --- hourglasses ------------------------------------------------------------------------------------------------------


def layer(state: State, name: str, values: Tensor, stride: int = 1) -> Tensor:
    if f"{name}.conv.weight" in state:
        return norm(state, f"{name}.bn", convolve(state, f"{name}.conv", values, stride)).relu()
    inner = norm(state, f"{name}.bn1", convolve(state, f"{name}.conv1", values, stride)).relu()
    inner = norm(state, f"{name}.bn2", convolve(state, f"{name}.conv2", inner))
    if f"{name}.skip.0.weight" in state:
        values = norm(state, f"{name}.skip.1", convolve(state, f"{name}.skip.0", values, stride))
    return (inner + values).relu()


def layers(state: State, name: str, values: Tensor, stride: int = 1) -> Tensor:
    for place in range(count(state, name)):
        values = layer(state, f"{name}.{place}", values, stride if place == 0 else 1)
    return values


def level(state: State, name: str, values: Tensor) -> Tensor:
    if not count(state, f"{name}.up1"):
        return layers(state, name, values)
    inner = level(state, f"{name}.low2", layers(state, f"{name}.low1", values, 2))
    inner = layers(state, f"{name}.low3", inner)
    return layers(state, f"{name}.up1", values) + inner.repeat_interleave(2, 2).repeat_interleave(2, 3)


def hourglass(state: State, images: Tensor) -> list[Tensor]:
    """Features of every stack."""
    values = layer(state, "pre.1", layer(state, "pre.0", images, 2), 2)
    found = []
    for stack in range(count(state, "kps")):
        found.append(layer(state, f"cnvs.{stack}", level(state, f"kps.{stack}", values)))
        if f"inters_.{stack}.0.weight" in state:
            own = norm(state, f"inters_.{stack}.1", convolve(state, f"inters_.{stack}.0", values))
            seen = norm(state, f"cnvs_.{stack}.1", convolve(state, f"cnvs_.{stack}.0", found[-1]))
            values = layer(state, f"inters.{stack}", (own + seen).relu())
    return found


# --- DLA-34 -----------------------------------------------------------------------------------------------------------


def block(state: State, name: str, values: Tensor, shortcut: Tensor, stride: int) -> Tensor:
    inner = norm(state, f"{name}.bn1", convolve(state, f"{name}.conv1", values, stride)).relu()
    return (norm(state, f"{name}.bn2", convolve(state, f"{name}.conv2", inner)) + shortcut).relu()


def small_tree(state: State, name: str, values: Tensor, stride: int, joined: list[Tensor]) -> Tensor:
    shortcut = functional.max_pool2d(values, stride, stride)
    if f"{name}.project.0.weight" in state:
        shortcut = norm(state, f"{name}.project.1", convolve(state, f"{name}.project.0", shortcut))
    first = block(state, f"{name}.tree1", values, shortcut, stride)
    second = block(state, f"{name}.tree2", first, first, 1)
    joined = torch.cat([second, first, *joined], 1)
    return norm(state, f"{name}.root.bn", convolve(state, f"{name}.root.conv", joined)).relu()


def deformable(state: State, name: str, values: Tensor) -> Tensor:
    offset, mask = convolve(state, f"{name}.conv.conv_offset_mask", values).split([18, 9], 1)
    weight, bias = state[f"{name}.conv.weight"], state[f"{name}.conv.bias"]
    return norm(state, f"{name}.actf.0", by_grid_sample(values, offset, mask.sigmoid(), weight, bias)).relu()


def by_grid_sample(values: Tensor, offset: Tensor, mask: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """A deformable 3x3 convolution with one `grid_sample` per tap."""
    height, width = values.shape[2:]
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    total = bias[:, None, None]
    for tap in range(9):
        place_x = x + tap % 3 - 1 + offset[:, 2 * tap + 1]
        place_y = y + tap // 3 - 1 + offset[:, 2 * tap]
        grid = torch.stack([(2 * place_x + 1) / width - 1, (2 * place_y + 1) / height - 1], -1)
        read = functional.grid_sample(values, grid, "bilinear", "zeros", align_corners=False)
        total = total + torch.einsum("oc,bchw->bohw", weight[:, :, tap // 3, tap % 3], read * mask[:, tap : tap + 1])
    return total


def ida(state: State, name: str, maps: list[Tensor], start: int) -> None:
    """Upsample the maps after `start` to its grid, and add each to the one before; in place."""
    for place in range(start + 1, len(maps)):
        number = place - start
        larger = state[f"{name}.up_{number}.weight"]
        factor = larger.shape[2] // 2
        coarse = deformable(state, f"{name}.proj_{number}", maps[place])
        coarse = functional.conv_transpose2d(coarse, larger, None, factor, factor // 2, 0, larger.shape[0])
        maps[place] = deformable(state, f"{name}.node_{number}", coarse + maps[place - 1])


def dla(state: State, images: Tensor) -> list[Tensor]:
    """Features, as a list of one."""
    values = norm(state, "base.base_layer.1", convolve(state, "base.base_layer.0", images)).relu()
    maps = []
    for number, stride in ((0, 1), (1, 2)):
        name = f"base.level{number}"
        values = norm(state, f"{name}.1", convolve(state, f"{name}.0", values, stride)).relu()
        maps.append(values)
    for number in (2, 3, 4, 5):
        name, joined = f"base.level{number}", [] if number == 2 else [functional.max_pool2d(values, 2, 2)]
        if f"{name}.tree1.tree1.conv1.weight" in state:
            first = small_tree(state, f"{name}.tree1", values, 2, [])
            values = small_tree(state, f"{name}.tree2", first, 1, [*joined, first])
        else:
            values = small_tree(state, name, values, 2, joined)
        maps.append(values)
    reached = [maps[-1]]
    for number, start in enumerate((4, 3, 2)):
        ida(state, f"dla_up.ida_{number}", maps, start)
        reached.insert(0, maps[-1])
    ida(state, "ida_up", reached := reached[:3], 0)
    return [reached[-1]]


# --- heads ------------------------------------------------------------------------------------------------------------


def heads(state: State, features: Tensor, names: list[str], stack: int | None) -> dict[str, Tensor]:
    """`stack`: of an hourglass; None for DLA-34."""
    found = {}
    for name in names:
        first, second = (f"{name}.0", f"{name}.2") if stack is None else (f"{name}.{stack}.0.conv", f"{name}.{stack}.1")
        found[name] = convolve(state, second, convolve(state, first, features).relu())
    return found
