# From 2D joints to 3D joints: every variant of params.yaml is trained, then measured.


rule train_lift:
    input:
        lambda wildcards: f"data/{PRESET}/motion/{STAGES.run.variant(wildcards.variant).input}",
        lambda wildcards: f"data/{PRESET}/targets/{STAGES.run.variant(wildcards.variant).targets}",
        code=STAGES.code_of("train_lift"),
    output:
        directory("<data>/train_lift/{variant}"),
    log:
        "<logs>/train_lift/{variant}.log",
    benchmark:
        "<logs>/train_lift/{variant}.jsonl"
    # The widest first: they take longest, and started last they would leave the other cores idle.
    priority: lambda wildcards: STAGES.run.variant(wildcards.variant).model.channels
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
        code=STAGES.code_of("evaluate_lift"),
    output:
        "<results>/metrics/{variant}.json",
        "<data>/evaluate_lift/{variant}.npz",
    log:
        "<logs>/evaluate_lift/{variant}.log",
    benchmark:
        "<logs>/evaluate_lift/{variant}.jsonl"
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
