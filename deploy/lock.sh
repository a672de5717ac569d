#!/usr/bin/env bash
# Resolve the dependencies: requirements.lock for people and tests, deploy/*.lock for the images.
set -euo pipefail
export VIRTUAL_ENV=$PWD/.venv UV_PYTHON_DOWNLOADS=never
uv=$(command -v uv || echo .venv/bin/uv)
own=(handrail)
for name in common intake session-logging compliance-reporting notification workforce; do own+=("handrail-$name"); done
options=(-q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header "${own[@]/#/--no-emit-package=}")
"$uv" pip compile "${options[@]}" --group dev deploy/cli/pyproject.toml --extra embedded -o requirements.lock
"$uv" pip compile "${options[@]}" -c requirements.lock deploy/cli/pyproject.toml -o deploy/requirements.lock
# What builds our own packages inside the image, and stays out of it.
printf 'hatchling\neditables\n' | "$uv" pip compile "${options[@]}" -c requirements.lock - -o deploy/backend.lock
