#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run_tests.sh PRESET …: configures, builds and tests each preset; stops at the first that fails, and names the tests that
# were skipped. UNMASK_CUDA=ON or OFF in the environment overrides what the release preset finds.
set -eu
cd "$(dirname "$0")/.."

# Many programs are one entry of CTest each, which passes where some of their tests were skipped: their output tells.
name_skipped_tests() {
    awk '/: Skipped$/ { getline reason }
        /^\[  SKIPPED \] .* \([0-9]+ ms\)$/ { print "skipped: " $4 ": " reason }' "$1"
}

for preset in "$@"; do
    echo "== $preset"
    if [ "$preset" = release ] && [ -n "${UNMASK_CUDA:-}" ]; then
        cmake --preset "$preset" -DUNMASK_CUDA="$UNMASK_CUDA"
    else
        cmake --preset "$preset"
    fi
    cmake --build --preset "$preset"
    ctest --preset "$preset"
    name_skipped_tests "build/$preset/Testing/Temporary/LastTest.log"
done
