# From pictures to keypoints and boxes: every seed of a variant is trained by itself, then the variant is measured.


rule train_dense:
    input:
        "<data>/plan/train_dense/{variant}/seed_{seed}.json",
        data=PLAN.inputs("train_dense"),
    output:
        directory("<data>/train_dense/{variant}/seed_{seed}"),
        "<data>/made/train_dense/{variant}/seed_{seed}.json",
    log:
        "<logs>/train_dense/{variant}/seed_{seed}.log",
    benchmark:
        "<logs>/train_dense/{variant}/seed_{seed}.jsonl"
    priority: PLAN.priority("train_dense")
    conda:
        "../../envs/environment.yaml"
    threads: PLAN.run.preset.threads
    resources:
        gpu=PLAN.gpus(),
    params:
        preset=PLAN.run.preset_name,
    shell:
        "python -m pipeline train_dense --preset {params.preset} --variant {wildcards.variant} --seed {wildcards.seed} > {log} 2>&1"


rule evaluate_dense:
    input:
        "<data>/plan/evaluate_dense/{variant}.json",
        data=PLAN.inputs("evaluate_dense"),
    output:
        "<results>/metrics/{variant}.json",
        directory("<data>/evaluate_dense/{variant}"),
        "<data>/made/evaluate_dense/{variant}.json",
    log:
        "<logs>/evaluate_dense/{variant}.log",
    benchmark:
        "<logs>/evaluate_dense/{variant}.jsonl"
    wildcard_constraints:
        variant="|".join(DENSE_VARIANTS),
    priority: PLAN.priority("evaluate_dense")
    conda:
        "../../envs/environment.yaml"
    threads: PLAN.run.preset.threads
    resources:
        gpu=PLAN.gpus(),
    params:
        preset=PLAN.run.preset_name,
    shell:
        "python -m pipeline evaluate_dense --preset {params.preset} --variant {wildcards.variant} > {log} 2>&1"
