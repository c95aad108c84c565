# What a reader sees: tables, claims, figures, the report, and the runs in MLflow.


rule tabulate:
    input:
        expand("<results>/metrics/{variant}.json", variant=LIFT_VARIANTS + DENSE_VARIANTS),
        expand("<data>/train_lift/{variant}", variant=LIFT_VARIANTS),
        expand("<data>/train_dense/{variant}", variant=DENSE_VARIANTS),
        expand("<data>/evaluate_lift/{variant}.npz", variant=LIFT_VARIANTS),
        expand("<data>/evaluate_dense/{variant}", variant=DENSE_VARIANTS),
        PUBLISHED,
        code=STAGES.code_of("tabulate"),
    output:
        directory("<results>/tables"),
        "<results>/claims.json",
        "<results>/claims.md",
    log:
        "<logs>/tabulate.log",
    benchmark:
        "<logs>/tabulate.jsonl"
    conda:
        "../../envs/environment.yaml"
    params:
        preset=PRESET,
        settings=STAGES.settings_of("tabulate"),
    shell:
        "python -m pipeline tabulate --preset {params.preset} > {log} 2>&1"


rule report:
    input:
        "<results>/tables",
        "<results>/claims.json",
        expand("<results>/metrics/{variant}.json", variant=LIFT_VARIANTS + DENSE_VARIANTS),
        expand("<data>/train_lift/{variant}", variant=LIFT_VARIANTS),
        expand("<data>/train_dense/{variant}", variant=DENSE_VARIANTS),
        expand("<data>/evaluate_lift/{variant}.npz", variant=LIFT_VARIANTS),
        expand("<data>/evaluate_dense/{variant}", variant=DENSE_VARIANTS),
        "<data>/images/pose",
        "<data>/images/boxes",
        "<data>/motion/ground_truth",
        "<data>/body",
        "<data>/targets/meshes",
        PUBLISHED,
        code=STAGES.code_of("report"),
    output:
        directory("<results>/figures"),
        "<results>/README.md",
    log:
        "<logs>/report.log",
    benchmark:
        "<logs>/report.jsonl"
    conda:
        "../../envs/environment.yaml"
    params:
        preset=PRESET,
        settings=STAGES.settings_of("report"),
    shell:
        "python -m pipeline report --preset {params.preset} > {log} 2>&1"


rule publish:
    input:
        "<results>/tables",
        "<results>/claims.json",
        "<results>/claims.md",
        "<results>/figures",
        "<results>/README.md",
        expand("<results>/metrics/{variant}.json", variant=LIFT_VARIANTS + DENSE_VARIANTS),
        expand("<data>/train_lift/{variant}", variant=LIFT_VARIANTS),
        expand("<data>/train_dense/{variant}", variant=DENSE_VARIANTS),
        code=STAGES.code_of("publish"),
    output:
        "<data>/publish.json",
    log:
        "<logs>/publish.log",
    benchmark:
        "<logs>/publish.jsonl"
    conda:
        "../../envs/environment.yaml"
    params:
        preset=PRESET,
        settings=STAGES.settings_of("publish"),
    shell:
        "python -m pipeline publish --preset {params.preset} > {log} 2>&1"
