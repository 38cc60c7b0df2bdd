#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# self_test.sh: run_gpu_suite.sh with programs that stand in for the bundle's.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bundle" "$work/tools"
cp "$here/run_gpu_suite.sh" "$here/suite_steps.sh" "$here/../peers/gpu_table.py" "$work/bundle"

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
    slow_once) [ "$(grep -c info "$CALLS")" -gt 1 ] || exec tail -f /dev/null ;;
esac
case "$HANGS $*" in
    "ops ops "*) tail -f /dev/null & echo $! >"$PIDS/ops"; wait ;;
    "killed ops "*) kill -KILL $$ ;;
    "ahead ops "*) until [ -s "$PIDS/ahead" ]; do sleep 0.05; done ;;
esac
case "$*" in *"determinism --backbone mobilenet_v1"*) echo "other bytes"; exit 1 ;; esac
END
program "$work/tools/compute-sanitizer" <<'END'
[ "$*" = --help ] || echo "sanitizer $*" >>"$CALLS"
[ "$SANITIZER" = runs ] || { echo "no debugger interface"; exit 1; }
END
# The limit of a look at a GPU that does not answer is short here. In bash, which hands exported functions on.
program "$work/tools/timeout" <<'END'
case "$GPU $*" in "slow"*"gpu_suite info") set -- "$1" 1 "${@:3}" ;; esac
exec "$TIMEOUT" "$@"
END
sed -i '1s/sh$/bash/' "$work/tools/timeout"
cat >"$work/bundle/gpu_speed.py" <<'END'
import os, signal, subprocess, sys
with open(os.environ["CALLS"], "a") as calls:
    print("gpu_speed.py", *sys.argv[1:], file=calls)
ahead = os.environ["PIDS"] + "/ahead"
if "--compile-ahead" in sys.argv:
    signal.signal(signal.SIGTERM, lambda *_: child.kill())
    with subprocess.Popen(["tail", "-f", "/dev/null"]) as child:
        with open(ahead, "w") as out:
            print(child.pid, file=out)
    sys.exit()
if os.path.exists(ahead):
    with open(ahead) as file:
        if os.path.exists("/proc/" + file.read().strip()):
            sys.exit("PyTorch compiles while speed is measured")
with open(sys.argv[sys.argv.index("--out") + 1], "w") as out:
    print('{"ceilings": true, "bytes_per_second": 4e12, "operations_per_second": 8e14}', file=out)
sys.exit(int(os.environ["SPEED"]))
END
# A Python that "has" PyTorch or not. Importing it hangs.
program "$work/tools/python" <<'END'
case "$*" in
    *find_spec*) [ "$TORCH" = there ]; exit ;;
    *"import torch, torchvision"*) exec tail -f /dev/null ;;
    *"import torch;"*) echo "PyTorch of the test"; exit 0 ;;
    *--compile-ahead*) [ "$AHEAD" = works ] || { echo "no compiler"; exit 1; } ;;
esac
exec python3 "$@"
END
TIMEOUT=$(command -v timeout)
export TIMEOUT CALLS="$work/calls" PIDS="$work" SANITIZER=runs GPU=there TORCH=there HANGS="" SPEED=0 AHEAD=works \
    PATH="$work/tools:$PATH"

suite() { # EXPECTED_CODE ARGUMENTS…
    expected=$1
    shift
    : >"$CALLS"
    rm -f "$PIDS/ahead"
    code=0
    "$work/bundle/run_gpu_suite.sh" --out "$work/run" --python "$work/tools/python" "$@" >"$work/output" 2>&1 || code=$?
    [ "$code" -eq "$expected" ] || { echo "expected exit code $expected, found $code"; cat "$work/output"; exit 1; }
}
nothing_ran() { # LOOKS: but the look for a GPU, so many times
    [ "$(grep -c -x "gpu_suite info" "$CALLS") $(wc -l <"$CALLS")" = "$1 $1" ] ||
        { echo "expected $1 'gpu_suite info' and nothing else, found:"; cat "$CALLS"; exit 1; }
}
gone() { # NAME: the process that the file NAME has the number of, at once or soon
    [ -s "$PIDS/$1" ] || { echo "$1 was never there"; exit 1; }
    tries=0
    while grep -q -s tail "/proc/$(cat "$PIDS/$1")/cmdline"; do
        tries=$((tries + 1))
        [ $tries -lt 100 ] || { echo "$1 is still there"; cat "$work/output"; exit 1; }
        sleep 0.05
    done
}
lacks() { # FILE TEXT
    ! grep -q -e "$2" "$1" || { echo "expected no '$2' in $1:"; cat "$1"; exit 1; }
}
has() { # FILE TEXT…
    file=$1
    shift
    for text in "$@"; do
        grep -q -e "$text" "$file" || { echo "expected '$text' in $file:"; cat "$file"; exit 1; }
    done
}

# Everything: a failure is counted and stops nothing, speed comes before the sanitizers, and one archive has all logs.
HANGS=ahead
suite 1
HANGS=""
has "$work/output" "ops_bf16  *passed" "^split_k  *passed" "^one_picture  *passed" "^convolutions  *passed" \
    "^optimizer  *passed" "^integers  *passed" \
    "parity_tf32  *passed" "determinism_mobilenet_v1  *FAILED: exit code 1" "determinism_efficientnet_b0  *passed" \
    "speed  *passed" "ceilings: 4.00 TB/s" "memcheck_bf16  *passed" "memcheck_input  *passed" \
    "memcheck_split_k  *passed" "memcheck_optimizer  *passed" "memcheck_integers  *passed" \
    "racecheck_f32  *passed" "racecheck_input  *passed" "racecheck_integers  *passed" "racecheck_split_k  *passed"
has "$CALLS" "gpu_suite ops --precision tf32" "gpu_suite parity --cases .*/cases --precision bf16" \
    "gpu_suite rounding --precision bf16" \
    "--tool racecheck .*kernel_substring=unmask.*gpu_suite ops --precision bf16" \
    "--tool racecheck .*kernel_substring=unmask.*gpu_suite input" \
    "--tool racecheck .*kernel_substring=unmask.*gpu_suite integers" \
    "--tool racecheck .*kernel_substring=unmask.*gpu_suite split_k --runs 2" \
    "gpu_speed.py --unmask .*--cache $work/unmask-gpu-compiled --limit 3595$"
lacks "$CALLS" "rounding --precision f32"
awk '/^speed /{speed = NR} /^memcheck_f32 /{check = NR} END {exit !(speed && speed < check)}' "$work/output"
# bf16 before what speed is not measured in.
awk '/^determinism_resnet18 /{begin = NR} /^(ops|parity|rounding)_bf16 /{early += !begin}
    /^(ops|parity)_f32 |^(ops|parity|rounding)_tf32 /{late += begin > 0} END {exit early != 3 || late != 5}' \
    "$work/run/summary.txt"
# PyTorch compiled beside the checks and was ended before speed, where gpu_speed.py of the test fails otherwise.
has "$CALLS" "--compile-ahead --cache $work/unmask-gpu-compiled --limit 3600$"
gone ahead
tar -tzf "$work/run.tar.gz" >"$work/names"
has "$work/names" run/ops_f32.log run/environment.log run/summary.txt run/speed.jsonl run/speed.txt
cmp "$work/run/summary.txt" - <<END
$(sed -n '/^step  *result/,/^all logs/p' "$work/output" | sed '$d')
END

# Compiling ahead that fails, is not wanted, or has nothing to run beside, changes no step.
AHEAD=fails
suite 0 --only ops,speed --quick
has "$work/output" "ops_bf16  *passed" "speed  *passed"
has "$work/run/compile_ahead.log" "no compiler"
AHEAD=works
suite 0 --only ops,speed --no-compile-ahead
lacks "$CALLS" "--compile-ahead"
suite 0 --only speed,environment
lacks "$CALLS" "--compile-ahead"
HANGS=ahead
suite 0 --only ops --speed-cases train-mobilenet --quick
HANGS=""
has "$CALLS" "--compile-ahead .*--quick --cases train-mobilenet"
gone ahead

# What gpu_speed.py's exit codes say.
SPEED=3
suite 1 --only speed
has "$work/output" "speed  *passed, PyTorch failed"
SPEED=4
suite 0 --only speed
has "$work/output" "speed  *not finished"
SPEED=1
suite 1 --only speed
has "$work/output" "speed  *FAILED: exit code 1" "ceilings: 4.00 TB/s"
SPEED=0

# A program that the run's time cuts did not fail; one that takes longer than its own, or is killed, did.
HANGS=ops
suite 0 --only ops --seconds 8 --quick
has "$work/output" "ops_bf16  *not finished: [1-3] s were left" "ops_f32  *skipped: the time is over"
gone ops
suite 1 --only ops --seconds 1000 --limit 1
has "$work/output" "ops_bf16  *FAILED: ended after 1 s" "input  *passed"
HANGS=killed
suite 1 --only ops --seconds 500
has "$work/output" "ops_bf16  *FAILED: exit code 137" "input  *passed"

# A run that is ended from outside leaves what it has, and nothing that runs.
HANGS=ops
for signal in TERM HUP; do
    rm -f "$PIDS/ops" "$PIDS/ahead"
    "$work/bundle/run_gpu_suite.sh" --out "$work/run" --python "$work/tools/python" >"$work/output" 2>&1 &
    run=$!
    until [ -s "$PIDS/ops" ] && [ -s "$PIDS/ahead" ]; do
        kill -0 $run || { cat "$work/output"; exit 1; }
        sleep 0.05
    done
    # After each step there is an archive.
    tar -xzOf "$work/run.tar.gz" run/summary.txt >"$work/early"
    has "$work/early" "environment  *passed" "More steps follow"
    kill -$signal $run
    code=0
    wait $run || code=$?
    [ "$signal $code" = "TERM 143" ] || [ "$signal $code" = "HUP 129" ] || { echo "exit code $code"; exit 1; }
    tar -xzOf "$work/run.tar.gz" run/summary.txt >"$work/late"
    has "$work/late" "environment  *passed" "ops_bf16  *ended from outside" "^The run was ended from outside"
    gone ops
    gone ahead
done
HANGS=""

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
has "$work/output" "environment  *FAILED: exit code 1" "ops_f32  *skipped: no usable GPU" \
    "determinism_resnet18  *skipped: no usable GPU" \
    "speed  *skipped: no usable GPU" "memcheck  *skipped: no usable GPU" "racecheck  *skipped: no usable GPU" \
    "^no usable GPU: gpu_suite: device cuda: expected a driver, found none"
has "$work/run/summary.txt" "^no usable GPU: gpu_suite: device cuda"
has "$work/run/environment.log" "PyTorch of the test" "expected a driver, found none"
nothing_ran 1
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
has "$work/output" "ops_f32  *skipped: gpu_suite does not run (exit code 127)" \
    "memcheck  *skipped: gpu_suite does not run" \
    "^gpu_suite does not run (exit code 127): gpu_suite: error while loading shared libraries: libcudnn.so.9"
! grep -q -e "no usable GPU" "$work/output" || { cat "$work/output"; exit 1; }
nothing_ran 1
GPU=slow
suite 1
has "$work/output" "ops_f32  *skipped: gpu_suite info: ended after 60 s" \
    "racecheck  *skipped: gpu_suite info: ended after 60 s" "^gpu_suite info: ended after 60 s$"
! grep -q -e "no usable GPU" "$work/output" || { cat "$work/output"; exit 1; }
nothing_ran 2
# One that answers at the second look is used.
GPU=slow_once
suite 0 --only parity
has "$work/output" "parity_bf16  *passed"
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
