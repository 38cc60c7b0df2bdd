#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# run_gpu_suite.sh: every check and measurement on this machine's first GPU. Lies beside the programs in the bundle that
# `make gpu-bundle` makes, and builds nothing. A step that fails or takes too long does not stop the others.
set -u
here=$(cd "$(dirname "$0")" && pwd)

usage() {
    cat <<END
run_gpu_suite.sh [--out FOLDER] [--only STEP,…] [--quick] [--seconds SECONDS] [--limit SECONDS] [--speed-cases NAME,…]
                 [--python PROGRAM]
  --out          where logs and figures go (default: gpu-run); FOLDER.tar.gz has them all
  --only         some of: environment, ops, parity, determinism, speed, memcheck, racecheck
  --quick        fewer determinism steps, sanitizers in f32 only, the speed of resnet34 only
  --seconds      for the whole run: a step has what those before it left, and none is begun when nothing is
  --limit        longest time of one program in the first steps (default 600), and of the speed step as a whole
                 (six times that)
  --speed-cases  see gpu_speed.py --help
  --python       a Python that has PyTorch (default: python3)
Exit code: 0 when no step failed and the look for a GPU, where there was time for it, found one.
END
}

out=gpu-run only="" quick="" seconds="" limit=600 cases="" python=python3
while [ $# -gt 0 ]; do
    case $1 in
        --quick) quick=yes; shift; continue ;;
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

# Why nothing can be checked or measured here, for the steps' rows and with its cause.
refusal="" explained=""
table="" failed=0
row() { table+=$(printf '%-28s %-34s %6s' "$1" "$2" "$3")$'\n'; }
skip() { row "$1" "skipped: $2" -; echo "== $1: skipped: $2"; }
chosen() { [ -z "$only" ] || case ",$only," in *",$1,"*) ;; *) return 1 ;; esac; }

# left LIMIT: the seconds that a program may take: its limit, or what is left of the run's but for what packing takes.
left() {
    local most=$1 rest
    [ -n "$seconds" ] || { echo "$most"; return; }
    rest=$((seconds - SECONDS - 5))
    [ $rest -gt 0 ] || rest=0
    echo $((rest < most ? rest : most))
}

# run NAME LIMIT COMMAND…: its output goes to NAME.log and, at the end, its last lines here.
run() {
    local name=$1 most begin=$SECONDS code result
    most=$(left "$2")
    shift 2
    [ "$most" -gt 0 ] || { skip "$name" "the time is over"; return; }
    [ -z "$refusal" ] || [ "$name" = environment ] || { skip "$name" "$refusal"; return; }
    echo "== $name"
    timeout --kill-after=3 "$most" "$@" >"$out/$name.log" 2>&1
    code=$?
    case $code in
        0) result=passed ;;
        124 | 137) result="FAILED: ended after $most s" ;;
        *) result="FAILED: exit code $code" ;;
    esac
    [ $code -eq 0 ] || failed=1
    tail -n 12 "$out/$name.log"
    row "$name" "$result" $((SECONDS - begin))
}

# Nothing can be checked or measured without a GPU: one look instead of a failure of every step.
look_for_gpu() {
    local code=0 most
    most=$(left 60)
    timeout --kill-after=3 "$most" "${suite[@]}" info >"$out/gpu_probe.log" 2>&1 || code=$?
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

# shellcheck disable=SC2317  # called by name below
environment() {
    nvidia-smi || echo "nvidia-smi: not there or failed"
    LD_LIBRARY_PATH=$libraries "$here/unmask" --version
    cat "$out/gpu_probe.log"
    "$python" -c 'import torch; print("PyTorch", torch.__version__, torch.version.cuda)' || echo "no PyTorch"
    uname -srm
    LD_LIBRARY_PATH=$libraries ldd "$here/unmask" || true
    [ -z "$refusal" ]
}

# sanitize NAME TOOL CHECK [OPTIONS…]: CHECK, words of gpu_suite
sanitize() {
    local name=$1 tool=$2
    local -a check
    read -ra check <<<"$3"
    shift 3
    run "$name" "$limit" env "LD_LIBRARY_PATH=$libraries" "$sanitizer" --tool "$tool" --error-exitcode 9 --print-limit 30 "$@" \
        "$here/gpu_suite" "${check[@]}"
}

rm -f "$out"/*.log "$out/speed.jsonl" "$out/speed.txt"  # of an earlier run into the same folder
export here python libraries out refusal
export -f environment
[ "$(left 60)" -eq 0 ] || look_for_gpu
chosen environment && run environment 120 bash -c environment
precisions="f32 tf32 bf16"
for precision in $precisions; do
    chosen ops && run "ops_$precision" "$limit" "${suite[@]}" ops --precision "$precision"
done
if chosen ops; then
    run input "$limit" "${suite[@]}" input
    run optimizer "$limit" "${suite[@]}" optimizer
    run integers "$limit" "${suite[@]}" integers
fi
for precision in $precisions; do
    chosen parity && run "parity_$precision" "$limit" "${suite[@]}" parity --cases "$here/cases" --precision "$precision"
done
if chosen parity; then
    for precision in tf32 bf16; do
        run "rounding_$precision" "$limit" "${suite[@]}" rounding --precision $precision
    done
fi
chosen ops && run convolutions "$limit" "${suite[@]}" convolutions
if chosen determinism; then
    for backbone in resnet18 mobilenet_v1 efficientnet_b0; do
        run "determinism_$backbone" "$limit" "${suite[@]}" determinism --backbone $backbone --steps \
            "$([ -n "$quick" ] && echo 5 || echo 20)"
    done
fi
if chosen speed; then
    if [ -n "$refusal" ]; then
        skip speed "$refusal"
    elif "$python" -c 'import torch, torchvision' 2>/dev/null; then
        # Programs are begun for four fifths of the time: the last one begun is measured too.
        run speed $((6 * limit + 60)) "$python" "$here/gpu_speed.py" --unmask "$here/unmask" --out "$out/speed.jsonl" \
            --libraries "$libraries" --limit $(($(left $((6 * limit))) * 4 / 5)) ${quick:+--quick} ${cases:+--cases "$cases"}
        [ ! -s "$out/speed.jsonl" ] || "$python" "$here/gpu_table.py" "$out/speed.jsonl" >"$out/speed.txt"
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
    ! timeout --kill-after=3 "$(left 60)" env "LD_LIBRARY_PATH=$libraries" "$sanitizer" --tool memcheck \
        "$here/gpu_suite" info >"$out/sanitizer_probe.log" 2>&1; then
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
        checks="input optimizer integers" options=(--report-api-errors no)
    else
        # Only the project's kernels: their names hold its namespace.
        option=--kernel-name
        "$sanitizer" --help 2>&1 | grep -q -e --kernel-name || option=--filter
        checks="input integers" options=("$option" kernel_substring=unmask)
    fi
    for check in $checks; do
        sanitize "${tool}_$check" $tool "$check" "${options[@]}"
    done
    for precision in $precisions; do
        sanitize "${tool}_$precision" $tool "ops --precision $precision" "${options[@]}"
    done
done

{
    printf '%-28s %-34s %6s\n' step result seconds
    printf '%s' "$table"
    [ -z "$explained" ] || echo "$explained"
    if [ -s "$out/speed.txt" ]; then
        echo
        cat "$out/speed.txt"
    fi
} >"$out/summary.txt"
tar -C "$(dirname "$out")" -czf "$out.tar.gz" "$(basename "$out")"
echo
cat "$out/summary.txt"
echo "all logs: $out.tar.gz"
exit $failed
