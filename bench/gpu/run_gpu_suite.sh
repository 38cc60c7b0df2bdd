#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# run_gpu_suite.sh: every check and measurement on this machine's first GPU. Lies beside the programs in the bundle that
# `make gpu-bundle` makes, and builds nothing. A step that fails or takes too long does not stop the others. summary.txt
# and the archive are written after each step and when the run is ended from outside, which leaves no program behind.
set -u
here=$(cd "$(dirname "$0")" && pwd)

usage() {
    cat <<END
run_gpu_suite.sh [--out FOLDER] [--only STEP,…] [--quick] [--seconds SECONDS] [--limit SECONDS] [--speed-cases NAME,…]
                 [--python PROGRAM] [--no-compile-ahead]
  --out          where logs and figures go (default: gpu-run); FOLDER.tar.gz has them all
  --only         some of: environment, ops, parity, determinism, speed, memcheck, racecheck
  --quick        fewer determinism steps, sanitizers in f32 only, the speed of resnet34 only, fewer runs of it
  --seconds      for the whole run: a step has what those before it left, and none is begun when nothing is
  --limit        longest time of one program in the first steps (default 600), and of the speed step as a whole
                 (six times that)
  --speed-cases  see gpu_speed.py --help
  --python       a Python that has PyTorch (default: python3)
  --no-compile-ahead
                 else PyTorch compiles for the speed step while checks run, into unmask-gpu-compiled beside FOLDER
Exit code: 0 when no step failed, nor PyTorch in all of a case of the speed step, and the look for a GPU, where there
was time for it, found one. 129, 130 or 143 when the run was ended by HUP, INT or TERM.
END
}

out=gpu-run only="" quick="" seconds="" limit=600 cases="" python=python3 ahead=yes
while [ $# -gt 0 ]; do
    case $1 in
        --quick) quick=yes; shift; continue ;;
        --no-compile-ahead) ahead=""; shift; continue ;;
        -h | --help) usage; exit 0 ;;
        --out | --only | --seconds | --limit | --speed-cases | --python) ;;
        *) echo "run_gpu_suite.sh: unknown option '$1'" >&2; usage >&2; exit 2 ;;
    esac
    [ $# -ge 2 ] || { echo "run_gpu_suite.sh: $1 needs a value" >&2; exit 2; }
    case $1 in
        --out) out=$2 ;;
        --only) only=$2 ;;
        --seconds) seconds=$2 ;;
        --limit) limit=$2 ;;
        --speed-cases) cases=$2 ;;
        --python) python=$2 ;;
    esac
    shift 2
done
steps="environment ops parity determinism speed memcheck racecheck"
for step in ${only//,/ }; do
    case " $steps " in
        *" $step "*) ;;
        *) echo "run_gpu_suite.sh: --only: expected some of $steps, found '$step'" >&2; exit 2 ;;
    esac
done
case $limit in
    '' | *[!0-9]*) echo "run_gpu_suite.sh: --limit: expected seconds, found '$limit'" >&2; exit 2 ;;
esac
case $seconds in
    *[!0-9]*) echo "run_gpu_suite.sh: --seconds: expected seconds, found '$seconds'" >&2; exit 2 ;;
esac
mkdir -p "$out" || exit 2
out=$(cd "$out" && pwd)

# The folders of cuDNN and cuBLASLt that the system does not know: those of Python's packages, which are PyTorch's own,
# and the toolkit's.
library_folders() {
    "$python" - 2>/dev/null <<END
import glob, site, sys
folders = {*site.getsitepackages(), *sys.path}
for found in sorted(found for folder in folders if folder for found in glob.glob(folder + "/nvidia/*/lib")):
    print(found)
END
    for folder in /usr/local/cuda/lib64 /usr/local/cuda/lib; do
        [ -d "$folder" ] && echo "$folder"
    done
}
found=$(library_folders | tr '\n' ':')
# For the programs of the bundle alone: PyTorch finds its own.
libraries=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}${found%:}
suite=(env "LD_LIBRARY_PATH=$libraries" "$here/gpu_suite")

# shellcheck source-path=SCRIPTDIR source=suite_steps.sh
. "$here/suite_steps.sh"

# Nothing can be checked or measured without a GPU: one look instead of a failure of every step. A first start may take
# long (a driver that wakes up, libraries from a slow disk): then one more.
look_for_gpu() {
    local code=0 most again
    most=$(left 60)
    limited "$most" "$out/gpu_probe.log" "${suite[@]}" info
    code=$?
    again=$(left 60)
    case $code in
        124 | 137)
            if [ "$again" -gt 0 ]; then
                most=$again
                limited "$most" "$out/gpu_probe.log" "${suite[@]}" info
                code=$?
            fi ;;
    esac
    case $code in
        0) return 0 ;;
        2) refusal="no usable GPU" ;;
        124 | 137) refusal="gpu_suite info: ended after $most s" ;;
        *) refusal="gpu_suite does not run (exit code $code)" ;;
    esac
    failed=1
    explained=$refusal
    # What was printed before the time was over says nothing of the cause.
    case $code in
        124 | 137) ;;
        *) explained+=": $(tail -n 1 "$out/gpu_probe.log")" ;;
    esac
    echo "$explained"
}

# Whether PyTorch is there, without importing it, which can take long or hang.
has_pytorch() {
    limited 60 /dev/null "$python" -c \
        'import importlib.util as u, sys; sys.exit(not all(map(u.find_spec, ("torch", "torchvision"))))'
}

# PyTorch compiles what the speed step needs while the checks run, which are no measurements; whether it does, matters
# to no step. It is over before anything is measured.
compiled=$(dirname "$out")/unmask-gpu-compiled
compiling=""
compile_ahead() {
    local most
    most=$(left $((6 * limit)))
    [ -n "$ahead" ] && [ -z "$refusal" ] && [ "$most" -gt 0 ] || return
    { chosen ops || chosen parity || chosen determinism; } && has_pytorch && mkdir -p "$compiled" || return
    echo "== PyTorch compiles ahead, in the background"
    timeout --kill-after=3 "$most" nice -n 19 "$python" "$here/gpu_speed.py" --compile-ahead --cache "$compiled" \
        --limit "$most" ${quick:+--quick} ${cases:+--cases "$cases"} >"$out/compile_ahead.log" 2>&1 &
    compiling=$!
}
end_compile_ahead() {
    [ -z "$compiling" ] || end "$compiling"
    compiling=""
}

# shellcheck disable=SC2317  # called by name below
environment() {
    nvidia-smi || echo "nvidia-smi: not there or failed"
    LD_LIBRARY_PATH=$libraries "$here/unmask" --version
    cat "$out/gpu_probe.log"
    timeout 60 "$python" -c 'import torch; print("PyTorch", torch.__version__, torch.version.cuda)' || echo "no PyTorch"
    uname -srm
    LD_LIBRARY_PATH=$libraries ldd "$here/unmask" || true
    [ -z "$refusal" ]
}

# sanitize NAME TOOL CHECK [OPTIONS…]: CHECK, words of gpu_suite. Each buffer is then a block of its own, so that what is
# done beyond it, or after its end, is seen.
sanitize() {
    local name=$1 tool=$2
    local -a check
    read -ra check <<<"$3"
    shift 3
    run "$name" "$limit" env "LD_LIBRARY_PATH=$libraries" UNMASK_NO_CUDA_MEMORY_CACHING=1 "$sanitizer" --tool "$tool" --error-exitcode 9 \
        --print-limit 30 "$@" "$here/gpu_suite" "${check[@]}"
}

# Of an earlier run into the same folder.
rm -f "$out"/*.log "$out/speed.jsonl" "$out/speed.txt" "$out/tuning.json" "$out/summary.txt" "$out.tar.gz"
export here python libraries out refusal
export -f environment
[ "$(left 60)" -eq 0 ] || look_for_gpu
chosen environment && run environment 120 bash -c environment
compile_ahead

# check PRECISION: what there is for each.
check() {
    chosen ops && run "ops_$1" "$limit" "${suite[@]}" ops --precision "$1"
    chosen parity && run "parity_$1" "$limit" "${suite[@]}" parity --cases "$here/cases" --precision "$1"
    # f32 is what the others are measured by.
    chosen parity && [ "$1" != f32 ] && run "rounding_$1" "$limit" "${suite[@]}" rounding --precision "$1"
}
# Speed is measured in bf16.
check bf16
if chosen ops; then
    for name in split_k input optimizer integers convolutions; do
        run $name "$limit" "${suite[@]}" $name
    done
fi
if chosen determinism; then
    for backbone in resnet18 mobilenet_v1 efficientnet_b0; do
        run "determinism_$backbone" "$limit" "${suite[@]}" determinism --backbone $backbone --steps \
            "$([ -n "$quick" ] && echo 5 || echo 20)"
    done
fi
check f32
check tf32
end_compile_ahead
# The first that is measured: nothing else is on the GPU now.
chosen ops && run one_picture "$limit" "${suite[@]}" one_picture
if chosen speed; then
    if [ -n "$refusal" ]; then
        skip speed "$refusal"
    elif has_pytorch; then
        # gpu_speed.py ends the program at hand itself, so that its lines are kept.
        most=$(($(left $((6 * limit))) - 5))
        run speed $((6 * limit + 60)) "$python" "$here/gpu_speed.py" --unmask "$here/unmask" --out "$out/speed.jsonl" \
            --libraries "$libraries" --cache "$compiled" --limit $((most > 0 ? most : 0)) ${quick:+--quick} \
            ${cases:+--cases "$cases"}
    else
        skip speed "$python has no PyTorch"
    fi
fi
sanitizer=$(command -v compute-sanitizer || ls /usr/local/cuda/bin/compute-sanitizer 2>/dev/null)
# Some machines (gVisor, a driver without the debugger's interface) cannot run it: a look at a small program says so.
if [ -n "$refusal" ]; then
    :
elif [ -z "$sanitizer" ]; then
    refusal="compute-sanitizer not found"
elif { chosen memcheck || chosen racecheck; } && [ "$(left 60)" -gt 0 ] &&
    ! limited "$(left 60)" "$out/sanitizer_probe.log" env "LD_LIBRARY_PATH=$libraries" "$sanitizer" --tool memcheck \
        "$here/gpu_suite" info; then
    refusal="compute-sanitizer does not run here"
fi
precisions="f32 bf16"
[ -n "$quick" ] && precisions=f32
for tool in memcheck racecheck; do
    chosen $tool || continue
    if [ -n "$refusal" ]; then
        skip $tool "$refusal"
        continue
    fi
    if [ $tool = memcheck ]; then
        # What the libraries try and the runtime refuses is theirs; the project's own calls are checked.
        checks="input optimizer integers split_k" options=(--report-api-errors no)
    else
        # Only the project's kernels: their names hold its namespace.
        option=--kernel-name
        "$sanitizer" --help 2>&1 | grep -q -e --kernel-name || option=--filter
        checks="input integers split_k" options=("$option" kernel_substring=unmask)
    fi
    for check in $checks; do
        words=$check
        [ "$check" = split_k ] && words="split_k --runs 2"
        sanitize "${tool}_$check" $tool "$words" "${options[@]}"
    done
    for precision in $precisions; do
        sanitize "${tool}_$precision" $tool "ops --precision $precision" "${options[@]}"
    done
done

pack
echo
cat "$out/summary.txt"
echo "all logs: $out.tar.gz"
exit $failed
