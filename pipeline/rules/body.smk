# The body model, and bodies fitted to the poses, whose coarse meshes HGN learns.


rule build_body:
    input:
        "<data>/plan/build_body.json",
    output:
        directory("<data>/body"),
        "<data>/made/build_body.json",
    log:
        "<logs>/build_body.log",
    benchmark:
        "<logs>/build_body.jsonl"
    priority: PLAN.first()
    conda:
        "../../envs/environment.yaml"
    params:
        preset=PLAN.run.preset_name,
    shell:
        "python -m pipeline build_body --preset {params.preset} > {log} 2>&1"


rule fit_body:
    input:
        "<data>/plan/fit_body.json",
        "<data>/motion/ground_truth",
        "<data>/body",
    output:
        directory("<data>/targets/meshes"),
        "<data>/made/fit_body.json",
    log:
        "<logs>/fit_body.log",
    benchmark:
        "<logs>/fit_body.jsonl"
    priority: PLAN.first()
    conda:
        "../../envs/environment.yaml"
    resources:
        **PLAN.gpu(),
    params:
        preset=PLAN.run.preset_name,
    shell:
        "python -m pipeline fit_body --preset {params.preset} > {log} 2>&1"
