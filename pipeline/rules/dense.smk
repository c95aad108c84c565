# From pictures to keypoints and boxes: every dense variant of params.yaml is trained, then measured.


rule train_dense_code:
    input:
        code=STAGES.code_of("train_dense"),
    output:
        "<data>/code/train_dense.json",
    log:
        "<logs>/train_dense_code.log",
    benchmark:
        "<logs>/train_dense_code.jsonl"
    conda:
        "../../envs/environment.yaml"
    params:
        preset=PRESET,
    shell:
        "python -m pipeline train_dense_code --preset {params.preset} > {log} 2>&1"


rule evaluate_dense_code:
    input:
        code=STAGES.code_of("evaluate_dense"),
    output:
        "<data>/code/evaluate_dense.json",
    log:
        "<logs>/evaluate_dense_code.log",
    benchmark:
        "<logs>/evaluate_dense_code.jsonl"
    conda:
        "../../envs/environment.yaml"
    params:
        preset=PRESET,
    shell:
        "python -m pipeline evaluate_dense_code --preset {params.preset} > {log} 2>&1"


rule train_dense:
    input:
        lambda wildcards: f"data/{PRESET}/images/{STAGES.run.dense_variant(wildcards.variant).task}",
        "<data>/code/train_dense.json",
    output:
        directory("<data>/train_dense/{variant}"),
    log:
        "<logs>/train_dense/{variant}.log",
    benchmark:
        "<logs>/train_dense/{variant}.jsonl"
    wildcard_constraints:
        variant="|".join(DENSE_VARIANTS),
    priority: lambda wildcards: STAGES.priority(wildcards.variant)
    conda:
        "../../envs/environment.yaml"
    threads: STAGES.run.preset.threads
    resources:
        gpu=STAGES.gpus(),
    params:
        preset=PRESET,
        settings=lambda wildcards: STAGES.settings_of("train_dense", wildcards.variant),
    shell:
        "python -m pipeline train_dense --preset {params.preset} --variant {wildcards.variant} > {log} 2>&1"


rule evaluate_dense:
    input:
        lambda wildcards: f"data/{PRESET}/images/{STAGES.run.dense_variant(wildcards.variant).task}",
        "<data>/train_dense/{variant}",
        "<data>/code/evaluate_dense.json",
    output:
        "<results>/metrics/{variant}.json",
        directory("<data>/evaluate_dense/{variant}"),
    log:
        "<logs>/evaluate_dense/{variant}.log",
    benchmark:
        "<logs>/evaluate_dense/{variant}.jsonl"
    wildcard_constraints:
        variant="|".join(DENSE_VARIANTS),
    conda:
        "../../envs/environment.yaml"
    threads: STAGES.run.preset.threads
    resources:
        gpu=STAGES.gpus(),
    params:
        preset=PRESET,
        settings=lambda wildcards: STAGES.settings_of("evaluate_dense", wildcards.variant),
    shell:
        "python -m pipeline evaluate_dense --preset {params.preset} --variant {wildcards.variant} > {log} 2>&1"
