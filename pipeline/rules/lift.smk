# From 2D joints to 3D joints: every seed of a variant is trained by itself, then the variant is measured.


rule train_lift:
    input:
        "<data>/plan/train_lift/{variant}/seed_{seed}.json",
        data=PLAN.inputs("train_lift"),
    output:
        directory("<data>/train_lift/{variant}/seed_{seed}"),
        "<data>/made/train_lift/{variant}/seed_{seed}.json",
    log:
        "<logs>/train_lift/{variant}/seed_{seed}.log",
    benchmark:
        "<logs>/train_lift/{variant}/seed_{seed}.jsonl"
    priority: PLAN.priority("train_lift")
    conda:
        "../../envs/environment.yaml"
    threads: PLAN.run.preset.threads
    resources:
        gpu=PLAN.gpus(),
    params:
        preset=PLAN.run.preset_name,
    shell:
        "python -m pipeline train_lift --preset {params.preset} --variant {wildcards.variant} --seed {wildcards.seed} > {log} 2>&1"


rule evaluate_lift:
    input:
        "<data>/plan/evaluate_lift/{variant}.json",
        data=PLAN.inputs("evaluate_lift"),
    output:
        "<results>/metrics/{variant}.json",
        "<data>/evaluate_lift/{variant}.npz",
        "<data>/made/evaluate_lift/{variant}.json",
    log:
        "<logs>/evaluate_lift/{variant}.log",
    benchmark:
        "<logs>/evaluate_lift/{variant}.jsonl"
    wildcard_constraints:
        variant="|".join(LIFT_VARIANTS),
    priority: PLAN.priority("evaluate_lift")
    conda:
        "../../envs/environment.yaml"
    threads: PLAN.run.preset.threads
    resources:
        gpu=PLAN.gpus(),
    params:
        preset=PLAN.run.preset_name,
    shell:
        "python -m pipeline evaluate_lift --preset {params.preset} --variant {wildcards.variant} > {log} 2>&1"
