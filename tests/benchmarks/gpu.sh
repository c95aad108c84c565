#!/usr/bin/env bash
# What a GPU makes of the pipeline's trainings: checks, speeds and their goals, in under 8 minutes.
#
#   tests/benchmarks/gpu.sh            on a machine with a GPU; writes gpu.json into $OUT (by default logs/gpu)
#   tests/benchmarks/gpu.sh --tiny     the same script in small, on a CPU, in a minute
#
# It needs python3 with torch, numpy, scipy, opencv, pyyaml and tqdm; no MLflow, DVC or Snakemake. If pydantic or
# faster-coco-eval is missing, it takes the wheels in .whl. They are fetched where there is a network, for the Python of the
# machine with the GPU:
#
#   python3 -m pip download --no-deps --only-binary=:all: --python-version 3.12 --platform manylinux_2_17_x86_64 -d .whl \
#     --constraint envs/constraints.txt pydantic pydantic-core annotated-types typing-inspection faster-coco-eval
set -euo pipefail
cd "$(dirname "$0")/../.."
python="${PYTHON:-python3}"
out="${OUT:-logs/gpu}"
mkdir -p "$out"
packages=""
if ! "$python" -c "import pydantic, faster_coco_eval" 2> /dev/null; then
  packages="$(mktemp -d)"
  "$python" -m pip install -q --no-index --no-deps --no-compile --target "$packages" .whl/*.whl
fi
export PYTHONPATH="$PWD:$PWD/tests${packages:+:$packages}${PYTHONPATH:+:$PYTHONPATH}"
export PYTHONUNBUFFERED=1
exec timeout 470 "$python" tests/benchmarks/gpu.py --out "$out" "$@"
