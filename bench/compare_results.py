#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares results of the benchmarks (JSON of --benchmark_out, several repetitions each) and names what moved beyond noise.

    compare_results.py before.json after.json
    compare_results.py before1.json,before2.json after1.json,after2.json    # taken in turns: before, after, before, after

A row has moved when the two medians differ by more than --least percent and the ranges of the repetitions do not overlap. The
repetitions of one file share the machine's mood of that minute; files taken in turns show how far it varies, and their repetitions
count together. Where most rows moved alike the machine itself is the likeliest reason, which is said.
Exit code 1 when something became slower, so that a script can ask.
"""
import argparse
import json
import statistics
import sys

ALIKE = 0.1  # how far the median row may move before that is said


def rows_of(paths):
    """Name -> times of the repetitions in all files, in nanoseconds."""
    nanoseconds = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}
    rows = {}
    for path in paths.split(","):
        try:
            with open(path, encoding="utf-8") as file:
                result = json.load(file)
            for entry in result["benchmarks"]:
                if entry.get("run_type") == "iteration" and not entry.get("error_occurred"):
                    rows.setdefault(entry["run_name"], []).append(entry["real_time"] * nanoseconds[entry["time_unit"]])
        except (OSError, ValueError, KeyError, TypeError) as problem:
            sys.exit(f"{path}: expected the JSON of a benchmark: {problem}")
    return rows


def moved(before, after, least):
    """The ratio of the medians where it is beyond noise, else None."""
    ratio = statistics.median(after) / statistics.median(before)
    apart = max(before) < min(after) or max(after) < min(before)
    return ratio if apart and abs(ratio - 1) * 100 >= least else None


def moved_alike(before, after):
    """The median ratio of all rows, where it is so far from 1 that the machine must have changed; else None."""
    ratios = [statistics.median(after[name]) / statistics.median(before[name]) for name in before.keys() & after.keys()]
    middle = statistics.median(ratios) if len(ratios) >= 5 else 1
    return middle if abs(middle - 1) > ALIKE else None


def self_test():
    assert moved([10, 11, 12], [10.5, 11.5, 12.5], 3) is None  # ranges overlap
    assert moved([10, 10.1, 10.2], [10.3, 10.3, 10.4], 3) is None  # apart, but by 2%
    assert abs(moved([10, 10.1, 10.2], [20, 20.2, 20.4], 3) - 2) < 1e-9
    assert moved([20, 20.2, 20.4], [10, 10.1, 10.2], 3) < 1
    same = {str(i): [10 + i] * 3 for i in range(5)}
    assert moved_alike(same, same) is None
    assert moved_alike(same, {**same, "0": [30] * 3, "1": [30] * 3}) is None  # two rows of five
    assert abs(moved_alike(same, {name: [2 * each for each in times] for name, times in same.items()}) - 2) < 1e-9


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", nargs="?", help="a file, or several with commas between them")
    parser.add_argument("after", nargs="?", help="the same")
    parser.add_argument("--least", type=float, default=3, help="percent that are not worth a line")
    parser.add_argument("--self-test", action="store_true")
    args = parser.parse_args()
    if args.self_test:
        return self_test()
    if args.after is None:
        parser.error("expected two files, or two lists of files")
    before, after = rows_of(args.before), rows_of(args.after)
    both = sorted(before.keys() & after.keys())
    if not both:
        sys.exit(f"expected rows that {args.before} and {args.after} have in common, found none")
    slower = 0
    for name in both:
        if min(len(before[name]), len(after[name])) < 3:
            sys.exit(f"{name}: expected at least 3 repetitions in both (--benchmark_repetitions=3)")
        ratio = moved(before[name], after[name], args.least)
        if ratio is None:
            continue
        slower += ratio > 1
        print(f"{'slower' if ratio > 1 else 'faster'}  {ratio:6.2f} x the time  {name}")
    for name in sorted(before.keys() ^ after.keys()):
        print(f"only in {args.before if name in before else args.after}: {name}")
    if alike := moved_alike(before, after):
        print(f"the median row takes {alike:.2f} x the time: did the machine do the same beside it? Take the results in turns to know")
    print(f"{len(both)} rows compared, {slower} slower beyond noise")
    return 1 if slower else 0


if __name__ == "__main__":
    sys.exit(main())
