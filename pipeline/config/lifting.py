"""A lifting variant: a model and its training, with the settings that its paper states. Presets do not change it."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from pydantic import Field, model_validator

from pipeline.config.mixtures import Likelihood
from pipeline.config.pixels import IMAGES, PixelsSettings
from pipeline.settings import Settings, one_of

# A lifting network's input: projected true joints, the 2D joints that one of two detectors finds in the image, or the
# image itself (pipeline/pixels).
Detector = Literal["stacked_hourglass", "cascaded_pyramid_network"]
Input = Literal["ground_truth", "stacked_hourglass", "cascaded_pyramid_network", "images"]

# What it learns: 3D joints, or 3D joints and the vertices of coarse body meshes.
Targets = Literal["joints", "meshes"]

# The papers in the order of the report. pipeline/report/papers/ has a module for each.
PAPERS = ("semgcn", "graphmdn", "hgn")


class Network(NamedTuple):
    """The function of (settings, parts) that builds a network, and the fields of ModelSettings that it uses."""

    build: str
    settings: tuple[str, ...]


NON_LOCAL = ("non_local", "non_local_start")
COMMON = ("name", "channels", "blocks", "dropout", "refinement")
OF_GRAPHS = ("convolution", "edge_weights", "bias_before_norm")
OF_HGN = ("name", "channels", "dropout", "refinement", *OF_GRAPHS, *NON_LOCAL, "meshes", "fusion")
OF_CLOSED_FORMS = ("name", "refinement")
MODELS = "pipeline.lifting.models"

# By `model.name`.
NETWORKS = {
    "graph_network": Network(f"{MODELS}.semgcn:build", (*COMMON, *OF_GRAPHS, *NON_LOCAL)),
    "hierarchical_graph_network": Network(f"{MODELS}.hgn:build", OF_HGN),
    "graph_stacked_hourglass": Network(f"{MODELS}.graph_stacked_hourglass:build", (*COMMON, *OF_GRAPHS)),
    "fully_connected": Network(f"{MODELS}.martinez:build", (*COMMON, "omit_root")),
    "variational_autoencoder": Network(
        f"{MODELS}.variational_autoencoder:build", (*COMMON, "latent", "samples", "divergence_weight")
    ),
    "mean_pose": Network(f"{MODELS}.baselines:build_mean_pose", OF_CLOSED_FORMS),
    "linear_least_squares": Network(f"{MODELS}.baselines:build_linear_least_squares", OF_CLOSED_FORMS),
}
CLOSED_FORMS = ("mean_pose", "linear_least_squares")


class ModelSettings(Settings):
    """The network up to its output layer. The defaults are SemGCN's (paper, Section 3.3)."""

    name: Annotated[str, one_of(NETWORKS)] = "graph_network"
    convolution: Literal["vanilla", "semantic", "semantic_channelwise", "attention"] = "semantic"
    edge_weights: Literal["softmax", "raw"] = "softmax"
    non_local: Literal["grouped", "ungrouped", "none"] = "grouped"
    non_local_start: Literal["xavier", "kaiming"] = "xavier"  # of their weights: the paper's, or the authors' code's
    # Of graph networks: whether the biases in front of batch norm, which change nothing, are trained or stay as they
    # start (lifting/models/frozen_biases.py).
    bias_before_norm: Literal["trained", "frozen"] = "trained"
    channels: int = Field(128, ge=2)
    blocks: int = Field(4, ge=1)
    dropout: float = Field(0.0, ge=0, lt=1)
    omit_root: bool = False  # fully connected network: the root, which is always 0, is not an output
    refinement: Literal["none", "pose_grammar"] = "none"
    # Hierarchical graph network: its mesh graphs (coarse: 48 nodes, fine: 96), and how features are passed between the
    # graphs: in parallel (HGN, Eq. 3), one after the other (the authors' code), or with fixed weights.
    meshes: Literal["both", "coarse", "fine"] = "both"
    fusion: Literal["parallel", "sequential", "fixed"] = "parallel"
    # Variational auto-encoder: latent dimensions, samples per pose, and the weight of the divergence from the prior.
    latent: int = Field(32, ge=1)
    samples: int = Field(200, ge=5)  # the best of 5 is measured
    divergence_weight: float = Field(1.0e-4, ge=0)


class HeadSettings(Settings):
    """What the output layer stands for: one pose, or a Gaussian mixture over poses (GraphMDN, Section 3)."""

    name: Literal["point", "mixture"] = "point"
    kernels: int = Field(5, ge=1)
    level: Literal["pose", "node"] = "pose"
    sigma: Literal["shared", "per_joint"] = "shared"
    axes: Literal["shared", "per_axis"] = "shared"
    pooling: Literal["average", "dense"] = "average"
    minimum_sigma: float = Field(1.0e-10, gt=0)
    start: Literal["random", "clusters"] = "random"  # of the means: as in the paper, or clusters of the training poses

    @model_validator(mode="after")
    def _joints_of_a_node_level_mixture_share_nothing(self) -> HeadSettings:
        if self.level == "node" and (self.sigma == "shared" or self.pooling == "dense"):
            raise ValueError("joints share nothing in a node-level mixture: set sigma: per_joint, pooling: average")
        return self


class FlipSettings(Settings):
    """Mirror images: training mirrors every second pose; testing averages predictions with those of mirrored inputs."""

    training: bool = False
    testing: bool = False


class OptimizerSettings(Settings):
    learning_rate: float = Field(1.0e-3, gt=0)
    batch_size: int = Field(64, ge=1)
    max_gradient_norm: float | None = Field(1.0, gt=0)
    max_weight_norm: float | None = Field(None, gt=0)


class StepSchedule(Settings):
    kind: Literal["step"]
    factor: float = Field(gt=0, le=1)
    every_epochs: float = Field(gt=0)


class ExponentialSchedule(Settings):
    kind: Literal["exponential"]
    factor: float = Field(gt=0, le=1)  # per epoch


class OneCycleSchedule(Settings):
    kind: Literal["one_cycle"]
    peak: float = Field(gt=0)


class WarmUpSchedule(Settings):
    kind: Literal["warm_up"]
    peak: float = Field(gt=0)
    rise: float = Field(0.1, gt=0, lt=1)  # share of the steps in which the rate rises


Schedule = Annotated[
    StepSchedule | ExponentialSchedule | OneCycleSchedule | WarmUpSchedule, Field(discriminator="kind")
]
ScheduleKind = Literal["step", "exponential", "one_cycle", "warm_up", "constant"]


class LiftingVariant(Settings):
    """A model that lifts 2D joints to 3D joints, and its training.

    An `imported` variant is not trained: `weights` is the SHA-256 digest that import_checkpoint prints, null before the
    import.
    `protocol: semgcn_2` is SemGCN's own second protocol (Section 5.2): training uses all test subjects except the last,
    which is tested on every 64th frame.
    """

    paper: Annotated[str, one_of(("sanity", *PAPERS))]
    title: str
    core: bool = False
    epochs: int = Field(1, ge=1)
    input: Input = "ground_truth"
    joints: Literal[16, 17] = 16  # 17 with Neck/Nose
    targets: Targets = "joints"
    protocol: Literal["subjects", "semgcn_2"] = "subjects"
    imported: bool = False
    weights: str | None = Field(None, pattern=r"^[0-9a-f]{64}$")
    model: ModelSettings = ModelSettings()
    head: HeadSettings = HeadSettings()
    loss: Literal["joints", "joints_and_meshes", "joints_and_meshes_authors"] = "joints"
    mesh_weight: float = Field(0.0, ge=0)  # HGN's lambda_M (Eq. 4)
    likelihood: Likelihood | None = None  # of a mixture in training; null: the likelihood as it is
    pixels: PixelsSettings | None = None  # with `input: images` alone
    flip: FlipSettings = FlipSettings()
    optimizer: OptimizerSettings = OptimizerSettings()
    schedule: Schedule | None = None  # of the learning rate, which is constant without one

    @property
    def schedule_kind(self) -> ScheduleKind:
        return self.schedule.kind if self.schedule else "constant"

    @property
    def closed_form(self) -> bool:
        """Whether the model is fitted in closed form, without training."""
        return self.model.name in CLOSED_FORMS

    @property
    def learns_meshes(self) -> bool:
        """Whether its meshes are trained. Without a loss on them they keep their initial weights and mean nothing."""
        return self.mesh_weight > 0 or self.loss == "joints_and_meshes_authors"

    @model_validator(mode="after")
    def _what_does_not_go_together(self) -> LiftingVariant:
        mixture, model = self.head.name == "mixture", self.model.name
        # Networks whose output goes through a head.
        network = model in ("graph_network", "fully_connected", "hierarchical_graph_network", "graph_stacked_hourglass")
        if self.weights and not self.imported:
            raise ValueError("weights: only of an imported variant; set imported: true")
        if mixture and not network:
            raise ValueError(f"head.name: a {model} has no mixture head; set head: {{name: point}}")
        if mixture and (self.model.refinement != "none" or self.model.omit_root or self.flip.testing):
            raise ValueError("a mixture takes no refinement, no omit_root and no flip.testing; take them out")
        if mixture and self.loss != "joints":
            raise ValueError("loss: a mixture is trained by its likelihood; take `loss` out")
        if not mixture and (self.likelihood or self.head.start != "random"):
            raise ValueError("likelihood, head.start: a single pose has none; take them out")
        if self.flip.testing and model == "variational_autoencoder":
            raise ValueError("flip.testing: samples of a pose and of its mirror image have nothing to average")
        if self.model.refinement != "none" and not network:
            raise ValueError(f"model.refinement: a {model} has none; take it out")
        if self.model.bias_before_norm == "frozen" and "bias_before_norm" not in NETWORKS[model].settings:
            raise ValueError(f"model.bias_before_norm: only of graph networks, not of a {model}; take it out")
        if self.model.omit_root and model != "fully_connected":
            raise ValueError(f"model.omit_root: only of a fully_connected network, not of a {model}; take it out")
        if self.loss != "joints" and not network:
            raise ValueError(f"loss: a {model} has its own; take `loss` out")
        self._check_meshes()
        self._check_images()
        if self.closed_form and (self.flip.training or self.flip.testing):
            raise ValueError(f"flip: a {model} is fitted in one go, without mirror images; take it out")
        return self

    def _check_meshes(self) -> None:
        """Refuse mesh graphs, mesh targets and mesh losses that do not go together."""
        hierarchical = self.model.name == "hierarchical_graph_network"
        if hierarchical != (self.targets == "meshes"):
            raise ValueError(
                f"targets: a {self.model.name} needs `targets: {'meshes' if hierarchical else 'joints'}`: "
                "with the meshes come the graphs of a hierarchical_graph_network, and no other network has them"
            )
        if not hierarchical and (self.loss.startswith("joints_and_meshes") or self.mesh_weight):
            raise ValueError(f"loss: a {self.model.name} gives no meshes; take `mesh_weight` out, set loss: joints")
        if hierarchical and self.mesh_weight and self.loss == "joints" and self.head.name == "point":
            raise ValueError("mesh_weight: set loss: joints_and_meshes, which it weighs")
        if hierarchical and self.loss == "joints_and_meshes_authors" and self.mesh_weight:
            raise ValueError("mesh_weight: the authors' loss has weights of its own; take it out")
        if hierarchical and self.joints != 17:
            raise ValueError("joints: a hierarchical_graph_network's skeleton graph has 17; set joints: 17")
        if hierarchical and self.protocol != "subjects":
            raise ValueError("protocol: bodies are fitted to the splits as they are; take `protocol` out")
        if hierarchical and self.model.refinement != "none":
            raise ValueError("model.refinement: a hierarchical_graph_network has none; take it out")

    def _check_images(self) -> None:
        """Refuse a network on images that is not SemGCN's, which is the only one that there is."""
        if (self.input == IMAGES) != (self.pixels is not None):
            raise ValueError("pixels: goes with `input: images`, and only with it")
        if self.input != IMAGES:
            return
        model = self.model
        plain = ModelSettings(convolution=model.convolution, channels=model.channels, blocks=model.blocks)
        if model != plain or model.convolution not in ("semantic", "semantic_channelwise"):
            raise ValueError("model: a network on images is a SemGCN; state only convolution, channels and blocks")
        others = (self.head.name == "point", self.targets == "joints", self.joints == 16, self.protocol == "subjects")
        if not all(others) or self.imported or self.flip.training or self.flip.testing:
            raise ValueError("input: a network on images has no head, targets, joints, protocol, imported or flip")
