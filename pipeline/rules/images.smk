# Pictures with annotated people and objects, made in code or COCO's.


rule prepare_images:
    input:
        "<data>/download.json",
        "<data>/body",
        code=STAGES.code_of("prepare_images"),
    output:
        directory("<data>/images/pose"),
        directory("<data>/images/boxes"),
    log:
        "<logs>/prepare_images.log",
    benchmark:
        "<logs>/prepare_images.jsonl"
    priority: 2000
    conda:
        "../../envs/environment.yaml"
    params:
        preset=PRESET,
        settings=STAGES.settings_of("prepare_images"),
    shell:
        "python -m pipeline prepare_images --preset {params.preset} > {log} 2>&1"
