# SPDX-License-Identifier: Apache-2.0
# suite_steps.sh: the steps of run_gpu_suite.sh, which reads this: their programs, rows of the table, what is packed.
# shellcheck shell=bash disable=SC2034,SC2154  # the variables of both files

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

# limited SECONDS LOG COMMAND…: the exit code, 124 or 137 when it took too long. Not in the foreground, where a signal
# to this script would wait for its end.
limited() {
    local most=$1 log=$2
    shift 2
    timeout --kill-after=3 "$most" "$@" >"$log" 2>&1 &
    wait $!
}

# end PROCESS: a `timeout` with all that it runs.
end() {
    kill -TERM "$1" 2>/dev/null
    wait "$1" 2>/dev/null
}

# pack [NOTE]: what there is so far.
pack() {
    if [ -s "$out/speed.jsonl" ]; then
        "$python" "$here/gpu_table.py" "$out/speed.jsonl" >"$out/speed.txt" 2>&1
    fi
    {
        printf '%-28s %-34s %6s\n' step result seconds
        printf '%s' "$table"
        [ -z "$explained" ] || echo "$explained"
        [ -z "${1:-}" ] || echo "$1"
        if [ -s "$out/speed.txt" ]; then
            echo
            cat "$out/speed.txt"
        fi
    } >"$out/summary.txt"
    tar -C "$(dirname "$out")" -czf "$out.tar.gz.part" "$(basename "$out")" && mv "$out.tar.gz.part" "$out.tar.gz"
}

# ended CODE: the run is over now; the program at hand and PyTorch's compiling with it.
step="" begin=0
# shellcheck disable=SC2317  # called by the traps below
ended() {
    local job
    trap '' TERM INT HUP
    for job in $(jobs -p); do
        kill -TERM "$job" 2>/dev/null
    done
    wait
    [ -z "$step" ] || row "$step" "ended from outside" $((SECONDS - begin))
    pack "The run was ended from outside."
    exit "$1"
}
trap 'ended 129' HUP
trap 'ended 130' INT
trap 'ended 143' TERM
trap '' PIPE  # a reader that is gone is no reason to stop

# run NAME LIMIT COMMAND…: its output goes to NAME.log and, at the end, its last lines here.
run() {
    local name=$1 wanted=$2 most code result
    most=$(left "$wanted")
    shift 2
    [ "$most" -gt 0 ] || { skip "$name" "the time is over"; return; }
    [ -z "$refusal" ] || [ "$name" = environment ] || { skip "$name" "$refusal"; return; }
    echo "== $name"
    step=$name begin=$SECONDS
    limited "$most" "$out/$name.log" "$@"
    code=$?
    step=""
    case $name:$code in
        *:0) result=passed ;;
        speed:3) result="passed, PyTorch failed" ;;
        speed:4) result="not finished" ;;
        *) result="FAILED: exit code $code" ;;
    esac
    case $code in
        124 | 137)
            if [ $((SECONDS - begin)) -lt "$most" ]; then : # a program's own code
            elif [ "$most" -lt "$wanted" ]; then result="not finished: $most s were left"
            else result="FAILED: ended after $most s"; fi ;;
    esac
    case $result in passed | "not finished"*) ;; *) failed=1 ;; esac
    tail -n 12 "$out/$name.log"
    row "$name" "$result" $((SECONDS - begin))
    pack "More steps follow."
}
