#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run_tests.sh PRESET …: configures, builds and tests each preset; stops at the first that fails, with its exit code, and
# names the tests that were skipped, whether others failed or not. UNMASK_CUDA=ON or OFF in the environment overrides what
# the release preset finds, UNMASK_UNITY=ON lets it compile folders as units.
set -eu
cd "$(dirname "$0")/.."

# Many programs are one entry of CTest each, which passes where some of their tests were skipped: their output tells.
name_skipped_tests() {
    awk '/: Skipped$/ { getline reason }
        /^\[  SKIPPED \] .* \([0-9]+ ms\)$/ { print "skipped: " $4 ": " reason }' "$1"
}

for preset in "$@"; do
    echo "== $preset"
    if [ "$preset" = release ]; then
        cmake --preset "$preset" ${UNMASK_CUDA:+"-DUNMASK_CUDA=$UNMASK_CUDA"} -DUNMASK_UNITY="${UNMASK_UNITY:-OFF}"
    else
        cmake --preset "$preset"
    fi
    cmake --build --preset "$preset"
    log="build/$preset/Testing/Temporary/LastTest.log"
    rm -f "$log"
    code=0
    ctest --preset "$preset" || code=$?
    if [ -f "$log" ]; then name_skipped_tests "$log"; fi
    if [ "$code" -ne 0 ]; then exit "$code"; fi
done
