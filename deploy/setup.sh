#!/usr/bin/env bash
# Make .venv with uv and exactly the locked dependencies. Needs Python 3.11 or newer; needs no root.
set -euo pipefail
python=${PYTHON:-python3}
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  echo "Handrail needs Python 3.11 or newer as \`$python\` (or set PYTHON=/path/to/python)." >&2; exit 1
fi
if ! [ -x .venv/bin/python ]; then
  if command -v uv >/dev/null; then uv venv -q --python "$python" .venv
  elif "$python" -c 'import ensurepip' 2>/dev/null; then "$python" -m venv .venv
  else echo "This Python has no venv module. Install it (Debian, Ubuntu: python3-venv) or uv, then try again." >&2; exit 1; fi
fi
uv=$(command -v uv || true)
if [ -z "$uv" ]; then
  [ -x .venv/bin/uv ] || .venv/bin/python -m pip install -q --disable-pip-version-check "uv==$(cat deploy/uv.version)"
  uv=.venv/bin/uv
fi
export VIRTUAL_ENV=$PWD/.venv UV_PYTHON_DOWNLOADS=never
# Compiled once here: every start of the platform would otherwise compile some thousand files again.
"$uv" pip sync -q --require-hashes --compile-bytecode requirements.lock
# Our own packages, editable, built with the locked build backend.
"$uv" pip install -q --no-deps --no-build-isolation $(printf -- "-e ./%s " "$@")
.venv/bin/python -m compileall -q $(printf -- "%s/src " "$@")
