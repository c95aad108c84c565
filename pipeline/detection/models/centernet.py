"""CenterNet (Zhou et al. 2019, arXiv 1904.07850): objects as peaks of a heatmap of centres, the rest read at the peaks.

MDN offset and Mixture Dense Regression keep its networks and heads, and predict a mixture of what is regressed at a
centre: 17 keypoint offsets, or a box's width and height. Shapes: B images, P objects, K mixture components, S px of the
square input, G = S / 4 cells of the output grid, F features.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from pipeline.config import modules
from pipeline.geometry import coco_keypoints
from pipeline.mixture import GaussianMixture

if TYPE_CHECKING:
    from pipeline.config.detection import DetectionHead, DetectionVariant
    from pipeline.config.presets import SmallNetworks
    from pipeline.detection.models.dla import DLA34
    from pipeline.detection.models.hourglass import Hourglass

KEYPOINTS = 17
HIDDEN = 256  # a head's hidden width in the papers' networks
MAPS = ("center", "keypoint_heatmap")  # heads that are read at every cell; all others are read at objects' cells
LOW = -2.19  # where a heatmap's logits start: a probability of 0.1 (focal loss)
MIXTURE_HEADS = ("sigma", "logits")
LOWEST_SIGMA, HIGHEST_SIGMA = 1e-4, 1e5
FLOOR_ABOVE_ZERO = 1.001  # a larger minimum_sigma is a floor of some cells; a smaller one is a floor near 0 on any grid


def build_model(
    variant: DetectionVariant, categories: int, networks: SmallNetworks | None = None, sigma_start: float = 0.0
) -> CenterNet:
    """The network of a variant, in the paper's size or, with `networks`, of the same build but smaller.

    `sigma_start`: the initial bias of the head `sigma`. Initial weights follow from torch's default generator. All is
    kept channels last in memory: a training step then takes 0.87 of the time with a small hourglass and 0.94 with a
    small DLA-34 (one CPU thread, batch 8, 64 px).
    """
    architecture = variant.architecture
    backbone = modules.load(modules.BACKBONES[architecture])(architecture, networks)
    widths = (networks.map_width, networks.center_width) if networks else (HIDDEN, HIDDEN)
    model = CenterNet(variant, categories, backbone, widths, sigma_start)
    return model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # it is one of to's keywords


class CenterNet(nn.Module):
    """A backbone and, for each of its stacks, the variant's heads. Images [B, 3, S, S], S a multiple of `divisor`.

    `head_names`: all heads. Those in `map_names` give heatmaps' logits; the others are read at cells.
    """

    def __init__(
        self,
        variant: DetectionVariant,
        categories: int,
        backbone: Hourglass | DLA34,
        widths: tuple[int, int] = (HIDDEN, HIDDEN),
        sigma_start: float = 0.0,
    ) -> None:
        """`widths`: hidden width of the heads that are maps, and of those read at cells."""
        super().__init__()
        self.variant, self.categories, self.backbone = variant, categories, backbone
        self.stacks = backbone.stack_count
        self.mixed: str | None = None  # the type of the device on which training passes are in bfloat16
        self.divisor, self.head_names = backbone.divisor, tuple(head_channels(variant, categories))
        self.map_names = tuple(name for name in self.head_names if name in MAPS)
        starts = dict.fromkeys(MAPS, LOW) | {"sigma": sigma_start}
        self.heads = nn.ModuleList()
        for _ in range(self.stacks):
            heads = nn.ModuleDict()
            for name, channels in head_channels(variant, categories).items():
                heads[name] = Head(backbone.width, widths[name not in MAPS], channels, starts.get(name))
            self.heads.append(heads)

    def features(self, images: Tensor) -> list[Tensor]:
        """Features [B, F, G, G] of each stack; in evaluation mode of the last stack only."""
        with self._precision():
            return self.backbone(images.contiguous(memory_format=torch.channels_last))

    def maps(self, features: Sequence[Tensor], stack: int = -1) -> dict[str, Tensor]:
        """Logits of `center` [B, categories, G, G] and, for poses, of `keypoint_heatmap` [B, 17, G, G]."""
        return self.whole(features, self.map_names, stack)

    def whole(self, features: Sequence[Tensor], names: Iterable[str], stack: int = -1) -> dict[str, Tensor]:
        """Maps [B, channels, G, G] of the heads `names`."""
        with self._precision():
            return {name: self.head(name, stack)(features[stack]) for name in names}

    def at(
        self, features: Sequence[Tensor], image: Tensor, cell: Tensor, names: Iterable[str], stack: int = -1
    ) -> dict[str, Tensor]:
        """Rows [P, channels] of the heads `names` at cells y * G + x of images `image`, both [P].

        Values and gradients are those of the full maps at these cells.
        """
        patches = patches_at(features[stack], image, cell)
        with self._precision():
            return {name: self.head(name, stack).at(patches) for name in names}

    def _precision(self) -> AbstractContextManager[Any]:
        """Convolutions and products in bfloat16 in training, if the device has it; weights stay in float32."""
        if self.mixed is None or not self.training:
            return nullcontext()
        return torch.autocast(self.mixed, torch.bfloat16)

    def head(self, name: str, stack: int = -1) -> Head:
        """One head of a stack."""
        heads = self.heads[stack]
        assert isinstance(heads, nn.ModuleDict)
        head = heads[name]
        assert isinstance(head, Head)
        return head

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Full maps [B, channels, G, G] of all heads of the last stack."""
        return self.whole(self.features(images), self.head_names)


def head_channels(variant: DetectionVariant, categories: int) -> dict[str, int]:
    """Channels of every head of a variant, by name, the heatmap of centres first.

    `center`: one per category. `center_offset`: x and y. `size`: width and height; for boxes of every component in
    turn, or of every category. `keypoint_offsets`: 34 per component, as (component, keypoint, x and y).
    `keypoint_heatmap`: 17. `keypoint_local_offset`: x and y. `sigma`: 2 K and `logits`: K, both raw. With two
    regressors K counts the components of both, and `classifier` is the logit of the first against the second.
    """
    head, kernels = variant.head, variant.head.total_components
    channels = {"center": categories, "center_offset": 2, "size": 2}
    if variant.task == "boxes":
        channels["size"] = 2 * (categories if head.per_category else kernels)
    else:
        channels |= {"keypoint_offsets": 2 * KEYPOINTS * kernels}
        channels |= {"keypoint_heatmap": KEYPOINTS, "keypoint_local_offset": 2}
    if variant.mixture:
        channels |= {"sigma": 2 * kernels, "logits": kernels}
    if head.regressors == 2:
        channels["classifier"] = 1
    return channels


def heads_at_centers(task: str, head: DetectionHead) -> tuple[str, ...]:
    """Names of the heads that are read at objects' centres."""
    mixture = MIXTURE_HEADS if head.components else ()
    classifier = ("classifier",) if head.regressors == 2 else ()
    offsets = ("keypoint_offsets",) if task == "pose" else ()
    return ("center_offset", "size", *offsets, *mixture, *classifier)


def size_of_category(sizes: Tensor, category: Tensor) -> Tensor:
    """Sizes [P, 2] of the objects' own categories [P], from those of every category [P, 2 C]."""
    sizes = sizes.unflatten(-1, (-1, 2))
    return sizes.take_along_dim(category[:, None, None], dim=1).squeeze(1)


class Head(nn.Module):
    """3x3 convolution, ReLU, 1x1 convolution: features [B, F, G, G] -> [B, channels, G, G].

    `start`: the output's initial bias; None: torch's. Offsets and sizes are read at objects' centres only. There `at`
    multiplies the 3x3 patches around the cells, which gives the map's values in a fraction of the time.
    """

    def __init__(self, inputs: int, hidden: int, channels: int, start: float | None = None) -> None:
        super().__init__()
        self.hidden = nn.Conv2d(inputs, hidden, 3, padding=1)
        self.output = nn.Conv2d(hidden, channels, 1)
        if start is not None:
            nn.init.constant_(self.output.bias, start)  # type: ignore[arg-type]  # it has one

    def forward(self, features: Tensor) -> Tensor:
        return self.output(functional.relu(self.hidden(features), inplace=True))

    def at(self, patches: Tensor) -> Tensor:
        """Rows [P, channels] from patches [P, 9 F] of `patches_at`."""
        weight = self.hidden.weight.permute(0, 2, 3, 1).flatten(1)
        hidden = functional.relu(functional.linear(patches, weight, self.hidden.bias), inplace=True)
        return functional.linear(hidden, self.output.weight.flatten(1), self.output.bias)


def patches_at(features: Tensor, image: Tensor, cell: Tensor) -> Tensor:
    """The features [P, 9 F] of the 3x3 cells around each of P cells, row by row, with zeros beyond the border.

    `features` [B, F, H, W]; `image` [P], 0 to B - 1; `cell` [P], y * W + x.
    """
    channels, rows, columns = features.shape[1:]
    table = functional.pad(features, (1, 1, 1, 1)).permute(0, 2, 3, 1).reshape(-1, channels)
    wide = columns + 2
    corner = image * ((rows + 2) * wide) + cell // columns * wide + cell % columns
    steps = torch.arange(3, device=features.device)
    around = (steps[:, None] * wide + steps).flatten()
    index = corner[:, None] + around
    return table.index_select(0, index.flatten()).view(len(cell), 9 * channels)


# --- the mixture at an object (MDN offset, Eq. 2 to 5; Mixture Dense, Eq. 2 to 4) -------------------------------------


def mixture_of(
    rows: Mapping[str, Tensor], means: Tensor, head: DetectionHead, sigma_factor: float = 1.0
) -> GaussianMixture:
    """The mixture at P objects over D = 2 n coordinates (x and y of n points), in cells.

    `rows` has the raw `sigma` [P, 2 K], `logits` [P, K] and, with two regressors, `classifier` [P, 1]. `means`
    [P, 2 n K], component by component, are the rows of `keypoint_offsets` (n = 17) or of `size` (n = 1: width and
    height). A component has one sigma for x and one for y; a point's scale is sigma times its factor.
    """
    components = rows["logits"].shape[-1]
    means = means.float().unflatten(-1, (components, -1, 2))
    raw = rows["sigma"].float().unflatten(-1, (components, 2))
    sigmas = sigma_of(raw, minimum_sigma(head, sigma_factor), head.axes)
    scales = sigmas.unsqueeze(-2) * factors_of(head, means.shape[-2], sigmas)[:, None]
    return GaussianMixture(means.flatten(-2), scales.flatten(-2), log_weights_of(rows))


def sigma_of(raw: Tensor, minimum: float, axes: str = "per_axis") -> Tensor:
    """Standard deviations in cells from the raw head [..., K, 2]: clamp(ELU(raw) + minimum, 1e-4, 1e5).

    `axes="shared"`: x and y have one sigma (Eq. 4 of both papers), from the mean of their two raw values.
    """
    if axes == "shared":
        raw = raw.mean(dim=-1, keepdim=True).expand_as(raw)
    return (functional.elu(raw) + minimum).clamp(LOWEST_SIGMA, HIGHEST_SIGMA)


def minimum_sigma(head: DetectionHead, sigma_factor: float = 1.0) -> float:
    """The `minimum` of `sigma_of`: the head's, with its floor times `sigma_factor` where the output grid is smaller.

    The true floor is minimum - 1 cells. A minimum of at most 1.001, a floor near 0, is not scaled.
    """
    if head.minimum_sigma <= FLOOR_ABOVE_ZERO:
        return head.minimum_sigma
    return 1.0 + max(LOWEST_SIGMA, (head.minimum_sigma - 1.0) * sigma_factor)


def factors_of(head: DetectionHead, points: int, like: Tensor) -> Tensor:
    """The factor of sigma for each of n regressed points, [n]: V_k (the code) or 1 / V_k (both papers); 1 for a box."""
    if points == 1:
        return torch.ones(1, dtype=like.dtype, device=like.device)
    # A copy that waited would wait for the forward pass.
    factors = torch.tensor(coco_keypoints.SIGMAS, dtype=like.dtype).to(like.device, non_blocking=True)
    return factors if head.keypoint_factors == "multiplied" else 1 / factors


def log_weights(logits: Tensor, classifier: Tensor | None = None) -> Tensor:
    """Logarithms of the mixing weights, over dimension 1: a log-softmax, or with a classifier one per regressor.

    `logits` [P, K] or [B, K, G, G]; `classifier` [P, 1] or [B, 1, G, G]: the first half of the components has
    probability sigmoid(classifier), the second half the rest, and each half has a softmax of its own (MDN offset,
    Section 4.4). The weights sum to 1. The authors' code clamps softmax weights to [1e-4, 1 - 1e-4] without normalising
    them again; a log-softmax needs no clamp.
    """
    if classifier is None:
        return functional.log_softmax(logits, 1)
    first, second = logits.chunk(2, 1)
    return torch.cat(
        (
            functional.logsigmoid(classifier) + functional.log_softmax(first, 1),
            functional.logsigmoid(-classifier) + functional.log_softmax(second, 1),
        ),
        1,
    )


def log_weights_of(rows: Mapping[str, Tensor]) -> Tensor:
    """Logarithms of the mixing weights [P, K] from the rows of `logits` and, with two regressors, `classifier`."""
    classifier = rows.get("classifier")
    return log_weights(rows["logits"].float(), None if classifier is None else classifier.float())


def weights_and_sigmas(rows: Mapping[str, Tensor], head: DetectionHead, sigma_factor: float) -> tuple[Tensor, Tensor]:
    """Mixing weights [P, K] and standard deviations [P, K, 2] in cells, without the keypoints' factors."""
    raw = rows["sigma"].unflatten(-1, (head.total_components, 2))
    return log_weights_of(rows).exp(), sigma_of(raw, minimum_sigma(head, sigma_factor), head.axes)
