# Motion, from its source to poses seen by cameras.


rule download:
    input:
        code=STAGES.code_of("download"),
    output:
        "<data>/download.json",
    log:
        "<logs>/download.log",
    benchmark:
        "<logs>/download.jsonl"
    conda:
        "../../envs/environment.yaml"
    params:
        preset=PRESET,
        settings=STAGES.settings_of("download"),
    shell:
        "python -m pipeline download --preset {params.preset} > {log} 2>&1"


rule prepare_motion:
    input:
        "<data>/download.json",
        code=STAGES.code_of("prepare_motion"),
    output:
        directory("<data>/motion/ground_truth"),
        directory("<data>/targets/joints"),
    log:
        "<logs>/prepare_motion.log",
    benchmark:
        "<logs>/prepare_motion.jsonl"
    conda:
        "../../envs/environment.yaml"
    params:
        preset=PRESET,
        settings=STAGES.settings_of("prepare_motion"),
    shell:
        "python -m pipeline prepare_motion --preset {params.preset} > {log} 2>&1"


rule detect:
    input:
        "<data>/motion/ground_truth",
        code=STAGES.code_of("detect"),
    output:
        directory("<data>/motion/{detector}"),
    log:
        "<logs>/detect/{detector}.log",
    benchmark:
        "<logs>/detect/{detector}.jsonl"
    wildcard_constraints:
        detector="|".join(STAGES.items_of("detect")),
    conda:
        "../../envs/environment.yaml"
    params:
        preset=PRESET,
        settings=STAGES.settings_of("detect"),
    shell:
        "python -m pipeline detect --preset {params.preset} --detector {wildcards.detector} > {log} 2>&1"


rule prepare_generalization:
    input:
        code=STAGES.code_of("prepare_generalization"),
    output:
        directory("<data>/motion/mpi_inf_3dhp"),
    log:
        "<logs>/prepare_generalization.log",
    benchmark:
        "<logs>/prepare_generalization.jsonl"
    conda:
        "../../envs/environment.yaml"
    params:
        preset=PRESET,
        settings=STAGES.settings_of("prepare_generalization"),
    shell:
        "python -m pipeline prepare_generalization --preset {params.preset} > {log} 2>&1"
