# Lifting: one training per seed of a variant, then one evaluation per variant.


rule train_lifting:
    input:
        "<data>/plan/train_lifting/{variant}/seed_{seed}.json",
        data=PLAN.inputs("train_lifting"),
    output:
        directory("<data>/train_lifting/{variant}/seed_{seed}"),
        "<data>/made/train_lifting/{variant}/seed_{seed}.json",
    log:
        "<logs>/train_lifting/{variant}/seed_{seed}.log",
    benchmark:
        "<logs>/train_lifting/{variant}/seed_{seed}.jsonl"
    priority: PLAN.priority("train_lifting")
    conda:
        "../../envs/environment.yaml"
    threads: PLAN.run.preset.threads
    resources:
        **PLAN.gpu(),
    params:
        preset=PLAN.run.preset_name,
    shell:
        "python -m pipeline train_lifting --preset {params.preset} --variant {wildcards.variant} --seed {wildcards.seed} > {log} 2>&1"


rule evaluate_lifting:
    input:
        "<data>/plan/evaluate_lifting/{variant}.json",
        data=PLAN.inputs("evaluate_lifting"),
    output:
        "<results>/metrics/{variant}.json",
        "<data>/evaluate_lifting/{variant}.npz",
        "<data>/made/evaluate_lifting/{variant}.json",
    log:
        "<logs>/evaluate_lifting/{variant}.log",
    benchmark:
        "<logs>/evaluate_lifting/{variant}.jsonl"
    wildcard_constraints:
        variant="|".join(LIFTING_VARIANTS),
    priority: PLAN.priority("evaluate_lifting")
    conda:
        "../../envs/environment.yaml"
    threads: PLAN.run.preset.threads
    resources:
        **PLAN.gpu(),
    params:
        preset=PLAN.run.preset_name,
    shell:
        "python -m pipeline evaluate_lifting --preset {params.preset} --variant {wildcards.variant} > {log} 2>&1"
