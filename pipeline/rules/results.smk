# Results: tables, claims, figures, the report, and the copy in MLflow.


rule tabulate:
    input:
        "<data>/plan/tabulate.json",
        PLAN.data("tabulate"),
    output:
        report(
            directory("<results>/tables"),
            patterns=["{table}.csv"],
            caption="captions/tables.rst",
            category="Tables",
            labels={"table": "{table}"},
        ),
        "<results>/claims.json",
        report("<results>/claims.md", caption="captions/claims.rst", category="Claims"),
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
        report(
            directory("<results>/figures"),
            patterns=["{figure}.png"],
            caption="captions/figures.rst",
            category="Figures",
            labels={"figure": "{figure}"},
        ),
        "<results>/README.md",
        report(
            directory("<results>/report"),
            htmlindex="index.html",
            caption="captions/page.rst",
            category="Report",
        ),
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
