"""The study of collapsing mixtures: GraphMDN as its authors formulate it, and one change each, on a small network."""

from __future__ import annotations

from pipeline.report.columns import EPOCHS, SEEDS
from pipeline.report.columns_lifting import OF_A_MIXTURE, P1_MM, P2_MM, RUNNING
from pipeline.report.paper import Paper
from pipeline.report.tables import Row, Table

MIXTURES = Table(
    "collapse_remedies",
    "Remedies for collapsing mixtures beside the authors' formulation",
    columns=OF_A_MIXTURE,
    rows=(
        Row("The authors' formulation", "small_graphmdn"),
        Row("Annealed responsibilities [1]", "small_annealed"),
        Row("Evolving winner-takes-all [2]", "small_evolving_winners"),
        Row("Evolving winners, a share for losers [2, 3]", "small_relaxed_winners"),
        Row("Dirichlet prior on the weights [4]", "small_dirichlet_prior"),
        Row("Start at clusters of the training poses", "small_clusters"),
        Row("Warm-up, then cosine", "small_warm_up"),
        Row("A sixth of the peak rate", "small_low_peak"),
        Row("Batches of 64", "small_batch_64"),
    ),
    notes=(
        "Every row changes one thing of the first. The evaluation is the same, and NLL is of the plain likelihood.",
        (
            "[1] Ueda and Nakano, Deterministic annealing EM algorithm, 1998. [2] Makansi et al., Overcoming "
            "limitations of mixture density networks, CVPR 2019. [3] Rupprecht et al., Learning in an uncertain "
            "world, ICCV 2017. [4] Li and Lee, Generating multiple hypotheses for 3D human pose estimation with "
            "mixture density network, CVPR 2019."
        ),
    ),
)

ONE_POSE = Table(
    "collapse_one_pose",
    "The same network with one pose in place of a mixture",
    columns=(P1_MM, P2_MM, RUNNING, EPOCHS, SEEDS),
    rows=(
        Row("One pose, mean squared error", "small_semgcn"),
        Row("Mixture, the authors' formulation: its mean", "small_graphmdn"),
        Row("Mixture, evolving winners with a share for losers: its mean", "small_relaxed_winners"),
    ),
)

STUDY = Paper("collapse", "Mixtures that collapse", (MIXTURES, ONE_POSE), claims=())
