# Motion: downloads, poses seen by four cameras, and the 2D joints of detectors.


rule download:
    input:
        "<data>/plan/download.json",
    output:
        "<data>/download.json",
        "<data>/made/download.json",
    log:
        "<logs>/download.log",
    benchmark:
        "<logs>/download.jsonl"
    conda:
        "../../envs/environment.yaml"
    params:
        preset=PLAN.run.preset_name,
    shell:
        "python -m pipeline download --preset {params.preset} > {log} 2>&1"


rule prepare_motion:
    input:
        "<data>/plan/prepare_motion.json",
        "<data>/download.json",
    output:
        directory("<data>/motion/ground_truth"),
        "<data>/made/prepare_motion.json",
    log:
        "<logs>/prepare_motion.log",
    benchmark:
        "<logs>/prepare_motion.jsonl"
    priority: PLAN.first()
    conda:
        "../../envs/environment.yaml"
    params:
        preset=PLAN.run.preset_name,
    shell:
        "python -m pipeline prepare_motion --preset {params.preset} > {log} 2>&1"


rule prepare_keypoints:
    input:
        "<data>/plan/prepare_keypoints/{detector}.json",
        "<data>/motion/ground_truth",
    output:
        directory("<data>/motion/{detector}"),
        "<data>/made/prepare_keypoints/{detector}.json",
    log:
        "<logs>/prepare_keypoints/{detector}.log",
    benchmark:
        "<logs>/prepare_keypoints/{detector}.jsonl"
    wildcard_constraints:
        detector="|".join(DETECTORS),
    priority: PLAN.first()
    conda:
        "../../envs/environment.yaml"
    params:
        preset=PLAN.run.preset_name,
    shell:
        "python -m pipeline prepare_keypoints --preset {params.preset} --detector {wildcards.detector} > {log} 2>&1"


rule prepare_generalization:
    input:
        "<data>/plan/prepare_generalization.json",
        PLAN.data("prepare_generalization"),
    output:
        directory(f"<data>/motion/{OTHER_DATA}"),
        "<data>/made/prepare_generalization.json",
    log:
        "<logs>/prepare_generalization.log",
    benchmark:
        "<logs>/prepare_generalization.jsonl"
    conda:
        "../../envs/environment.yaml"
    params:
        preset=PLAN.run.preset_name,
    shell:
        "python -m pipeline prepare_generalization --preset {params.preset} > {log} 2>&1"
