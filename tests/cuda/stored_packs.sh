#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# stored_packs.sh NVCC SOURCE.cu FLAG …: fails where a kernel that works in packs of 4 or 8 bf16 stores their elements one by
# one, in the code that the compiler makes of the source for compute capability 9.0. It does so where it can't tell that a
# pointer stays the same within a loop, which costs several times the memory traffic and shows in no result. The number in
# sum_parts_kernel's name is of columns, which it writes one by one. split_k_conv2d_kernel has no number: all that it stores
# is packs, of float32 too.
set -eu
nvcc=$1 source=$2
shift 2
"$nvcc" "$@" -arch=compute_90 -ptx -o - "$source" | awk -v source="$source" '
    /\.entry / { kernel = $0; packs = kernel ~ /BFloat16/ && kernel ~ /Li[48]E|split_k_conv2d_kernel/ && kernel !~ /sum_parts_kernel/; seen += packs }
    (/st\.global\.[ub]16/ || /st\.global\.f32/ && kernel ~ /split_k_conv2d_kernel/) && packs { split_stores[kernel]++ }
    END {
        for (kernel in split_stores) {
            printf "%s: %d elements of packs are stored one by one in%s\n", source, split_stores[kernel], kernel
            bad = 1
        }
        if (!seen) { printf "%s: expected kernels that work in packs of bf16, found none\n", source; bad = 1 }
        exit bad
    }'
