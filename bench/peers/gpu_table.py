#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The table of a GPU run: `unmask bench --json` and torch_detector.py lines of one sitting, side by side.

    gpu_table.py RESULTS.jsonl      # one object a line; those of unmask carry "program": "unmask"
    gpu_table.py --self-test

A case is (mode, backbone, branches, batch). Repeated measurements of the same thing count by their median. The floor is
the time that the operations and bytes of the model take at the ceilings measured in the same sitting, one after the
other (training) or the larger of the two (inference). A goal is said to hold only where the variants of PyTorch that
decide it were measured. Variants whose results are not those of their dtype's eager one are named.
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
COMPILED = ("_compile", "_reduce_overhead", "_max_autotune", "_streams")

# How far a variant's results may be from those of the eager one of its dtype: logits as a share of the sum of their
# magnitudes; a loss as a share of the first one, where the last also has other dropout and other rounding behind it.
LOGITS_OFF, FIRST_LOSS_OFF, LAST_LOSS_OFF = 0.1, 0.15, 0.5


def deciding(case):
    """The likely fastest variants of PyTorch, without which no goal of this case holds, the first of them first."""
    mode, _, _, batch = case
    if mode == "train":
        return ["bf16_compile", "bf16"]
    return ["bf16_reduce_overhead", "fp16_reduce_overhead"] if batch == 1 else ["bf16_compile", "bf16_reduce_overhead"]


def deciding_unless_failed(case):
    """More of them, this project's own way of using PyTorch: where it fails, the goal may hold all the same."""
    return ["bf16_streams"] if case[0] == "infer" and case[3] == 1 else []


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
    words += [] if line.get("recompute", "none") == "none" else ["recompute " + line["recompute"]]
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
        self.ceilings = next((line for line in lines if line.get("ceilings") and "error" not in line), None)
        self.failures = [line for line in lines if "error" in line]
        self.not_finished = [line for line in lines if "not_finished" in line]
        self.failed = {(case_of(line), name) for line in self.failures if "mode" in line
                       for name in line["variant"].removeprefix("torch ").split(",")}
        self.numbers = {}  # case -> variant of PyTorch -> numbers of its results
        groups = {}
        for line in lines:
            if "seconds" in line:
                groups.setdefault((case_of(line), variant_of(line)), []).append(line)
                if line.get("program") != "unmask":
                    self.numbers.setdefault(case_of(line), {})[line["variant"]] = line
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

    def peers(self, case, ends=""):
        """Variants of PyTorch that were measured, by their names, of those with one of these ends."""
        return {name.removeprefix("torch "): v for name, v in self.found.get(case, {}).items()
                if name.startswith("torch ") and name.endswith(ends)}

    def best_peer(self, case):
        return min(self.peers(case).values(), key=lambda v: v["seconds"], default=None)

    def best_compiled(self, case):
        """The fastest of torch.compile's modes and precisions."""
        return min(self.peers(case, COMPILED).values(), key=lambda v: v["seconds"], default=None)

    def missing(self, case, ends=""):
        """Deciding variants with one of these ends that were not measured."""
        optional = [name for name in deciding_unless_failed(case) if (case, name) not in self.failed]
        return [name for name in deciding(case) + optional if name.endswith(ends) and name not in self.peers(case)]

    def off(self):
        """(case, variant, which number, its value, eager's) of results that are not the same dtype's eager ones."""
        for case, variants in self.numbers.items():
            for name, line in variants.items():
                eager = variants.get(name.split("_")[0])
                if eager is None or eager is line:
                    continue
                checks = [("first_sum", eager.get("first_magnitude"), LOGITS_OFF),
                          ("last_sum", eager.get("first_magnitude"), LOGITS_OFF),
                          ("first_loss", eager.get("first_loss"), FIRST_LOSS_OFF),
                          ("last_loss", eager.get("first_loss"), LAST_LOSS_OFF)]
                for key, scale, bound in checks:
                    # Not a number is off too.
                    if key in line and key in eager and not abs(line[key] - eager[key]) <= bound * abs(scale):
                        yield case, name, key, line[key], eager[key]
                        break

    def best_own(self, case, holds=lambda own: False):
        """The fastest deterministic bf16 from images on the device, of those that hold, if any does."""
        own = [v for name, v in self.found.get(case, {}).items()
               if name.startswith("unmask bf16") and "nondet" not in name and "raw" not in name]
        return min([v for v in own if holds(v)] or own, key=lambda v: v["seconds"], default=None)


def ratio(above, below, key="seconds"):
    return above[key] / below[key] if above and below and below[key] else None


def text(value, form="{:.2f}"):
    return "-" if value is None else form.format(value)


def case_text(case):
    mode, backbone, branches, batch = case
    return f"{mode} {backbone} x{branches} batch {batch}" if mode else ""


def table(results):
    """One row for each measurement; speeds and ratios above 1 are faster than the peer. schedule: those of the
    branches that were taken, several where repeated measurements found different ones the fastest."""
    yield (f"{'case':<34} {'variant':<36} {'ms':>9} {'images/s':>9} {'x best':>7} {'x compile':>9} "
           f"{'floor/t':>7} {'memory':>7} {'mem/compile':>11} {'spread':>6} schedule")
    for case in sorted(results.found, key=str):
        batch = case[3]
        compiled = results.best_compiled(case)
        floor = floor_seconds(case, results.ceilings, results.parameters.get(case, 0))
        for name, one in sorted(results.found[case].items(), key=lambda item: item[1]["seconds"]):
            yield (f"{case_text(case):<34} {name:<36} {1e3 * one['seconds']:>9.3f} "
                   f"{batch / one['seconds']:>9.0f} {text(ratio(results.best_peer(case), one)):>7} "
                   f"{text(ratio(compiled, one)):>9} {text(floor and floor / one['seconds']):>7} "
                   f"{one['peak_bytes'] / 2**30:>6.2f}G {text(ratio(one, compiled, 'peak_bytes')):>11} "
                   f"{100 * one['spread']:>5.0f}% {', '.join(one['schedules']) or '-'}")
    for line in results.failures:
        where = " ".join([case_text(case_of(line)), line["variant"]]).strip()
        yield f"failed: {where}: {line['error'].splitlines()[0][:120]}"
    for line in results.not_finished:
        where = " ".join([case_text(case_of(line)), line["variant"]]).strip()
        yield f"not finished: {where}: {line['not_finished']}"
    for case, variant, key, value, eager in results.off():
        yield f"off: {case_text(case)} torch {variant}: {key} {value:.5g}, expected about eager's {eager:.5g}"
    if results.ceilings:
        yield (f"ceilings: {results.ceilings['bytes_per_second'] / 1e12:.2f} TB/s copied, "
               f"{results.ceilings['operations_per_second'] / 1e12:.0f} TFLOP/s bf16 matmul")


def goals(results):
    """(goal, what was found, whether it holds, against which variants of PyTorch): None where something was not
    measured; "only" where it holds, but not all variants that decide it were measured."""
    def judged(name, value, holds, case, ends=""):
        against = ", ".join(sorted(results.peers(case, ends)))
        if value is None:
            return name, value, None, against
        return name, value, "only" if holds(value) and results.missing(case, ends) else holds(value), against

    train = ("train", "resnet34", 4, 256)
    compiled = results.best_compiled(train)

    # Both of one setting.
    def fast(own):
        return compiled is not None and compiled["seconds"] / own["seconds"] >= 1.3

    def small(own):
        return compiled is not None and own["peak_bytes"] / compiled["peak_bytes"] <= 0.7

    own = results.best_own(train, lambda own: fast(own) and small(own))
    yield judged("training resnet34 x4 batch 256: >= 1.3x torch.compile's best", ratio(compiled, own),
                 lambda value: value >= 1.3, train, COMPILED)
    yield judged("  with <= 0.7x its memory", ratio(own, compiled, "peak_bytes"), lambda value: value <= 0.7, train,
                 COMPILED)
    one, many = ("infer", "resnet34", 4, 1), ("infer", "resnet34", 4, 256)
    yield judged("inference batch 1: <= 0.5x the latency of PyTorch's best",
                 ratio(results.best_own(one), results.best_peer(one)), lambda value: value <= 0.5, one)
    yield judged("inference batch 256: >= 1.3x PyTorch's best", ratio(results.best_peer(many), results.best_own(many)),
                 lambda value: value >= 1.3, many)
    for backbone in "mobilenet_v1", "efficientnet_b0":
        case = ("train", backbone, 1, 256)
        yield judged(f"training {backbone} x1 batch 256: >= 1.5x PyTorch's best",
                     ratio(results.best_peer(case), results.best_own(case)), lambda value: value >= 1.5, case)
    value = ratio(results.get(train, "unmask bf16"), results.get(train, "unmask bf16, nondeterministic"))
    yield ("deterministic: at most 1.05x the time of --nondeterministic", value,
           None if value is None else value <= 1.05, "")


def verdict(holds, against):
    if holds is None:
        return "not measured" + (f" (PyTorch: {against})" if against else "")
    if holds == "only":
        return f"only against: {against}"
    return ("yes" if holds else "NO") + (f" (against: {against})" if against else "")


def report(lines):
    results = Results(lines)
    yield from table(results)
    for name, value, holds, against in goals(results):
        yield f"goal: {name:<66} {text(value):>6}  {verdict(holds, against)}"


def objects(texts, name, note):
    """Lines of text as JSON objects; note(text) is told of what is none."""
    for number, one in enumerate(texts, 1):
        if not one.strip():
            continue
        try:
            found = json.loads(one)
        except ValueError:
            found = None
        if isinstance(found, dict):
            yield found
        else:
            note(f"{name}, line {number}: no JSON object, left out: {one.strip()[:80]}")


def read(path):
    """The file's objects; a line that was cut or is none is left out with a note."""
    with open(path, encoding="utf-8", errors="replace") as file:
        return list(objects(file, path, lambda note: print(note, file=sys.stderr)))


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        import gpu_table_test  # which imports this file
        gpu_table_test.self_test()
    elif len(sys.argv) == 2:
        print("\n".join(report(read(sys.argv[1]))))
    else:
        sys.exit(__doc__)
