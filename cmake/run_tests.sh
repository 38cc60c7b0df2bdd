#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run_tests.sh PRESET …: configures, builds and tests each preset; stops at the first that fails. UNMASK_CUDA=ON or OFF
# in the environment overrides what the release preset finds.
set -eu
cd "$(dirname "$0")/.."

for preset in "$@"; do
    echo "== $preset"
    if [ "$preset" = release ] && [ -n "${UNMASK_CUDA:-}" ]; then
        cmake --preset "$preset" -DUNMASK_CUDA="$UNMASK_CUDA"
    else
        cmake --preset "$preset"
    fi
    cmake --build --preset "$preset"
    ctest --preset "$preset"
done
