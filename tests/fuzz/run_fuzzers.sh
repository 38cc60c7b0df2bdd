#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run_fuzzers.sh BUILD [TARGET …]: runs the fuzz targets of a build (all of them), as many at once as there are cores, each
# for UNMASK_FUZZ_SECONDS (60) from the corpora that make_fuzz_corpus makes and the seed UNMASK_FUZZ_SEED (1). Fails when one
# finds something; what it found, its log and the corpus it grew are in BUILD/fuzz.
set -eu

build=$1
shift
seconds=${UNMASK_FUZZ_SECONDS:-60}
jobs=${UNMASK_FUZZ_JOBS:-$(nproc)}
export UNMASK_FUZZ_SEED="${UNMASK_FUZZ_SEED:-1}"
targets=${*:-$(cd "$build/bin" && for file in *_fuzz; do echo "${file%_fuzz}"; done)}

# A corpus of before may hold what another version of a format wants.
rm -rf "$build/fuzz/seeds"
"$build/bin/make_fuzz_corpus" "$build/fuzz/seeds"

# One target: new inputs go to its corpus, findings beside it. A reader that needs 2 GiB, or 30 seconds for one of these
# small inputs, is a finding too.
cat > "$build/fuzz/run_one.sh" <<'END'
#!/bin/sh
build=$1 target=$2 seconds=$3
mkdir -p "$build/fuzz/$target/corpus"
if "$build/bin/${target}_fuzz" "$build/fuzz/$target/corpus" "$build/fuzz/seeds/$target" -max_total_time="$seconds" -seed="$UNMASK_FUZZ_SEED" \
    -max_len=65536 -rss_limit_mb=2048 -timeout=30 -print_final_stats=1 -artifact_prefix="$build/fuzz/$target/" \
    > "$build/fuzz/$target/log" 2>&1; then
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$build/fuzz/$target/log")
    echo "fuzz: $target: $runs inputs in $seconds s, nothing found"
else
    tail -n 40 "$build/fuzz/$target/log"
    echo "fuzz: $target: FOUND something, see $build/fuzz/$target"
    exit 1
fi
END
# shellcheck disable=SC2086  # the list is meant to be split
printf '%s\n' $targets | TMPDIR="${TMPDIR:-/tmp}" xargs -P "$jobs" -I '{}' sh "$build/fuzz/run_one.sh" "$build" '{}' "$seconds"
