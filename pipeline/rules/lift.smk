# From 2D joints to 3D joints: every variant of params.yaml is trained, then measured.


rule train_lift_code:
    input:
        code=STAGES.code_of("train_lift"),
    output:
        "<data>/code/train_lift.json",
    log:
        "<logs>/train_lift_code.log",
    benchmark:
        "<logs>/train_lift_code.jsonl"
    conda:
        "../../envs/environment.yaml"
    params:
        preset=PRESET,
    shell:
        "python -m pipeline train_lift_code --preset {params.preset} > {log} 2>&1"


rule evaluate_lift_code:
    input:
        code=STAGES.code_of("evaluate_lift"),
    output:
        "<data>/code/evaluate_lift.json",
    log:
        "<logs>/evaluate_lift_code.log",
    benchmark:
        "<logs>/evaluate_lift_code.jsonl"
    conda:
        "../../envs/environment.yaml"
    params:
        preset=PRESET,
    shell:
        "python -m pipeline evaluate_lift_code --preset {params.preset} > {log} 2>&1"


rule train_lift:
    input:
        lambda wildcards: f"data/{PRESET}/motion/{STAGES.run.variant(wildcards.variant).input}",
        lambda wildcards: f"data/{PRESET}/targets/{STAGES.run.variant(wildcards.variant).targets}",
        "<data>/code/train_lift.json",
    output:
        directory("<data>/train_lift/{variant}"),
    log:
        "<logs>/train_lift/{variant}.log",
    benchmark:
        "<logs>/train_lift/{variant}.jsonl"
    wildcard_constraints:
        variant="|".join(LIFT_VARIANTS),
    priority: lambda wildcards: STAGES.priority(wildcards.variant)
    conda:
        "../../envs/environment.yaml"
    threads: STAGES.run.preset.threads
    resources:
        gpu=STAGES.gpus(),
    params:
        preset=PRESET,
        settings=lambda wildcards: STAGES.settings_of("train_lift", wildcards.variant),
    shell:
        "python -m pipeline train_lift --preset {params.preset} --variant {wildcards.variant} > {log} 2>&1"


rule evaluate_lift:
    input:
        lambda wildcards: f"data/{PRESET}/motion/{STAGES.run.variant(wildcards.variant).input}",
        lambda wildcards: f"data/{PRESET}/targets/{STAGES.run.variant(wildcards.variant).targets}",
        "<data>/motion/mpi_inf_3dhp",
        "<data>/train_lift/{variant}",
        "<data>/code/evaluate_lift.json",
    output:
        "<results>/metrics/{variant}.json",
        "<data>/evaluate_lift/{variant}.npz",
    log:
        "<logs>/evaluate_lift/{variant}.log",
    benchmark:
        "<logs>/evaluate_lift/{variant}.jsonl"
    wildcard_constraints:
        variant="|".join(LIFT_VARIANTS),
    conda:
        "../../envs/environment.yaml"
    threads: STAGES.run.preset.threads
    resources:
        gpu=STAGES.gpus(),
    params:
        preset=PRESET,
        settings=lambda wildcards: STAGES.settings_of("evaluate_lift", wildcards.variant),
    shell:
        "python -m pipeline evaluate_lift --preset {params.preset} --variant {wildcards.variant} > {log} 2>&1"
