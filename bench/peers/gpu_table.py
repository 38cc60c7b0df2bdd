#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The table of a GPU run: `unmask bench --json` and torch_detector.py lines of one sitting, side by side.

    gpu_table.py RESULTS.jsonl      # one object a line; those of unmask carry "program": "unmask"
    gpu_table.py --self-test

A case is (mode, backbone, branches, batch). Repeated measurements of the same thing count by their median. The floor is
the time that the operations and bytes of the model take at the ceilings measured in the same sitting, one after the
other (training) or the larger of the two (inference).
"""
import json
import statistics
import sys

# Per image at 224 pixels, one branch: GFLOP and MB (bf16; norm, ReLU and addition fused) in training, in inference.
FLOORS = {
    "resnet34": ((87.0 / 4, 444 / 4), (29.3 / 4, 69 / 4)),
    "mobilenet_v1": ((3.38, 142), (1.14, 20.5)),
    "efficientnet_b0": ((2.28, 190), (0.77, 27.6)),
}

# torch.compile's modes, by the ends of their variants' names.
COMPILED = ("_compile", "_reduce_overhead", "_max_autotune")


def case_of(line):
    return line["mode"], line["backbone"], line["branches"], line["batch"]


def variant_of(line):
    """What else tells measurements of one case apart."""
    if line.get("program") != "unmask":
        return "torch " + line["variant"]
    words = [line["precision"]]
    words += [line["schedule"]] if line["schedule"] != "auto" else []  # which each program measures for itself
    words += ["raw input"] if line.get("input", "images") != "images" else []
    words += [] if line["graph"] else ["eager"]
    words += [] if line["deterministic"] else ["nondeterministic"]
    return "unmask " + ", ".join(words)


def floor_seconds(case, ceilings, parameters=0):
    """None without ceilings, or for a model that is not listed. Inference reads its parameters once in bf16."""
    mode, backbone, branches, batch = case
    if ceilings is None or backbone not in FLOORS:
        return None
    giga, mega = FLOORS[backbone][0 if mode == "train" else 1]
    compute = giga * 1e9 * branches * batch / ceilings["operations_per_second"]
    memory = mega * 1e6 * branches * batch / ceilings["bytes_per_second"]
    return compute + memory if mode == "train" else max(compute, memory + 2 * parameters / ceilings["bytes_per_second"])


class Results:
    def __init__(self, lines):
        self.ceilings = next((line for line in lines if line.get("ceilings")), None)
        self.failures = [line for line in lines if "error" in line]
        groups = {}
        for line in lines:
            if "seconds" in line:
                groups.setdefault((case_of(line), variant_of(line)), []).append(line)
        self.parameters = {case_of(line): line["parameters"] for line in lines if "parameters" in line}
        self.found = {}  # case -> variant -> {seconds, spread, peak_bytes, schedules}
        for (case, variant), same in groups.items():
            seconds = [line["seconds"] for line in same]
            self.found.setdefault(case, {})[variant] = {
                "seconds": statistics.median(seconds), "spread": max(seconds) / min(seconds) - 1,
                "peak_bytes": statistics.median(line["peak_bytes"] for line in same),
                "schedules": sorted({line["schedule_taken"] for line in same if "schedule_taken" in line})}

    def get(self, case, variant):
        return self.found.get(case, {}).get(variant)

    def best_peer(self, case):
        peers = [v for name, v in self.found.get(case, {}).items() if name.startswith("torch ")]
        return min(peers, key=lambda v: v["seconds"], default=None)

    def best_compiled(self, case):
        """The fastest of torch.compile's modes and precisions."""
        peers = [v for name, v in self.found.get(case, {}).items()
                 if name.startswith("torch ") and name.endswith(COMPILED)]
        return min(peers, key=lambda v: v["seconds"], default=None)

    def best_own(self, case):
        """The fastest deterministic bf16 from images on the device."""
        own = [v for name, v in self.found.get(case, {}).items()
               if name.startswith("unmask bf16") and "nondet" not in name and "raw" not in name]
        return min(own, key=lambda v: v["seconds"], default=None)


def ratio(above, below, key="seconds"):
    return above[key] / below[key] if above and below and below[key] else None


def text(value, form="{:.2f}"):
    return "-" if value is None else form.format(value)


def table(results):
    """One row for each measurement; speeds and ratios above 1 are faster than the peer. schedule: those of the
    branches that were taken, several where repeated measurements found different ones the fastest."""
    yield (f"{'case':<34} {'variant':<36} {'ms':>9} {'images/s':>9} {'x best':>7} {'x compile':>9} "
           f"{'floor/t':>7} {'memory':>7} {'mem/compile':>11} {'spread':>6} schedule")
    for case in sorted(results.found, key=str):
        mode, backbone, branches, batch = case
        compiled = results.best_compiled(case)
        floor = floor_seconds(case, results.ceilings, results.parameters.get(case, 0))
        for name, one in sorted(results.found[case].items(), key=lambda item: item[1]["seconds"]):
            yield (f"{f'{mode} {backbone} x{branches} batch {batch}':<34} {name:<36} {1e3 * one['seconds']:>9.3f} "
                   f"{batch / one['seconds']:>9.0f} {text(ratio(results.best_peer(case), one)):>7} "
                   f"{text(ratio(compiled, one)):>9} {text(floor and floor / one['seconds']):>7} "
                   f"{one['peak_bytes'] / 2**30:>6.2f}G {text(ratio(one, compiled, 'peak_bytes')):>11} "
                   f"{100 * one['spread']:>5.0f}% {', '.join(one['schedules']) or '-'}")
    for line in results.failures:
        where = f"{line['mode']} {line['backbone']} x{line['branches']} batch {line['batch']} " if line["mode"] else ""
        yield f"failed: {where}{line['variant']}: {line['error'].splitlines()[0][:120]}"
    if results.ceilings:
        yield (f"ceilings: {results.ceilings['bytes_per_second'] / 1e12:.2f} TB/s copied, "
               f"{results.ceilings['operations_per_second'] / 1e12:.0f} TFLOP/s bf16 matmul")


def goals(results):
    """(goal, what was found, whether it holds: None where something was not measured)."""
    train = ("train", "resnet34", 4, 256)
    own, compiled = results.best_own(train), results.best_compiled(train)

    def at_least(name, value, bound):
        return name, value, None if value is None else value >= bound

    def at_most(name, value, bound):
        return name, value, None if value is None else value <= bound

    yield at_least("training resnet34 x4 batch 256: >= 1.3x torch.compile's best", ratio(compiled, own), 1.3)
    yield at_most("  with <= 0.7x its memory", ratio(own, compiled, "peak_bytes"), 0.7)
    one, many = ("infer", "resnet34", 4, 1), ("infer", "resnet34", 4, 256)
    yield at_most("inference batch 1: <= 0.5x the latency of PyTorch's best",
                  ratio(results.best_own(one), results.best_peer(one)), 0.5)
    yield at_least("inference batch 256: >= 1.3x PyTorch's best",
                   ratio(results.best_peer(many), results.best_own(many)), 1.3)
    for backbone in "mobilenet_v1", "efficientnet_b0":
        case = ("train", backbone, 1, 256)
        yield at_least(f"training {backbone} x1 batch 256: >= 1.5x PyTorch's best",
                       ratio(results.best_peer(case), results.best_own(case)), 1.5)
    yield at_most("deterministic: at most 1.05x the time of --nondeterministic",
                  ratio(results.get(train, "unmask bf16"), results.get(train, "unmask bf16, nondeterministic")), 1.05)


def report(lines):
    results = Results(lines)
    yield from table(results)
    for name, value, holds in goals(results):
        yield f"goal: {name:<66} {text(value):>6}  {'not measured' if holds is None else 'yes' if holds else 'NO'}"


def read(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def self_test():
    case = {"mode": "train", "backbone": "resnet34", "branches": 4, "batch": 256}
    own = {**case, "program": "unmask", "precision": "bf16", "schedule": "auto", "graph": True,
           "deterministic": True, "peak_bytes": 6 << 30}
    peer = {**case, "peak_bytes": 10 << 30}
    lines = [{"ceilings": True, "bytes_per_second": 4e12, "operations_per_second": 8e14},
             {**own, "seconds": 0.06, "schedule_taken": "parallel"}, {**own, "seconds": 0.08, "schedule_taken": "lockstep"},
             {**own, "seconds": 0.07, "schedule_taken": "lockstep"},
             {**own, "seconds": 0.09, "schedule": "separate"},
             {**own, "seconds": 0.068, "deterministic": False}, {**own, "seconds": 0.065, "input": "raw"},
             {**peer, "variant": "bf16_compile", "seconds": 0.105}, {**peer, "variant": "bf16", "seconds": 0.14},
             {**peer, "variant": "bf16_reduce_overhead", "seconds": 0.098, "peak_bytes": 12 << 30},
             {**peer, "variant": "bf16_max_autotune", "error": "OutOfMemoryError: no\nmore"},
             {**own, "mode": "infer", "batch": 1, "seconds": 0.002},
             {**own, "mode": "infer", "batch": 1, "seconds": 0.001, "precision": "int8"},  # no goal's
             {**peer, "mode": "infer", "batch": 1, "variant": "fp16", "seconds": 0.005},
             {**peer, "mode": "infer", "batch": 1, "variant": "bf16_reduce_overhead", "seconds": 0.004},
             {**peer, "mode": "infer", "batch": 1, "variant": "fp16_reduce_overhead", "seconds": 0.003}]
    results = Results(lines)
    train = case_of(case)
    assert results.get(train, "unmask bf16")["seconds"] == 0.07  # the median of three
    assert abs(results.get(train, "unmask bf16")["spread"] - 1 / 3) < 1e-9
    assert results.best_own(train)["seconds"] == 0.07  # neither raw input nor nondeterministic
    assert results.best_peer(train)["seconds"] == results.best_compiled(train)["seconds"] == 0.098
    expected = 256 * (87.0e9 / 8e14 + 444e6 / 4e12)
    assert abs(floor_seconds(train, results.ceilings) - expected) < 1e-12
    assert floor_seconds(train, None) is None
    infer = ("infer", "resnet34", 4, 1)
    assert abs(floor_seconds(infer, results.ceilings) - max(29.3e9 / 8e14, 69e6 / 4e12)) < 1e-12
    assert abs(floor_seconds(infer, results.ceilings, 10**9) - 2.069e9 / 4e12) < 1e-12
    held = {name.strip(): (value, holds) for name, value, holds in goals(results)}
    value, holds = held["training resnet34 x4 batch 256: >= 1.3x torch.compile's best"]
    assert abs(value - 1.4) < 1e-9 and holds
    assert held["with <= 0.7x its memory"] == (0.5, True)
    assert results.best_peer(infer)["seconds"] == results.best_compiled(infer)["seconds"] == 0.003  # of both dtypes
    value, holds = held["inference batch 1: <= 0.5x the latency of PyTorch's best"]
    assert abs(value - 2 / 3) < 1e-9 and holds is False
    assert held["inference batch 256: >= 1.3x PyTorch's best"] == (None, None)
    value, holds = held["deterministic: at most 1.05x the time of --nondeterministic"]
    assert abs(value - 0.07 / 0.068) < 1e-9 and holds
    text_lines = list(report(lines))
    assert any("unmask bf16, raw input" in line for line in text_lines)
    assert [line.split("% ")[1] for line in text_lines if " unmask bf16  " in line and line.startswith("train")] == ["lockstep, parallel"]
    assert any(" torch bf16 " in line and line.endswith("% -") for line in text_lines)
    assert any(line.startswith("failed:") and "OutOfMemoryError" in line for line in text_lines)
    assert list(report([]))  # nothing measured is no failure
    print("\n".join(text_lines))
    print("gpu_table.py: self-test passed")


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        self_test()
    elif len(sys.argv) == 2:
        print("\n".join(report(read(sys.argv[1]))))
    else:
        sys.exit(__doc__)
