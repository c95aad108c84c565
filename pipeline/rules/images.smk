# Images with annotated people or objects: rendered scenes, or COCO. Crops of one person: the poses, drawn on their bodies.


rule prepare_images:
    input:
        "<data>/plan/prepare_images/{task}.json",
        data=PLAN.inputs("prepare_images"),
    output:
        directory("<data>/images/{task}"),
        "<data>/made/prepare_images/{task}.json",
    log:
        "<logs>/prepare_images/{task}.log",
    benchmark:
        "<logs>/prepare_images/{task}.jsonl"
    priority: PLAN.first()
    conda:
        "../../envs/environment.yaml"
    params:
        preset=PLAN.run.preset_name,
    shell:
        "python -m pipeline prepare_images --preset {params.preset} --task {wildcards.task} > {log} 2>&1"


rule prepare_crops:
    input:
        "<data>/plan/prepare_crops.json",
        data=PLAN.data("prepare_crops"),
    output:
        directory("<data>/crops"),
        "<data>/made/prepare_crops.json",
    log:
        "<logs>/prepare_crops.log",
    benchmark:
        "<logs>/prepare_crops.jsonl"
    priority: PLAN.first()
    conda:
        "../../envs/environment.yaml"
    params:
        preset=PLAN.run.preset_name,
    shell:
        "python -m pipeline prepare_crops --preset {params.preset} > {log} 2>&1"
