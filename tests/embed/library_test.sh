#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The built library from outside: what it shows, what it needs, and with MOST_… in the environment how large it is.
# library_test.sh SHARED STATIC MINI; from the environment NM, OBJDUMP, STRIP.
set -eu
shared=$1 static=$2 mini=$3
failed=0
check() {  # WHAT EXPECTED FOUND
    if [ "$2" = "$3" ]; then
        echo "ok: $1"
    else
        echo "FAILED: $1: expected
$2
found
$3" >&2
        failed=1
    fi
}

functions="unmask_aggregate_scores unmask_infer unmask_model_describe unmask_model_free unmask_model_open
unmask_model_open_memory unmask_score_crops unmask_score_faces unmask_score_frames unmask_session_create
unmask_session_free unmask_status_text unmask_verdict_of unmask_version unmask_version_number"
expected=$(echo "$functions" | tr ' ' '\n' | sort)
check "dynamic symbols" "$expected" "$("$NM" -D --defined-only "$shared" | awk '$2 != "A" {sub("@.*", "", $3); print $3}' | sort)"
check "global symbols of the static library" "$expected" "$("$NM" -g --defined-only "$static" | awk 'NF == 3 {print $3}' | sort)"
check "version of the symbols" "UNMASK_${SOVERSION}" "$("$NM" -D --defined-only "$shared" | sed -n 's/.*@@*//p' | sort -u)"
check "SONAME" "libunmask.so.$SOVERSION" "$("$OBJDUMP" -p "$shared" | awk '/SONAME/ {print $2}')"

if [ -n "${MOST_SHARED_BYTES:-}" ]; then
    needed=$("$OBJDUMP" -p "$shared" | awk '/NEEDED/ {print $2}' | grep -v -e '^libc\.so' -e '^libm\.so' -e '^libstdc++\.so' -e '^libgcc_s\.so' -e '^ld-linux' || true)
    check "libraries besides the C and C++ ones" "" "$needed"
    # One call keeps the walk over the graph, one file with both directions the gradients' kernels.
    check "functions for gradients" "" "$("$NM" -C --defined-only "$shared" | grep -E ' unmask::([A-Za-z_]+::)*[a-z0-9_]*(backward|walk_back)' || true)"
    check "functions in float64" "" "$("$NM" -C --defined-only "$shared" | grep -E ' unmask::.*(gemm|apply_epilogue)<double' || true)"
    check "libraries of unmask-mini" "" "$("$OBJDUMP" -p "$mini" | awk '/NEEDED/ {print $2}')"
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    size() {  # NAME FILE MOST
        "$STRIP" -o "$folder/stripped" "$2"
        bytes=$(wc -c <"$folder/stripped")
        echo "$1: $bytes bytes stripped, at most $3"
        [ "$bytes" -le "$3" ] || {
            echo "FAILED: $1 is larger than that" >&2
            failed=1
        }
    }
    size libunmask.so "$shared" "$MOST_SHARED_BYTES"
    size unmask-mini "$mini" "$MOST_MINI_BYTES"
fi
exit $failed
