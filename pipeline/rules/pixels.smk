# Lifting from images: one training per seed of a variant, some of which begin with the weights of another; then one
# evaluation per variant.


rule train_pixels:
    input:
        "<data>/plan/train_pixels/{variant}/seed_{seed}.json",
        data=PLAN.inputs("train_pixels"),
    output:
        directory("<data>/train_pixels/{variant}/seed_{seed}"),
        "<data>/made/train_pixels/{variant}/seed_{seed}.json",
    log:
        "<logs>/train_pixels/{variant}/seed_{seed}.log",
    benchmark:
        "<logs>/train_pixels/{variant}/seed_{seed}.jsonl"
    priority: PLAN.priority("train_pixels")
    conda:
        "../../envs/environment.yaml"
    threads: PLAN.run.preset.threads
    resources:
        **PLAN.gpu(),
    params:
        preset=PLAN.run.preset_name,
    shell:
        "python -m pipeline train_pixels --preset {params.preset} --variant {wildcards.variant} --seed {wildcards.seed} > {log} 2>&1"


rule evaluate_pixels:
    input:
        "<data>/plan/evaluate_pixels/{variant}.json",
        data=PLAN.inputs("evaluate_pixels"),
    output:
        "<results>/metrics/{variant}.json",
        "<data>/evaluate_pixels/{variant}.npz",
        "<data>/made/evaluate_pixels/{variant}.json",
    log:
        "<logs>/evaluate_pixels/{variant}.log",
    benchmark:
        "<logs>/evaluate_pixels/{variant}.jsonl"
    wildcard_constraints:
        variant="|".join(PIXELS_VARIANTS),
    priority: PLAN.priority("evaluate_pixels")
    conda:
        "../../envs/environment.yaml"
    threads: PLAN.run.preset.threads
    resources:
        **PLAN.gpu(),
    params:
        preset=PLAN.run.preset_name,
    shell:
        "python -m pipeline evaluate_pixels --preset {params.preset} --variant {wildcards.variant} > {log} 2>&1"
