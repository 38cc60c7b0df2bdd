#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times unmask and PyTorch on one GPU in one sitting, one program after the other, and writes a line of JSON for each.

    gpu_speed.py --unmask ./unmask --out speed.jsonl [--quick] [--cases NAME,…] [--limit SECONDS]
    gpu_speed.py --unmask ./unmask --self-test      # every kind of line of unmask, on the CPU with a tiny model

gpu_table.py makes the table of it. The default setting of unmask is measured before, between and after PyTorch's, so
that a GPU that changes its clocks shows in the spread. Standard library only; PyTorch is asked for in a program of its
own (the Python that runs this, or --python). Exit code 1 when a program of unmask failed.
"""
import argparse
import ast
import json
import os
import pathlib
import subprocess
import sys
import time

import gpu_table

HERE = pathlib.Path(__file__).resolve().parent

# Settings of unmask beside "--precision bf16"; in a quick run only the first list.
QUICK = [["--nondeterministic"], ["--no-graph"]]
TRAIN = [["--branch-schedule", "separate"], ["--branch-schedule", "merged_stems"], ["--branch-schedule", "lockstep"], ["--branch-schedule", "parallel"], ["--input", "raw"],
         ["--precision", "tf32"]]
INFER = [["--branch-schedule", "separate"], ["--branch-schedule", "merged_stems"], ["--branch-schedule", "parallel"], ["--precision", "tf32"], ["--precision", "f32"],
         ["--precision", "int8"]]
EAGER = "tf32,bf16,fp16"

# name: mode, backbone, branches, batch; the most important first.
CASES = {
    "train-resnet34x4": ("train", "resnet34", 4, 256),
    "infer-resnet34x4-1": ("infer", "resnet34", 4, 1),
    "infer-resnet34x4-256": ("infer", "resnet34", 4, 256),
    "train-mobilenet": ("train", "mobilenet_v1", 1, 256),
    "train-efficientnet": ("train", "efficientnet_b0", 1, 256),
    "train-mobilenetx4": ("train", "mobilenet_v1", 4, 256),
    "train-efficientnetx4": ("train", "efficientnet_b0", 4, 256),
}


# Of torch.compile: in every run, and in one that is not quick. In training fp16 is bf16 with more work, the scaling of
# the gradients, which the eager variants show.
COMPILED = {"train": (["bf16_compile"], ["tf32_compile", "bf16_reduce_overhead", "bf16_max_autotune"]),
            "infer": (["bf16_compile", "bf16_reduce_overhead", "fp16_reduce_overhead"],
                      ["tf32_compile", "bf16_max_autotune", "fp16_max_autotune"])}


def compiled_variants(mode, quick):
    always, longer = COMPILED[mode]
    return ",".join(always + ([] if quick else longer))


def known_variants():
    """Names in torch_cuda.py's table, by its text: PyTorch need not be here."""
    for node in ast.parse((HERE / "torch_cuda.py").read_text(encoding="utf-8")).body:
        target = node.targets[0] if isinstance(node, ast.Assign) else None
        if isinstance(target, ast.Name) and target.id == "VARIANTS":
            return [key.value for key in node.value.keys]
    raise AssertionError("torch_cuda.py has no table VARIANTS")


def programs(case, quick):
    """The case's programs in order: ("unmask", arguments) or ("torch", variants)."""
    mode, _, branches, _ = case
    own = QUICK + ([] if quick else TRAIN if mode == "train" else INFER)
    if branches == 1:  # nothing to merge or to run side by side
        own = [arguments for arguments in own if "--branch-schedule" not in arguments]
    if mode == "infer":
        own = [arguments for arguments in own if arguments != ["--nondeterministic"]]
    return [("unmask", []), ("torch", EAGER), ("unmask", []), *(("unmask", arguments) for arguments in own),
            ("torch", compiled_variants(mode, quick)), ("unmask", [])]


def command(program, detail, case, args):
    mode, backbone, branches, batch = case
    # Several steps between two waits, as in training; one by one for latency.
    steps = 1 if batch == 1 else 4
    runs, warm_up = (200, 20) if batch == 1 else (10, 3)
    common = ["--mode", mode, "--backbone", backbone, "--branches", branches, "--batch", batch, "--steps", steps,
              "--warm-up", warm_up]
    if program == "torch":
        line = [args.python, HERE / "torch_detector.py", "--device", "cuda", *common, "--repeats", runs, "--variants",
                detail]
    else:
        precision = [] if "--precision" in detail else ["--precision", "bf16"]
        line = [args.unmask, "bench", "--device", "cuda", "--quiet", *common, "--runs", runs, "--json", "-", *precision,
                *detail]
    return [str(word) for word in line]


def lines_of(program, output):
    """JSON lines of the peer; the one object of unmask, marked as such."""
    if program == "unmask":
        return [{"program": "unmask", **json.loads(output)}] if output.strip() else []
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]


def as_text(output):
    return output.decode(errors="replace") if isinstance(output, bytes) else output or ""


def run(program, detail, case, words, seconds, libraries):
    """The lines that the program printed, and one with "error" where it failed or took too long."""
    environment = {**os.environ, "LD_LIBRARY_PATH": libraries} if program == "unmask" and libraries else None
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=seconds, check=False, env=environment)
        output, errors, failure = done.stdout, done.stderr, f"exit code {done.returncode}" if done.returncode else ""
    except subprocess.TimeoutExpired as late:
        output, errors, failure = as_text(late.stdout), as_text(late.stderr), f"ended after {seconds:.0f} s"
        output = "" if program == "unmask" else output
    except OSError as error:
        output, errors, failure = "", "", str(error)
    sys.stderr.write(errors)
    try:
        lines = lines_of(program, output)
    except ValueError as error:
        lines, failure = [], failure or f"not JSON: {error}"
    if failure:
        last = errors.strip().splitlines()[-1:] or [""]
        name = " ".join(["unmask", *detail]) if program == "unmask" else f"torch {detail}"
        mode, backbone, branches, batch = case
        lines.append({"mode": mode, "backbone": backbone, "branches": branches, "batch": batch, "variant": name,
                      "error": f"{failure} {last[0]}"})
    return lines


def on_the_cpu(words):
    """The line of unmask for a tiny model on the CPU, which knows the same options but for one."""
    tiny = {"--device": "cpu", "--precision": "f32", "--batch": "2", "--runs": "1", "--warm-up": "0", "--steps": "1"}
    result = [word if word == "int8" else tiny.get(option, word) for option, word in zip(["", *words], words)]
    result = [word for word in result if word != "--nondeterministic"]
    return [*result, "--size", "32", "--width", "0.05", "--threads", "1"]


def self_test(args):
    """Each setting of each mode once: its line is taken, and what it prints is what the table needs."""
    variants = {EAGER, *(compiled_variants(case[0], quick) for case in CASES.values() for quick in (False, True))}
    unknown = {name for names in variants for name in names.split(",")} - set(known_variants())
    assert not unknown, unknown
    for name in known_variants():  # which the table counts among torch.compile's modes
        assert name.endswith(gpu_table.COMPILED) == (name not in ("f32", *EAGER.split(","))), name
    seen, lines = set(), []
    for case in CASES.values():
        for program, detail in programs(case, quick=False):
            kind = (program, case[0], case[1] if not detail else None, tuple(detail))
            if program != "unmask" or kind in seen:
                continue
            seen.add(kind)
            words = on_the_cpu(command(program, detail, case, args))
            found = run(program, detail, case, words, 600, args.libraries)
            assert len(found) == 1 and "error" not in found[0], (words, found)
            line = found[0]
            for option, key in ("--mode", "mode"), ("--backbone", "backbone"), ("--branches", "branches"), ("--batch", "batch"), \
                    ("--branch-schedule", "schedule"), ("--input", "input"):
                if option in words:
                    assert str(line[key]) == words[words.index(option) + 1], (words, key, line[key])
            assert (line["precision"] == "int8") == ("int8" in words), words
            assert line["graph"] is False or "--no-graph" not in words, words
            assert isinstance(line["deterministic"], bool), words
            lines.append(line)
    table = list(gpu_table.report(lines))
    assert len({gpu_table.variant_of(line) for line in lines}) >= 4, table
    for backbone in {case[1] for case in CASES.values()}:
        assert any(backbone in row for row in table), backbone
    print(f"gpu_speed.py: self-test passed, {len(lines)} lines")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--unmask", required=True)
    parser.add_argument("--out", help="file of JSON lines; appended to")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--libraries", help="LD_LIBRARY_PATH of unmask; PyTorch's stays as it is")
    parser.add_argument("--quick", action="store_true", help="resnet34 only, without the slowest compilation")
    parser.add_argument("--cases", help="of " + ", ".join(CASES))
    parser.add_argument("--limit", type=float, default=3600, help="seconds after which no program is started")
    parser.add_argument("--dry-run", action="store_true", help="prints the commands")
    parser.add_argument("--self-test", action="store_true")
    args = parser.parse_args()
    if args.self_test:
        self_test(args)
        return
    if not args.out:
        parser.error("the following arguments are required: --out")
    names = args.cases.split(",") if args.cases else list(CASES)[:3] if args.quick else list(CASES)
    if unknown := set(names) - set(CASES):
        parser.error(f"--cases: expected some of {', '.join(CASES)}, found {', '.join(sorted(unknown))}")
    begin = time.monotonic()
    ceilings = [args.python, str(HERE / "torch_detector.py"), "--mode", "ceilings"]
    work = [("torch", "ceilings", (None, None, None, None), ceilings)]
    for name in names:
        work += [(program, detail, CASES[name], command(program, detail, CASES[name], args))
                 for program, detail in programs(CASES[name], args.quick)]
    failed = False
    with open(args.out, "a", encoding="utf-8") as out:
        for program, detail, case, words in work:
            left = args.limit - (time.monotonic() - begin)
            if args.dry_run:
                print(" ".join(words))
            elif left <= 0:
                print(f"not run, the time is over: {' '.join(words)}")
            else:
                print(" ".join(words), flush=True)
                for line in run(program, detail, case, words, left, args.libraries):
                    failed = failed or program == "unmask" and "error" in line
                    out.write(json.dumps(line) + "\n")
                    out.flush()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
