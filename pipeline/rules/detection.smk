# Detection: one training per seed of a variant, then one evaluation per variant.


rule train_detection:
    input:
        "<data>/plan/train_detection/{variant}/seed_{seed}.json",
        data=PLAN.inputs("train_detection"),
    output:
        directory("<data>/train_detection/{variant}/seed_{seed}"),
        "<data>/made/train_detection/{variant}/seed_{seed}.json",
    log:
        "<logs>/train_detection/{variant}/seed_{seed}.log",
    benchmark:
        "<logs>/train_detection/{variant}/seed_{seed}.jsonl"
    priority: PLAN.priority("train_detection")
    conda:
        "../../envs/environment.yaml"
    threads: PLAN.run.preset.threads
    resources:
        **PLAN.gpu(),
    params:
        preset=PLAN.run.preset_name,
    shell:
        "python -m pipeline train_detection --preset {params.preset} --variant {wildcards.variant} --seed {wildcards.seed} > {log} 2>&1"


rule evaluate_detection:
    input:
        "<data>/plan/evaluate_detection/{variant}.json",
        data=PLAN.inputs("evaluate_detection"),
    output:
        "<results>/metrics/{variant}.json",
        directory("<data>/evaluate_detection/{variant}"),
        "<data>/made/evaluate_detection/{variant}.json",
    log:
        "<logs>/evaluate_detection/{variant}.log",
    benchmark:
        "<logs>/evaluate_detection/{variant}.jsonl"
    wildcard_constraints:
        variant="|".join(DETECTION_VARIANTS),
    priority: PLAN.priority("evaluate_detection")
    conda:
        "../../envs/environment.yaml"
    threads: PLAN.run.preset.threads
    resources:
        **PLAN.gpu(),
    params:
        preset=PLAN.run.preset_name,
    shell:
        "python -m pipeline evaluate_detection --preset {params.preset} --variant {wildcards.variant} > {log} 2>&1"
