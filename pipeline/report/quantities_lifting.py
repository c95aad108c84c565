"""The quantities of lifting variants: errors, mixtures, meshes, training, and learned edge weights."""

from __future__ import annotations

from dataclasses import replace

from pipeline.report import edge_weights, histories
from pipeline.report import readers_lifting as read
from pipeline.report.evidence import Quantity
from pipeline.report.metrics import FRAMES

# --- errors -----------------------------------------------------------------------------------------------------------

P1 = Quantity(
    "P1",
    "MPJPE (Protocol 1), the mean distance of a joint from the truth in mm, after the last epoch, averaged action by "
    "action as published",
    read.error("mpjpe"),
    unit="mm",
    gap=0.5,
)
P2 = Quantity(
    "P2",
    "P-MPJPE (Protocol 2), the same after each pose was moved, turned and scaled onto the truth",
    read.error("p_mpjpe"),
    unit="mm",
    gap=0.5,
)
P1_frames = Quantity(
    "P1_frames",
    "P1 averaged over all test poses alike, so that long actions count more",
    read.error("mpjpe", FRAMES),
    unit="mm",
    heading="P1, frame average",
)
P2_frames = replace(
    P1_frames,
    name="P2_frames",
    meaning="P2 averaged over all test poses alike",
    read=read.error("p_mpjpe", FRAMES),
    heading="P2, frame average",
)
P1_best_on_test = Quantity(
    "P1_best_on_test",
    "P1 of the epoch that did best on the test subjects (for a mixture: whose oracle did best), as the authors' code "
    "chooses it; for comparison only, because the test data choose the epoch. Both the choice and the error have "
    "renewed batch-norm statistics",
    read.best_on_test("mpjpe"),
    unit="mm",
    heading="P1, best epoch on test",
)
P2_best_on_test = replace(
    P1_best_on_test,
    name="P2_best_on_test",
    meaning="P2 of the same epoch",
    read=read.best_on_test("p_mpjpe"),
    heading="P2, best epoch on test",
)
P1_running = Quantity(
    "P1_running",
    "P1 with batch norm's running statistics, as the authors' code evaluates; every other number has statistics "
    "renewed from training poses, because the running ones lag behind the weights (errata.md, Paper against code). "
    "`-`: nothing was renewed, because there is no batch norm, or because the weights are the authors'",
    read.running_statistics("mpjpe"),
    unit="mm",
    heading="P1, running statistics",
    gap=0.5,
)
P2_running = replace(
    P1_running,
    name="P2_running",
    meaning="P2 with the same statistics",
    read=read.running_statistics("p_mpjpe"),
    heading="P2, running statistics",
)
P1_action = Quantity("P1_action", "P1 of one action", read.error_of_action, unit="mm", gap=1.0)
P1_joints = Quantity(
    "P1_joints", "P1 of one joint or part of the body, over all test poses", read.error_of_joints, unit="mm", gap=1.0
)
MPVPE = Quantity(
    "MPVPE",
    "mean distance of a coarse mesh's vertices from those of the body fitted to the true joints, roots together, in "
    "mm, averaged action by action; nodes that stand for no vertex and poses whose body does not fit are left out; "
    "`fine` is HGN's M^{C-1} (96 nodes), `coarse` its M^C (48)",
    read.mesh_error,
    unit="mm",
    gap=1.0,
)
depth_visible = Quantity(
    "depth_visible",
    "absolute error along the camera's axis, in mm, of joints in plain sight (without the root)",
    read.of_seed(lambda seed: seed.depth.visible_mm if seed.depth else None, "no error in depth recorded"),
    unit="mm",
    heading="Depth error, seen",
)
depth_occluded = Quantity(
    "depth_occluded",
    "the same of joints that another part of the body, as thick as a forearm, hides from the camera",
    read.of_seed(lambda seed: seed.depth.occluded_mm if seed.depth else None, "no error in depth recorded"),
    unit="mm",
    heading="Depth error, hidden",
    gap=1.0,
)
hidden_joints = Quantity(
    "hidden_joints",
    "share of the joints that are hidden, in percent",
    read.of_seed(
        lambda seed: read.percent(seed.depth.occluded_share) if seed.depth else None, "no error in depth recorded"
    ),
    unit="%",
    heading="Hidden joints",
)
PCK = Quantity(
    "PCK",
    "on another data set, share of joints less than 150 mm off, in percent, over 14 joints with the roots together; "
    "every frame counts the same",
    read.elsewhere("pck"),
    unit="%",
    higher_is_better=True,
    gap=0.5,
)
AUC = Quantity(
    "AUC",
    "mean of such shares over 31 thresholds from 0 to 150 mm, in percent",
    read.elsewhere("auc"),
    unit="%",
    higher_is_better=True,
    gap=0.5,
)
MPJPE_elsewhere = Quantity(
    "MPJPE_elsewhere",
    "on another data set, the mean distance of a joint from the truth in mm, over all joints of the network",
    read.elsewhere("mpjpe"),
    unit="mm",
    heading="MPJPE",
)

# --- mixtures ---------------------------------------------------------------------------------------------------------

kernels_effective = Quantity(
    "kernels_effective",
    "exp of the weights' entropy, averaged over poses; 1 if one kernel has all the weight, the number of kernels if "
    "all weigh the same",
    read.of_mixture(lambda mixture: mixture.components_used.mean_effective),
    heading="Effective kernels",
    decimals=2,
)
largest_kernel_weight = Quantity(
    "largest_kernel_weight",
    "the largest weight of a kernel, averaged over poses, in percent",
    read.of_mixture(lambda mixture: 100 * max(mixture.mean_weights)),
    unit="%",
    heading="Largest weight",
)
nll = Quantity(
    "nll",
    "negative log-likelihood of the true pose (in metres, without the root), averaged over poses; lower is better",
    read.of_mixture(lambda mixture: mixture.nll),
    unit="nats",
    heading="NLL",
)
calibration = Quantity(
    "calibration",
    "how far the share of true poses in the mixture's most likely p % is from p %, averaged over p = 10, 20, ..., 90; "
    "0 is best",
    read.of_mixture(read.calibration_error),
    unit="%",
    heading="Calibration error",
)
spread_x = Quantity(
    "spread_x",
    "standard deviation of the kernels' means to the side as the camera sees them, in mm, over all test poses",
    read.of_mixture(lambda mixture: mixture.spread_mm.get("x")),
    unit="mm",
    heading="Spread x",
)
spread_y = replace(
    spread_x,
    name="spread_y",
    meaning="the same in height",
    read=read.of_mixture(lambda mixture: mixture.spread_mm.get("y")),
    heading="Spread y",
)
spread_depth = replace(
    spread_x,
    name="spread_depth",
    meaning="the same along the camera's axis",
    read=read.of_mixture(lambda mixture: mixture.spread_mm.get("depth")),
    heading="Spread depth",
)
pairwise_distance = Quantity(
    "pairwise_distance",
    "distance of two kernels' means in mm with their roots together, averaged over joints, pairs and poses, whatever "
    "their weights: a kernel that is never used counts, and may lie metres away",
    read.of_mixture(lambda mixture: mixture.pairwise_distance_mm, "no distance between kernels recorded"),
    unit="mm",
    heading="Kernels apart",
    relative_gap=0.05,
)
ambiguous = Quantity(
    "ambiguous",
    "share of poses whose oracle P1 is below 0.8 of the mean's, in percent",
    read.of_mixture(lambda mixture: read.percent(mixture.ambiguous_share)),
    unit="%",
    heading="Ambiguous poses",
)
depth_ratio = Quantity(
    "depth_ratio",
    "variance of a mixture's kernels in depth over that across the view, on ambiguous poses",
    read.of_mixture(
        lambda mixture: mixture.depth_ratio, "no pose whose best hypothesis is much better than the mean, or no spread"
    ),
    heading="Variance, depth / across",
    relative_gap=0.05,
)
reprojection_px = Quantity(
    "reprojection_px",
    "distance of a pose's worst kernel above 5 % weight from the 2D input when projected, in px, averaged over poses",
    read.of_mixture(lambda mixture: mixture.reprojection_px.worst, "no reprojection error recorded"),
    unit="px",
    heading="Reprojection",
    relative_gap=0.05,
)
depth_spread_px = Quantity(
    "depth_spread_px",
    "spread of the same kernels in depth, in the px that it would cover across the view",
    read.of_mixture(lambda mixture: mixture.reprojection_px.depth_spread_px, "no spread along depth recorded"),
    heading="Depth spread",
)

# --- training ---------------------------------------------------------------------------------------------------------

parameters = Quantity(
    "parameters",
    "how many numbers are trained",
    read.parameters,
    side="both",
    heading="Parameters",
    once=True,
    rests_on="network",
)
loss_gap = Quantity(
    "loss_gap",
    "test loss less training loss, after the last epoch",
    read.of_seed(read.loss_gap, "no loss recorded on both sets"),
    gap=1.0,
)
final_loss = Quantity(
    "final_loss",
    "training loss of the last epoch, or of its last tenth in a short run",
    read.of_curve(lambda losses: float(losses.iloc[-1])),
    relative_gap=0.02,
)
roughness = Quantity(
    "roughness",
    "mean relative change of the training loss from epoch to epoch, or tenth to tenth in a short run",
    read.of_curve(histories.roughness),
    relative_gap=0.05,
)
poses_per_second = Quantity(
    "poses_per_second",
    "speed of the training",
    read.environment("poses_per_second"),
    unit="/s",
    relative_gap=0.05,
    rests_on="machine",
)
stated_seconds = Quantity(
    "stated_seconds",
    "time of the training here, times the epochs stated over those trained",
    read.environment("seconds", read.of_stated_epochs),
    unit="s",
    relative_gap=0.05,
    rests_on="machine",
)
inference_seconds_per_pose = Quantity(
    "inference_seconds_per_pose",
    "time of the finished network per pose, in batches of one size for all",
    read.environment("inference_poses_per_second", lambda speed, *_: 1 / speed),
    unit="s",
    relative_gap=0.05,
    rests_on="machine",
)

# --- non-local layers (SemGCN, Eq. 4) ---------------------------------------------------------------------------------

dead_non_local = Quantity(
    "dead_non_local",
    "how many non-local layers are dead: they add the same to the features of every training pose, so that the network "
    "is one without these layers; an average over seeds. `-`: no non-local layers were looked at",
    read.of_seed(lambda seed: float(seed.non_local.dead) if seed.non_local else None, "no non-local layers recorded"),
    heading="Non-local layers, dead",
)
non_local_layers = Quantity(
    "non_local_layers",
    "how many non-local layers the network has",
    read.of_seed(lambda seed: float(seed.non_local.layers) if seed.non_local else None, "no non-local layers recorded"),
    heading="Non-local layers, all",
    once=True,
    rests_on="network",
)

# --- learned edge weights (SemGCN, Figures 7 and 8) -------------------------------------------------------------------

layer_correlation = Quantity(
    "layer_correlation",
    "mean correlation of the edge weights of two layers",
    read.of_edges(edge_weights.layer_correlation),
    gap=0.02,
)
hop_correlation = Quantity(
    "hop_correlation",
    "rank correlation of a joint's own weight with its distance from the pelvis in the skeleton",
    read.of_edges(edge_weights.hop_correlation),
    gap=0.1,
)
joint_weight = Quantity(
    "joint_weight",
    "what a joint keeps of itself in a SemGConv layer, averaged over the layers",
    read.joint_weight,
    gap=0.005,
)
