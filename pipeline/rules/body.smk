# The body, and bodies fitted to the poses: the coarse meshes that HGN learns.


rule build_body:
    input:
        code=STAGES.code_of("build_body"),
    output:
        directory("<data>/body"),
    log:
        "<logs>/build_body.log",
    benchmark:
        "<logs>/build_body.jsonl"
    conda:
        "../../envs/environment.yaml"
    params:
        preset=PRESET,
        settings=STAGES.settings_of("build_body"),
    shell:
        "python -m pipeline build_body --preset {params.preset} > {log} 2>&1"


rule fit_body:
    input:
        "<data>/motion/ground_truth",
        "<data>/body",
        code=STAGES.code_of("fit_body"),
    output:
        directory("<data>/targets/meshes"),
    log:
        "<logs>/fit_body.log",
    benchmark:
        "<logs>/fit_body.jsonl"
    conda:
        "../../envs/environment.yaml"
    resources:
        gpu=STAGES.gpus(),
    params:
        preset=PRESET,
        settings=STAGES.settings_of("fit_body"),
    shell:
        "python -m pipeline fit_body --preset {params.preset} > {log} 2>&1"
