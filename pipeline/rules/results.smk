# Results: tables, claims, figures, the report, and the copy in MLflow.


rule tabulate:
    input:
        "<data>/plan/tabulate.json",
        PLAN.data("tabulate"),
    output:
        directory("<results>/tables"),
        "<results>/claims.json",
        "<results>/claims.md",
        "<data>/made/tabulate.json",
    log:
        "<logs>/tabulate.log",
    benchmark:
        "<logs>/tabulate.jsonl"
    conda:
        "../../envs/environment.yaml"
    params:
        preset=PLAN.run.preset_name,
    shell:
        "python -m pipeline tabulate --preset {params.preset} > {log} 2>&1"


rule report:
    input:
        "<data>/plan/report.json",
        PLAN.data("report"),
    output:
        directory("<results>/figures"),
        "<results>/README.md",
        directory("<results>/report"),
        "<data>/made/report.json",
    log:
        "<logs>/report.log",
    benchmark:
        "<logs>/report.jsonl"
    conda:
        "../../envs/environment.yaml"
    params:
        preset=PLAN.run.preset_name,
    shell:
        "python -m pipeline report --preset {params.preset} > {log} 2>&1"


rule publish:
    input:
        "<data>/plan/publish.json",
        PLAN.data("publish"),
    output:
        "<data>/publish.json",
        "<data>/made/publish.json",
    log:
        "<logs>/publish.log",
    benchmark:
        "<logs>/publish.jsonl"
    conda:
        "../../envs/environment.yaml"
    params:
        preset=PLAN.run.preset_name,
    shell:
        "python -m pipeline publish --preset {params.preset} > {log} 2>&1"
