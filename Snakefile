# The pipeline for Snakemake. params/<preset>/dvc.yaml holds the same jobs for DVC; tests/config/test_dag.py compares them.
#
#   snakemake                              runs the preset that params.yaml names, on all cores
#   snakemake --config preset=mini         runs another
#   snakemake --profile profiles/slurm     submits every job to Slurm (docs/clusters.md)
#   snakemake --sdm conda                  runs each stage in the environment of envs/environment.yaml

import os

from pipeline import progress
from pipeline.config import dag, finished

# The jobs of the preset, resolved when this file is read. Each job depends on its file in data/<preset>/plan.
PLAN = dag.plan_or_exit(config, workflow.is_main_process)
PRESET = PLAN.run.preset_name
LIFTING_VARIANTS = PLAN.variants("lifting")
PIXELS_VARIANTS = PLAN.variants("pixels")
DETECTION_VARIANTS = PLAN.variants("detection")
OTHER_DATA = PLAN.run.preset.generalization or "none"  # another data set, to test on
DETECTORS = ["stacked_hourglass", "cascaded_pyramid_network"]

# Snakemake runs a job whose inputs have a newer date. If they have the same bytes, the job puts its outputs back.
os.environ[finished.ASKED] = "yes"


# Every preset has its own folders.
pathvars:
    data=f"data/{PRESET}",
    results=f"results/{PRESET}",
    logs=f"logs/{PRESET}",


# On a cluster these run where Snakemake does: one needs the network, the other MLflow's database on a local disk.
localrules:
    all,
    download,
    publish,


rule all:
    input:
        "<data>/publish.json",


include: "pipeline/rules/motion.smk"  # download, prepare_motion, prepare_keypoints, prepare_generalization
include: "pipeline/rules/body.smk"  # build_body, fit_body
include: "pipeline/rules/lifting.smk"  # train_lifting, evaluate_lifting
include: "pipeline/rules/images.smk"  # prepare_images, prepare_crops
include: "pipeline/rules/pixels.smk"  # train_pixels, evaluate_pixels
include: "pipeline/rules/detection.smk"  # train_detection, evaluate_detection
include: "pipeline/rules/results.smk"  # tabulate, report, publish


progress.show(workflow, PRESET)


onstart:
    PLAN.hold(log)


onsuccess:
    PLAN.adopt({job.rule.name for job in workflow.dag.jobs})
