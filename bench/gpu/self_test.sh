#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# self_test.sh: run_gpu_suite.sh with programs that stand in for the bundle's.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bundle" "$work/tools"
cp "$here/run_gpu_suite.sh" "$here/../peers/gpu_table.py" "$work/bundle"

program() { # PATH: a program of the lines on standard input
    { echo '#!/bin/sh'; cat; } >"$1"
    chmod 755 "$1"
}
program "$work/bundle/unmask" <<'END'
echo "unmask of the test"
END
program "$work/bundle/gpu_suite" <<'END'
echo "gpu_suite $*" | tee -a "$CALLS"
case $GPU in
    missing) echo "gpu_suite: device cuda: expected a driver, found none" >&2; exit 2 ;;
    unloadable) echo "gpu_suite: error while loading shared libraries: libcudnn.so.9" >&2; exit 127 ;;
    slow) echo "A100, compute 8.0"; exec tail -f /dev/null ;;
esac
case "$*" in *"determinism --backbone mobilenet_v1"*) echo "other bytes"; exit 1 ;; esac
END
program "$work/tools/compute-sanitizer" <<'END'
[ "$*" = --help ] || echo "sanitizer $*" >>"$CALLS"
[ "$SANITIZER" = runs ] || { echo "no debugger interface"; exit 1; }
END
# The limit of a look at a GPU that does not answer is short here. In bash, which hands exported functions on.
program "$work/tools/timeout" <<'END'
case "$GPU $*" in "slow "*"gpu_suite info") set -- "$1" 1 "${@:3}" ;; esac
exec "$TIMEOUT" "$@"
END
sed -i '1s/sh$/bash/' "$work/tools/timeout"
cat >"$work/bundle/gpu_speed.py" <<'END'
import sys
with open(sys.argv[sys.argv.index("--out") + 1], "w") as out:
    print('{"ceilings": true, "bytes_per_second": 4e12, "operations_per_second": 8e14}', file=out)
END
# A Python that "has" PyTorch or not.
program "$work/tools/python" <<'END'
case "$*" in *"import torch, torchvision"*) [ "$TORCH" = there ]; exit ;; *"import torch;"*) echo "PyTorch of the test"; exit 0 ;; esac
exec python3 "$@"
END
TIMEOUT=$(command -v timeout)
export TIMEOUT CALLS="$work/calls" SANITIZER=runs GPU=there TORCH=there PATH="$work/tools:$PATH"

suite() { # EXPECTED_CODE ARGUMENTS…
    expected=$1
    shift
    : >"$CALLS"
    code=0
    "$work/bundle/run_gpu_suite.sh" --out "$work/run" --python "$work/tools/python" "$@" >"$work/output" 2>&1 || code=$?
    [ "$code" -eq "$expected" ] || { echo "expected exit code $expected, found $code"; cat "$work/output"; exit 1; }
}
nothing_ran() { # but the look for a GPU, once
    [ "$(cat "$CALLS")" = "gpu_suite info" ] || { echo "expected one 'gpu_suite info', found:"; cat "$CALLS"; exit 1; }
}
has() { # FILE TEXT…
    file=$1
    shift
    for text in "$@"; do
        grep -q -e "$text" "$file" || { echo "expected '$text' in $file:"; cat "$file"; exit 1; }
    done
}

# Everything: a failure is counted and stops nothing, speed comes before the sanitizers, and one archive has all logs.
suite 1
has "$work/output" "ops_bf16  *passed" "^convolutions  *passed" "^optimizer  *passed" "^integers  *passed" "memcheck_input  *passed" "memcheck_optimizer  *passed" \
    "memcheck_integers  *passed" "parity_tf32  *passed" "determinism_mobilenet_v1  *FAILED: exit code 1" \
    "determinism_efficientnet_b0  *passed" "speed  *passed" "memcheck_bf16  *passed" "racecheck_f32  *passed" "racecheck_input  *passed" "racecheck_integers  *passed" "ceilings: 4.00 TB/s"
has "$CALLS" "gpu_suite ops --precision tf32" "gpu_suite parity --cases .*/cases --precision bf16" \
    "gpu_suite rounding --precision bf16" \
    "--tool racecheck .*kernel_substring=unmask.*gpu_suite ops --precision bf16" \
    "--tool racecheck .*kernel_substring=unmask.*gpu_suite input" \
    "--tool racecheck .*kernel_substring=unmask.*gpu_suite integers"
awk '/^speed /{speed = NR} /^memcheck_f32 /{check = NR} END {exit !(speed && speed < check)}' "$work/output"
tar -tzf "$work/run.tar.gz" >"$work/names"
has "$work/names" run/ops_f32.log run/environment.log run/summary.txt run/speed.jsonl run/speed.txt
cmp "$work/run/summary.txt" - <<END
$(sed -n '/^step  *result/,/^all logs/p' "$work/output" | sed '$d')
END

# Some steps; where the sanitizer does not run it is skipped, which is no failure.
SANITIZER=broken
suite 0 --only ops,memcheck,racecheck
has "$work/output" "memcheck  *skipped: compute-sanitizer does not run here" "racecheck  *skipped" "ops_f32  *passed"
! grep -q -e parity "$CALLS" || exit 1
[ ! -e "$work/run/speed.txt" ] || { echo "speeds of an earlier run are still there"; exit 1; }
has "$work/run/sanitizer_probe.log" "no debugger interface"

# Without a GPU nothing is run, and that is no success.
GPU=missing
suite 1
has "$work/output" "environment  *FAILED: exit code 1" "ops_f32  *skipped: no usable GPU" "determinism_resnet18  *skipped: no usable GPU" \
    "speed  *skipped: no usable GPU" "memcheck  *skipped: no usable GPU" "racecheck  *skipped: no usable GPU" \
    "^no usable GPU: gpu_suite: device cuda: expected a driver, found none"
has "$work/run/summary.txt" "^no usable GPU: gpu_suite: device cuda"
has "$work/run/environment.log" "PyTorch of the test" "expected a driver, found none"
nothing_ran
TORCH=missing
suite 1 --only speed
has "$work/output" "speed  *skipped: no usable GPU"
GPU=there
suite 0 --only speed
has "$work/output" "speed  *skipped: .*python has no PyTorch"
TORCH=there

# A look that fails otherwise says nothing of the GPU: a library is missing, or the time is over.
GPU=unloadable
suite 1
has "$work/output" "ops_f32  *skipped: gpu_suite does not run (exit code 127)" "memcheck  *skipped: gpu_suite does not run" \
    "^gpu_suite does not run (exit code 127): gpu_suite: error while loading shared libraries: libcudnn.so.9"
! grep -q -e "no usable GPU" "$work/output" || { cat "$work/output"; exit 1; }
nothing_ran
GPU=slow
suite 1
has "$work/output" "ops_f32  *skipped: gpu_suite info: ended after 60 s" "racecheck  *skipped: gpu_suite info: ended after 60 s" \
    "^gpu_suite info: ended after 60 s$"
! grep -q -e "no usable GPU" "$work/output" || { cat "$work/output"; exit 1; }
nothing_ran
GPU=there

# No time is left for any step.
suite 0 --seconds 0
has "$work/output" "environment  *skipped: the time is over" "ops_f32  *skipped" "speed  *skipped: the time is over"
[ ! -s "$CALLS" ] || { cat "$CALLS"; exit 1; }

# Enough of it changes nothing.
suite 1 --seconds 100000
has "$work/output" "determinism_resnet18  *passed"

suite 2 --seconds soon
suite 2 --only everything
echo "run_gpu_suite.sh: self-test passed"
