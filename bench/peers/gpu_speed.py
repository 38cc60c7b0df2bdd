#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times unmask and PyTorch on one GPU in one sitting, one program after the other, and writes a line of JSON for each.

    gpu_speed.py --unmask ./unmask --out speed.jsonl [--quick] [--cases NAME,…] [--limit SECONDS]
    gpu_speed.py --compile-ahead --cache FOLDER [--quick] [--cases NAME,…]    # measures nothing
    gpu_speed.py --unmask ./unmask --self-test      # every kind of line of unmask, on the CPU with a tiny model

gpu_table.py makes the table of it. What decides the goals is measured first, for all cases; the default setting of
unmask before and after PyTorch's, so that a GPU that changes its clocks shows in the spread. What unmask finds by timing
is kept in tuning.json beside --out: one file for a sitting. Standard library only; PyTorch is asked for in a program of
its own (the Python that runs this, or --python).

Exit code: 1 when a program of unmask failed, else 3 when PyTorch gave no figure of a case, else 4 when the time was
over before the end, else 0.
"""
import argparse
import ast
import json
import pathlib
import signal
import sys
import tempfile
import time

import gpu_table
from gpu_programs import Child, about, run

HERE = pathlib.Path(__file__).resolve().parent

# Settings of unmask beside "--precision bf16"; in a quick run only the first list.
QUICK = [["--nondeterministic"], ["--no-graph"]]
TRAIN = [["--branch-schedule", "separate"], ["--branch-schedule", "merged_stems"], ["--branch-schedule", "lockstep"],
         ["--branch-schedule", "parallel"], ["--input", "raw"], ["--precision", "tf32"]]
INFER = [["--branch-schedule", "separate"], ["--branch-schedule", "merged_stems"], ["--branch-schedule", "parallel"],
         ["--precision", "tf32"], ["--precision", "f32"], ["--precision", "int8"]]
# Where a goal asks for less memory too: the first stages have the largest maps, and one branch's after the other's.
LESS_MEMORY = ["--recompute=2", "--branch-schedule", "separate"]
EAGER = ["bf16", "fp16", "tf32"]

# name: mode, backbone, branches, batch; the most important first.
CASES = {
    "train-resnet34x4": ("train", "resnet34", 4, 256),
    "infer-resnet34x4-1": ("infer", "resnet34", 4, 1),
    "infer-resnet34x4-256": ("infer", "resnet34", 4, 256),
    "train-mobilenet": ("train", "mobilenet_v1", 1, 256),
    "train-efficientnet": ("train", "efficientnet_b0", 1, 256),
    "train-mobilenetx4": ("train", "mobilenet_v1", 4, 256),
    "train-efficientnetx4": ("train", "efficientnet_b0", 4, 256),
    "infer-mobilenet": ("infer", "mobilenet_v1", 1, 256),
    "infer-efficientnet": ("infer", "efficientnet_b0", 1, 256),
}

# Of torch.compile: in every run, and in one that is not quick. In training fp16 is bf16 with more work, the scaling of
# the gradients, which the eager variants show.
COMPILED = {"train": (["bf16_compile"], ["tf32_compile", "bf16_reduce_overhead", "bf16_max_autotune"]),
            "infer": (["bf16_compile", "bf16_reduce_overhead", "fp16_reduce_overhead"],
                      ["tf32_compile", "bf16_max_autotune", "fp16_max_autotune"])}


# At batch 1 also with the branches side by side, which torch.compile does not do by itself.
STREAMS = (["bf16_streams"], ["fp16_streams"])

AHEAD_MEMORY = 0.6  # of the GPU's, at most, for programs that only fill the cache

UNMASK_FAILED, PEER_FAILED, NOT_FINISHED = 1, 3, 4


def variants(case, quick):
    """All variants of PyTorch that are measured in a case."""
    always, longer = COMPILED[case[0]]
    names = always + EAGER + ([] if quick else longer)
    if case[0] == "infer" and case[3] == 1:
        names = STREAMS[0] + names + ([] if quick else STREAMS[1])
    return names


def known_variants():
    """Names in torch_cuda.py's table, by its text: PyTorch need not be here."""
    for node in ast.parse((HERE / "torch_cuda.py").read_text(encoding="utf-8")).body:
        target = node.targets[0] if isinstance(node, ast.Assign) else None
        if isinstance(target, ast.Name) and target.id == "VARIANTS":
            return [key.value for key in node.value.keys]
    raise AssertionError("torch_cuda.py has no table VARIANTS")


PARTS = 3


def programs(case, quick):
    """The case's programs, ("unmask", arguments) or ("torch", variants), in PARTS lists: each is run for all cases
    before the next is for any. The first decides the goals, the second may, the third is the rest."""
    mode, _, branches, _ = case
    own = QUICK + ([] if quick else TRAIN if mode == "train" else INFER)
    if branches == 1:  # nothing to merge or to run side by side
        own = [arguments for arguments in own if "--branch-schedule" not in arguments]
    if mode == "infer":
        own = [arguments for arguments in own if arguments != ["--nondeterministic"]]
    first, second = gpu_table.deciding(case), gpu_table.deciding_unless_failed(case)
    rest = [name for name in variants(case, quick) if name not in first + second]
    # Eager ones before, as they are quick and the others' results are compared with theirs.
    rest.sort(key=lambda name: name not in EAGER)
    less_memory = [("unmask", LESS_MEMORY)] if case == CASES["train-resnet34x4"] else []
    return [[("unmask", []), ("torch", ",".join(first)), ("unmask", []), *less_memory],
            [("torch", ",".join(second))] if second else [],
            [*(("unmask", arguments) for arguments in own), ("torch", ",".join(rest)), ("unmask", [])]]


def in_order(names, quick):
    """(program, detail, case) of all cases, as they are run."""
    return [(program, detail, CASES[name]) for part in range(PARTS) for name in names
            for program, detail in programs(CASES[name], quick)[part]]


def command(program, detail, case, args):
    mode, backbone, branches, batch = case
    # Several steps between two waits, as in training; one by one for latency.
    steps = 1 if batch == 1 else 4
    runs, warm_up = (200, 20) if batch == 1 else (5, 2) if args.quick else (10, 3)
    if args.compile_ahead:
        steps, runs, warm_up = 1, 1, 0
    common = ["--mode", mode, "--backbone", backbone, "--branches", branches, "--batch", batch, "--steps", steps,
              "--warm-up", warm_up]
    if program == "torch":
        line = [args.python, HERE / "torch_detector.py", "--device", "cuda", *common, "--repeats", runs, "--variants",
                detail]
        if args.compile_ahead:  # beside the checks, which need memory too
            line += ["--memory-share", AHEAD_MEMORY]
    else:
        precision = [] if "--precision" in detail else ["--precision", "bf16"]
        line = [args.unmask, "bench", "--device", "cuda", "--quiet", *common, "--runs", runs, "--json", "-", "--tuning",
                args.tuning, *precision, *detail]
    return [str(word) for word in line]


def exit_code(lines, cases):
    """What the lines of a sitting make of it: see the top."""
    def of(case):
        return [line for line in lines if not line.get("ceilings") and gpu_table.case_of(line) == case]

    def is_own(line):
        return line.get("program") == "unmask" or line.get("variant", "").startswith("unmask")

    if any("error" in line and is_own(line) for line in lines):
        return UNMASK_FAILED
    for case in cases:
        peers = [line for line in of(case) if not is_own(line)]
        if any("error" in line for line in peers) and not any("seconds" in line for line in peers):
            return PEER_FAILED
    return NOT_FINISHED if any("not_finished" in line for line in lines) else 0


def measure(args, names):
    """Runs the programs one after the other; the exit code."""
    begin = time.monotonic()
    ceilings = [args.python, str(HERE / "torch_detector.py"), "--mode", "ceilings"]
    work = [("torch", "ceilings", (None, None, None, None), ceilings)]
    work += [(program, detail, case, command(program, detail, case, args))
             for program, detail, case in in_order(names, args.quick)]
    written = []
    with open(args.out, "a", encoding="utf-8") as out:
        for program, detail, case, words in work:
            left = args.limit - (time.monotonic() - begin)
            if left <= 0 or Child.ended:
                print(f"not run, the time is over: {' '.join(words)}")
                lines = [about(program, detail, case, "not_finished", "not begun")]
            else:
                print(" ".join(words), flush=True)
                lines = run(program, detail, case, words, left, args)
            written += lines
            out.writelines(json.dumps(line) + "\n" for line in lines)
            out.flush()
    return exit_code(written, [CASES[name] for name in names])


def compile_ahead(args, names):
    """PyTorch's deciding variants of all cases once, so that the cache has what they are compiled to."""
    for program, detail, case in in_order(names, args.quick):
        names_of = detail.split(",") if program == "torch" else []
        compiled = [name for name in names_of if name.endswith(gpu_table.COMPILED)]
        if compiled and not Child.ended:
            words = command(program, ",".join(compiled), case, args)
            print(" ".join(words), flush=True)
            for line in run(program, ",".join(compiled), case, words, args.limit, args):
                print(json.dumps(line), flush=True)
    return 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--unmask")
    parser.add_argument("--out", help="file of JSON lines; appended to")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--libraries", help="LD_LIBRARY_PATH of unmask; PyTorch's stays as it is")
    parser.add_argument("--cache", type=pathlib.Path, help="folder where PyTorch keeps what it compiles")
    parser.add_argument("--quick", action="store_true", help="resnet34 only, no slowest compilation, fewer runs")
    parser.add_argument("--cases", help="of " + ", ".join(CASES))
    parser.add_argument("--limit", type=float, default=3600, help="seconds after which no program runs")
    parser.add_argument("--dry-run", action="store_true", help="prints the commands")
    parser.add_argument("--compile-ahead", action="store_true", help="only fills --cache")
    parser.add_argument("--self-test", action="store_true")
    args = parser.parse_args()
    if not args.unmask and not args.compile_ahead:
        parser.error("the following arguments are required: --unmask")
    signal.signal(signal.SIGTERM, Child.end)
    if args.self_test:
        with tempfile.TemporaryDirectory() as folder:
            args.tuning = pathlib.Path(folder) / "tuning.json"
            import gpu_speed_test  # which imports this file
            gpu_speed_test.self_test(args)
        return
    if not args.out and not args.compile_ahead and not args.dry_run:
        parser.error("the following arguments are required: --out")
    names = args.cases.split(",") if args.cases else list(CASES)[:3] if args.quick else list(CASES)
    if unknown := set(names) - set(CASES):
        parser.error(f"--cases: expected some of {', '.join(CASES)}, found {', '.join(sorted(unknown))}")
    args.tuning = pathlib.Path(args.out or ".").resolve().parent / "tuning.json"
    if args.dry_run:
        for program, detail, case in in_order(names, args.quick):
            print(" ".join(command(program, detail, case, args)))
        return
    sys.exit(compile_ahead(args, names) if args.compile_ahead else measure(args, names))


if __name__ == "__main__":
    main()
