#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run_benchmarks.sh BIN OUT [NAME…]: runs the benchmarks in the folder BIN (all, or those named: op detector loader startup),
# three repetitions each in random order, and leaves NAME.json in the folder OUT, with the commit in its context. What was there of
# these goes first. Fails for one that is not built.
set -eu
if [ $# -lt 2 ]; then
    echo "usage: $0 BIN OUT [op|detector|loader|startup]..." >&2
    exit 2
fi
bin=$1 out=$2
shift 2
[ $# -gt 0 ] || set -- op detector loader startup
mkdir -p "$out"
commit=$(python3 "$(dirname "$0")/context.py" 2>/dev/null || echo unknown)
for name in "$@"; do rm -f "$out/$name.json"; done
for name in "$@"; do
    program=$bin/${name}_bench
    if [ ! -x "$program" ]; then
        echo "$0: expected the program $program, found none (it is built where Google Benchmark is found)" >&2
        exit 2
    fi
    "$program" --benchmark_repetitions=3 --benchmark_enable_random_interleaving=true --benchmark_min_time=0.2 \
        --benchmark_display_aggregates_only=true --benchmark_context=commit="$commit" --benchmark_out_format=json \
        --benchmark_out="$out/$name.json.part"
    mv "$out/$name.json.part" "$out/$name.json"
done
