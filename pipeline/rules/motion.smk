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
        "<data>/motion/train.npz",
        "<data>/motion/test.npz",
        "<data>/motion/summary.json",
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
