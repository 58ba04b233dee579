#!/bin/bash
# embed_test.sh EMBED MODULE.lua...: fails unless each module becomes the same text in every run.
set -euo pipefail

embed=$1
shift
cd "${TEST_TMPDIR:-/tmp}" && here=$OLDPWD
for module in "$@"; do
  for run in {1..16}; do
    # More in the environment is another address of all that follows.
    MORE=$(printf '%*s' "$((run * 100))" '') "$here/$embed" out.cc "test::modules" "module=$here/$module"
    if [ "$run" -eq 1 ]; then mv out.cc first.cc; else cmp first.cc out.cc; fi
  done
done
