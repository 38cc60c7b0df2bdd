#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Time and memory of `unmask bench` against batch, image size, branches and threads: a table, a plot, and how straight the lines are.

Each axis is measured from one middle (--backbone, --branches, --size, --batch), in inference and in training, all points in turn, --rounds
times; the median of the rounds counts. The line of a fit goes through n, the number of branches, or the number of pixels; its largest
relative deviation is told, and every step: a point that lies further than --noise from the line through its two neighbours. Threads are
judged by how many times faster so many are than one.

A point that fails is measured no further: it is named, and the exit code is 1; what else was measured counts.
"""
import argparse
import contextlib
import io
import json
import os
import pathlib
import statistics
import sys
import tempfile

import child
import context
import growth_plot

AXES = {"batch": [1, 2, 4, 8, 16, 32], "size": [64, 96, 128, 160, 192, 224, 256, 288, 320], "branches": list(range(1, 9)),
        "threads": list(range(1, (os.cpu_count() or 1) + 1))}
# What time and memory should be a line of; none for threads.
LINEAR = {"batch": lambda n: n, "size": lambda n: n * n, "branches": lambda n: n}
MODES = {"infer": "inference", "train": "training step"}
FIGURES = {"seconds": "seconds a step", "peak_bytes": "peak memory"}


def fit(points, horizontal):
    """Offset and slope of the line with the least relative deviation (least squares of (line - y) / y)."""
    w = [1 / (y * y) for _, y in points]
    u = [horizontal(x) for x, _ in points]
    y = [each for _, each in points]
    total = sum(w)
    mean_u = sum(a * b for a, b in zip(w, u)) / total
    mean_y = sum(a * b for a, b in zip(w, y)) / total
    spread = sum(a * (b - mean_u)**2 for a, b in zip(w, u))
    slope = sum(a * (b - mean_u) * (c - mean_y) for a, b, c in zip(w, u, y)) / spread if spread > 0 else 0.0
    return mean_y - slope * mean_u, slope


def deviation(points, horizontal):
    """The largest |line - y| / y."""
    offset, slope = fit(points, horizontal)
    return max(abs(offset + slope * horizontal(x) - y) / y for x, y in points)


def through(two, horizontal, x):
    """What the line through two points says at x, and the sum of what either has a part in it: how far both, each off by a share of
    itself, could move it by that share."""
    (x0, y0), (x1, y1) = two
    weight = (horizontal(x) - horizontal(x0)) / (horizontal(x1) - horizontal(x0))
    return (1 - weight) * y0 + weight * y1, abs(1 - weight) * abs(y0) + abs(weight) * abs(y1)


def steps(points, horizontal, noise):
    """Points (x, y, what the line through the neighbours says) that depart from it by more than the noise; the first and the last from
    the line through the two beside them."""
    found = []
    for i, (x, y) in enumerate(points):
        others = points[max(0, i - 1):i] + points[i + 1:]
        if i == len(points) - 1:
            others = points[-3:-1]
        if len(others) < 2:
            continue
        expected, moved = through(others[:2], horizontal, x)
        if abs(y - expected) > noise * moved:
            found.append((x, y, expected))
    return found


def shown(figure, value):
    return f"{value * 1e3:.1f} ms" if figure == "seconds" else f"{value / 1e6:.0f} MB"


def measure(args, axis, mode, value):
    settings = {"batch": args.batch, "size": args.size, "branches": args.branches, "threads": args.threads, axis: value}
    command = [args.unmask, "bench", "--mode", mode, "--backbone", args.backbone, "--width", str(args.width), "--runs", str(args.runs),
               "--warm-up", "1", "--quiet", "--json", "-"]
    for name, each in settings.items():
        command += [f"--{name}", str(each)]
    return child.run_json(command)


def values_of(axis, mode):
    return [value for value in AXES[axis] if (mode, axis, value) != ("train", "batch", 1)]


def measured(args):
    """Axis -> mode -> [{"value", "rounds": [figures]}], every point once in each round until it fails: then "failed" says why."""
    result = {axis: {mode: [{"value": value, "rounds": []} for value in values_of(axis, mode)] for mode in MODES} for axis in args.axes}
    for number in range(args.rounds):
        for axis, modes in result.items():
            for mode, points in modes.items():
                for point in (each for each in points if "failed" not in each):
                    try:
                        done = measure(args, axis, mode, point["value"])
                        point["rounds"].append(done)
                        said = f"{shown('seconds', done['seconds'])}, {shown('peak_bytes', done['peak_bytes'])}"
                    except child.Failed as problem:
                        point["failed"] = str(problem)
                        said = f"failed: {problem}"
                    print(f"round {number + 1}: {mode}, {axis} {point['value']}: {said}", file=sys.stderr)
    return result


def failures(result):
    """A line for each point that failed."""
    return [f"{mode}, {axis} {point['value']}: failed in round {len(point['rounds']) + 1}: {point['failed']}"
            for axis, modes in result.items() for mode, points in modes.items() for point in points if "failed" in point]


def middle(point, figure):
    return statistics.median(each[figure] for each in point["rounds"])


def series(points, figure):
    """Of the points that were measured."""
    return [(point["value"], middle(point, figure)) for point in points if point["rounds"]]


def judgement(axis, figure, points, noise):
    """How straight a series is, and each of its steps; of threads, how many times faster, and what is below --noise of as many."""
    if len(points) < 2:
        return "–"
    if axis == "threads":
        if points[0][0] != 1:
            return "–"
        if figure == "seconds":
            one = points[0][1] * points[0][0]
            return "; ".join(f"{one / y:.2f} x as fast with {x}" + ("" if one / y >= (1 - noise) * x else f", **below {(1 - noise) * x:.2f}**")
                             for x, y in points[1:])
        return "; ".join(f"{y / points[0][1]:.2f} x with {x}" for x, y in points[1:])
    if len(points) < 3:
        return "–"
    found = [f"**{axis} {x}: {shown(figure, y)}, its neighbours' line says {shown(figure, expected)}**"
             for x, y, expected in steps(points, LINEAR[axis], noise)]
    return "; ".join([f"{100 * deviation(points, LINEAR[axis]):.1f}%"] + (found or ["no step"]))


def summary(result, noise):
    """A line for each mode against each axis."""
    lines = ["| | time | memory |", "|---|---|---|"]
    for axis, modes in result.items():
        against = "pixels" if axis == "size" else axis
        for mode, points in modes.items():
            values = [point["value"] for point in points]
            cells = [judgement(axis, figure, series(points, figure), noise) for figure in FIGURES]
            lines.append(f"| {MODES[mode]} against {against} ({values[0]} to {values[-1]}) | " + " | ".join(cells) + " |")
    return lines


def document(args, about, result):
    lines = [f"# Growth of {args.backbone} × {args.branches}, width {args.width}, size {args.size}, batch {args.batch}, {args.threads} threads", "",
             f"{about['date']}; {about['machine']}; {', '.join(about['versions'])}; commit {about['commit']}. Medians of {args.rounds} rounds. "
             "One of these moves in each table, the others stay. Memory is our allocator's peak and, in brackets, the process's resident set.", "",
             f"How far the furthest point is from a straight line, and steps: points more than {100 * args.noise:g}% beside the line through "
             "their neighbours. With threads, how many times faster than one.", "", *summary(result, args.noise), ""]
    if failed := failures(result):
        lines += ["**Failed, and measured no further:**", "", *(f"- {each}" for each in failed), ""]
    for axis, modes in result.items():
        lines += [f"| {axis} | inference | memory | training step | memory |", "|---|---|---|---|---|"]
        cells = {mode: {point["value"]: point for point in points} for mode, points in modes.items()}
        for value in AXES[axis]:
            row = [str(value)]
            for mode in MODES:
                point = cells[mode].get(value)
                row += ["–", "–"] if point is None else ["failed", "–"] if not point["rounds"] else [
                    shown("seconds", middle(point, "seconds")),
                    f"{shown('peak_bytes', middle(point, 'peak_bytes'))} ({middle(point, 'resident_bytes') / 1e6:.0f})"]
            lines.append("| " + " | ".join(row) + " |")
        lines.append("")
    return "\n".join(lines)


def circumstances(args):
    return {"date": context.today(), "machine": context.machine(), "commit": context.commit(),
            "versions": context.versions(child.run([args.unmask, "--version"])["output"]),
            "settings": {name: getattr(args, name) for name in ("backbone", "branches", "width", "size", "batch", "threads", "runs", "rounds")}}


FAILING = """#!/usr/bin/env python3
import pathlib, sys
if sys.argv[1] == "--version":
    sys.exit(print("unmask 1"))
mode, batch = sys.argv[sys.argv.index("--mode") + 1], int(sys.argv[sys.argv.index("--batch") + 1])
calls = pathlib.Path(f"{sys.argv[0]}.{mode}.{batch}")
calls.write_text((calls.read_text() if calls.exists() else "") + "x")
if (mode, batch) == ("train", 32) or ((mode, batch) == ("infer", 16) and calls.read_text() == "xx") or sys.argv[0].endswith("/none"):
    sys.exit(f"unmask: error: no memory for {batch}")
print('{"seconds": %d, "peak_bytes": %d}' % (batch, batch * 10**6))
"""


def self_test_of_failures():
    """A program that always fails at one point, and at another in the second round."""
    with tempfile.TemporaryDirectory() as folder:
        program, out = pathlib.Path(folder) / "unmask", pathlib.Path(folder) / "out"
        program.write_text(FAILING, encoding="utf-8")
        program.chmod(0o700)
        words = ["--unmask", str(program), "--axes", "batch", "--rounds", "3", "--out", str(out)]
        with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.redirect_stderr(io.StringIO()):
            code = main(words)
        assert code == 1, code
        page = (out / "growth.md").read_text(encoding="utf-8")
        assert page == said.getvalue(), page
        for line in ("- train, batch 32: failed in round 1: unmask: error: no memory for 32",
                     "- infer, batch 16: failed in round 2: unmask: error: no memory for 16",
                     "| 32 | 32000.0 ms | 32 MB (", "| failed | – |", "| 16 | 16000.0 ms | 16 MB ("):
            assert line in page, (line, page)
        points = {mode: {point["value"]: point for point in each}
                  for mode, each in json.loads((out / "growth.json").read_text(encoding="utf-8"))["axes"]["batch"].items()}
        assert len(points["infer"][8]["rounds"]) == 3 and len(points["infer"][16]["rounds"]) == 1
        assert points["train"][32]["rounds"] == [] and points["train"][32]["failed"].endswith("32")
        assert program.with_name("unmask.train.32").read_text(encoding="utf-8") == "x"  # not tried in every round
        assert (out / "growth.svg").read_text(encoding="utf-8").count("<polyline") == 2 * 2 * 2
        # Without a single point there is nothing to write.
        program = program.rename(program.with_name("none"))
        try:
            with contextlib.redirect_stderr(io.StringIO()):
                main(["--unmask", str(program), "--axes", "batch", "--rounds", "1", "--out", str(out / "none")])
        except SystemExit as ended:
            assert "no point could be measured" in str(ended) and "no memory for 1" in str(ended), ended
        else:
            raise AssertionError("expected an end without results")
        assert not (out / "none").exists()


def self_test():
    straight, identity = [(n, 5 + 2 * n) for n in (1, 2, 4, 8)], LINEAR["batch"]
    offset, slope = fit(straight, identity)
    assert abs(offset - 5) < 1e-9 and abs(slope - 2) < 1e-9
    assert deviation(straight, identity) < 1e-9 and not steps(straight, identity, 0.01)
    assert deviation([(n, 3 * n * n) for n in (32, 64, 96)], LINEAR["size"]) < 1e-9
    assert deviation([(1, 2.0), (2, 4.0), (1000, 2600.0)], identity) < 0.25  # the small count as much as the large

    def found(points, noise=0.15):
        return [x for x, *_ in steps(points, identity, noise)]

    line = [(n, float(n)) for n in range(1, 9)]
    jump = [(n, y + (10 if n > 4 else 0)) for n, y in line]
    assert found(jump) == [4, 5] and deviation(jump, identity) > 0.1, found(jump)
    assert not found([(n, y * (1.04 if n % 2 else 0.96)) for n, y in line])  # noise is no step
    # A bump of a fifth, up or down, in the middle: less than twice the rise, yet a step.
    assert found([(n, y * (1.2 if n == 5 else 1)) for n, y in line]) == [5]
    assert found([(n, y * (0.8 if n == 5 else 1)) for n, y in line]) == [5]
    assert 8 in found([(n, y * (2 if n == 8 else 1)) for n, y in line]) and 1 in found([(n, y * (3 if n == 1 else 1)) for n, y in line])
    assert found([(1, 1.0), (2, 2.0), (4, 4.0), (8, 8.0), (16, 22.0)]) == [8, 16]
    assert [round(each, 9) for each in through([(1, 1.0), (3, 3.0)], identity, 4)] == [4.0, 5.0]
    text = judgement("batch", "seconds", jump, 0.15)
    assert "**batch 5: 15000.0 ms, its neighbours' line says 10000.0 ms**" in text and "no step" not in text, text
    assert judgement("batch", "peak_bytes", straight, 0.15) == "0.0%; no step"
    assert judgement("threads", "seconds", [(1, 2.0), (2, 1.05), (4, 0.8)], 0.15) == "1.90 x as fast with 2; 2.50 x as fast with 4, **below 3.40**"
    assert judgement("threads", "peak_bytes", [(1, 2e6), (2, 3e6)], 0.15) == "1.50 x with 2"
    # The median of the rounds counts, and every axis has its line and its table.
    rounds = [{"seconds": each, "peak_bytes": 5e6, "resident_bytes": 6e6} for each in (1.0, 9.0, 2.0)]
    result = {axis: {mode: [{"value": value, "rounds": rounds} for value in values_of(axis, mode)] for mode in MODES} for axis in AXES}
    assert series(result["batch"]["train"], "seconds")[0] == (2, 2.0)
    args = argparse.Namespace(backbone="b", branches=2, width=1, size=64, batch=8, threads=2, rounds=3, noise=0.15)
    text = document(args, {"date": "d", "machine": "m", "versions": ["v"], "commit": "c"}, result)
    assert all(f"{mode} against {axis}" in text for mode in MODES.values() for axis in ("batch", "pixels", "branches", "threads")), text
    assert "| 1 | 2000.0 ms | 5 MB (6) | – | – |" in text and "d; m; v; commit c. Medians of 3 rounds." in text, text
    self_test_of_failures()
    context.self_test()
    growth_plot.self_test()


def main(words=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--unmask", default="build/release/bin/unmask", help="the program")
    parser.add_argument("--backbone", default="resnet18")
    parser.add_argument("--branches", type=int, default=2)
    parser.add_argument("--width", type=float, default=1.0)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--runs", type=int, default=5, help="within a round, of which the median counts")
    parser.add_argument("--rounds", type=int, default=3, help="over all points, of which the median counts")
    parser.add_argument("--noise", type=float, default=0.15, help="part of a value that is no step")
    parser.add_argument("--axes", type=lambda text: text.split(","), default=list(AXES), help="some of " + ",".join(AXES))
    parser.add_argument("--out", default="build/growth", help="the folder for growth.md, growth.svg and growth.json")
    parser.add_argument("--self-test", action="store_true")
    args = parser.parse_args(words)
    if args.self_test:
        self_test()
        return 0
    if unknown := set(args.axes) - set(AXES):
        parser.error(f"--axes: expected some of {', '.join(AXES)}, found {', '.join(sorted(unknown))}")
    if args.rounds < 1:
        parser.error(f"--rounds: expected at least 1, found {args.rounds}")
    try:
        about = circumstances(args)
    except child.Failed as problem:
        sys.exit(f"growth: {args.unmask}: {problem}")
    result = measured(args)
    failed = failures(result)
    if not any(point["rounds"] for modes in result.values() for points in modes.values() for point in points):
        sys.exit("\n".join(["growth: no point could be measured:", *failed]))
    text = document(args, about, result)
    lines = {axis: {mode: {figure: series(points, figure) for figure in FIGURES} for mode, points in modes.items()}
             for axis, modes in result.items()}
    context.write(args.out, {"growth.md": text + "\n", "growth.json": json.dumps({**about, "axes": result}, indent=1) + "\n",
                             "growth.svg": growth_plot.page(lines, LINEAR, fit)})
    print(text)
    for each in failed:
        print(f"growth: {each}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
