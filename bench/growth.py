#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Time and memory of `unmask bench` against batch, image size, branches and threads: a table, a plot, and how straight the lines are.

Each axis is measured from one middle (--backbone, --branches, --size, --batch), in inference and in training. The line of a fit goes
through n, the number of branches, or the number of pixels; its largest relative deviation is printed, and every step: a rise between
two neighbours beyond twice what the line says and beyond --noise.
"""
import argparse
import json
import os
import pathlib
import sys

import child
import growth_plot

AXES = {"batch": [1, 2, 4, 8, 16, 32], "size": [64, 96, 128, 160, 192, 224, 256, 288, 320], "branches": list(range(1, 9)),
        "threads": list(range(1, (os.cpu_count() or 1) + 1))}
# What time and memory should be a line of; none for threads.
LINEAR = {"batch": lambda n: n, "size": lambda n: n * n, "branches": lambda n: n}
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


def steps(points, horizontal, noise):
    """Neighbours between which y rises by more than twice what the line says and by more than noise of y."""
    _, slope = fit(points, horizontal)
    found = []
    for (x0, y0), (x1, y1) in zip(points, points[1:]):
        expected = max(0.0, slope * (horizontal(x1) - horizontal(x0)))
        if y1 - y0 > 2 * expected and y1 - y0 - expected > noise * y0:
            found.append((x0, x1, y1 - y0, expected))
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


def measured(args):
    """Axis -> mode -> [(value, result)]."""
    result = {}
    for axis in args.axes:
        result[axis] = {}
        for mode in ("infer", "train"):
            values = [value for value in AXES[axis] if (mode, axis, value) != ("train", "batch", 1)]
            rows = result[axis][mode] = []
            for value in values:
                rows.append((value, measure(args, axis, mode, value)))
                print(f"{mode}, {axis} {value}: {shown('seconds', rows[-1][1]['seconds'])}, "
                      f"{shown('peak_bytes', rows[-1][1]['peak_bytes'])}", file=sys.stderr)
    return result


def series(rows, figure):
    return [(value, each[figure]) for value, each in rows]


def judgement(axis, mode, figure, points, noise):
    """The line about how straight a series is, and a line for each of its steps."""
    if axis not in LINEAR or len(points) < 3:
        return []
    against = "pixels" if axis == "size" else axis
    lines = [f"- {mode}, {FIGURES[figure]} against {against}: at most {100 * deviation(points, LINEAR[axis]):.1f}% from a line"]
    found = steps(points, LINEAR[axis], noise)
    lines[0] += "" if found else ", no step"
    for low, high, rise, expected in found:
        lines.append(f"  - a step between {axis} {low} and {high}: {shown(figure, rise)} more, where the line says {shown(figure, expected)}")
    return lines


def document(args, result):
    lines = [f"# Growth of {args.backbone} × {args.branches}, width {args.width}, size {args.size}, batch {args.batch}, {args.threads} threads", "",
             "One of these moves in each table, the others stay. Memory is our allocator's peak and, in brackets, the process's resident set.", ""]
    for axis, modes in result.items():
        lines += [f"| {axis} | inference | memory | training step | memory |", "|---|---|---|---|---|"]
        cells = {mode: dict(rows) for mode, rows in modes.items()}
        for value in AXES[axis]:
            row = [str(value)]
            for mode in ("infer", "train"):
                each = cells[mode].get(value)
                row += ["–", "–"] if each is None else [
                    shown("seconds", each["seconds"]), f"{shown('peak_bytes', each['peak_bytes'])} ({each['resident_bytes'] / 1e6:.0f})"]
            lines.append("| " + " | ".join(row) + " |")
        lines.append("")
        for mode, rows in modes.items():
            for figure in FIGURES:
                lines += judgement(axis, mode, figure, series(rows, figure), args.noise)
        lines.append("")
    return "\n".join(lines)


def self_test():
    straight, identity = [(n, 5 + 2 * n) for n in (1, 2, 4, 8)], LINEAR["batch"]
    offset, slope = fit(straight, identity)
    assert abs(offset - 5) < 1e-9 and abs(slope - 2) < 1e-9
    assert deviation(straight, identity) < 1e-9 and not steps(straight, identity, 0.1)
    assert deviation([(n, 3 * n * n) for n in (32, 64, 96)], LINEAR["size"]) < 1e-9
    jump = [(n, n + (10 if n > 4 else 0)) for n in range(1, 9)]
    assert [(low, high) for low, high, *_ in steps(jump, identity, 0.1)] == [(4, 5)]
    assert deviation(jump, identity) > 0.1
    assert not steps([(1, 1.0), (2, 2.0), (3, 3.05)], identity, 0.1)  # noise is no step
    assert not steps([(1, 1.0), (2, 2.0), (3, 3.7), (4, 4.0), (5, 5.0)], identity, 0.1)  # nor is less than twice the rise
    assert deviation([(1, 2.0), (2, 4.0), (1000, 2600.0)], identity) < 0.25  # the small count as much as the large
    text = "\n".join(judgement("batch", "infer", "seconds", jump, 0.1))
    assert "a step between batch 4 and 5" in text and "no step" not in text
    assert "no step" in judgement("batch", "infer", "seconds", straight, 0.1)[0]
    assert not judgement("threads", "infer", "seconds", straight, 0.1)
    growth_plot.self_test()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--unmask", default="build/release/bin/unmask", help="the program")
    parser.add_argument("--backbone", default="resnet18")
    parser.add_argument("--branches", type=int, default=2)
    parser.add_argument("--width", type=float, default=1.0)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--runs", type=int, default=5, help="of which the median counts")
    parser.add_argument("--noise", type=float, default=0.15, help="part of a value that is no step")
    parser.add_argument("--axes", type=lambda text: text.split(","), default=list(AXES), help="some of " + ",".join(AXES))
    parser.add_argument("--out", default="build/growth", help="the folder for growth.md, growth.svg and growth.json")
    parser.add_argument("--self-test", action="store_true")
    args = parser.parse_args()
    if args.self_test:
        return self_test()
    if unknown := set(args.axes) - set(AXES):
        parser.error(f"--axes: expected some of {', '.join(AXES)}, found {', '.join(sorted(unknown))}")
    try:
        result = measured(args)
    except child.Failed as problem:
        sys.exit(f"growth: {args.unmask} bench: {problem}")
    folder = pathlib.Path(args.out)
    folder.mkdir(parents=True, exist_ok=True)
    text = document(args, result)
    texts = {"growth.md": text + "\n", "growth.json": json.dumps(result, indent=1) + "\n",
             "growth.svg": growth_plot.page({axis: {mode: {figure: series(rows, figure) for figure in FIGURES} for mode, rows in modes.items()}
                                             for axis, modes in result.items()}, LINEAR, fit)}
    for name, each in texts.items():
        part = folder / (name + ".part")
        part.write_text(each, encoding="utf-8")
        part.replace(folder / name)
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
