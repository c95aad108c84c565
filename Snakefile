# The pipeline for Snakemake. dvc.yaml holds the same stages for DVC, and tests/test_dag.py compares the two.
#
#   snakemake --cores all                          runs the preset that params.yaml names
#   snakemake --cores all --config preset=mini     runs another
#   snakemake --cores all --sdm conda              runs each stage in the environment of envs/environment.yaml

from glob import glob

from pipeline import dag

STAGES = dag.read_or_exit(config)
PRESET = STAGES.run.preset_name
LIFT_VARIANTS = list(STAGES.run.lift_variants)
DENSE_VARIANTS = list(STAGES.run.dense_variants)
PUBLISHED = sorted(glob("results/published/*"))  # the papers' numbers


# Where things are; a preset's files never mix with another's.
pathvars:
    data=f"data/{PRESET}",
    results=f"results/{PRESET}",
    logs=f"logs/{PRESET}",


rule all:
    input:
        "<results>/tables",
        "<results>/claims.md",
        "<results>/README.md",
        "<data>/publish.json",


include: "pipeline/rules/motion.smk"  # download, prepare_motion
include: "pipeline/rules/body.smk"  # build_body, fit_body
include: "pipeline/rules/lift.smk"  # train_lift, evaluate_lift
include: "pipeline/rules/images.smk"  # prepare_images
include: "pipeline/rules/dense.smk"  # train_dense, evaluate_dense
include: "pipeline/rules/results.smk"  # tabulate, report, publish


onsuccess:
    STAGES.adopt({job.rule.name for job in workflow.dag.jobs})
