#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares results that were taken in turns, and names the rows whose time or memory moved beyond noise.

    compare_results.py b1.json,b2.json,b3.json,b4.json,b5.json a1.json,a2.json,a3.json,a4.json,a5.json

Take them as b1 a1 a2 b2 b3 a3 …, so that neither side always comes first: bN and aN are a pair, and each pair gives every row one ratio
of the medians of its repetitions. A row has moved when the mean of its log ratios is further from 0 than --least percent, beyond noise
by Student's t and at a rate of false discoveries (Benjamini and Hochberg) of --level over all times, and over all rows of memory. At
least five pairs allow a verdict; fewer show ratios and intervals alone. --drift takes from every pair the median ratio of all times,
which are to be ten at least: what the machine did to all alike.

Reads the JSON of --benchmark_out, DATE-bench.json, DATE-peers.json and growth.json. Exit code 1 when something grew, 2 without a verdict.
"""
import argparse
import math
import random
import statistics
import sys

import result_files
import statistics_of_pairs as pairs


FEWEST_FOR_DRIFT = 10  # rows: the median of few is a row's own change


class Comparison:
    """Of pairs of {row: median}; the rows are those that all results have."""

    def __init__(self, before, after, level=0.05, least=3.0, drift=False):
        shared = sorted(set.intersection(*(set(result) for result in [*before, *after])))
        logs = {name: [math.log(a[name] / b[name]) for b, a in zip(before, after)] for name in shared}
        self.drift = None
        # The machine slows time, not memory.
        times = {name: each for name, each in logs.items() if not name.endswith(result_files.MEMORY)}
        if drift and len(times) >= FEWEST_FOR_DRIFT:
            flat, self.drift = pairs.without_drift(times)
            logs.update(flat)
        self.rows = {name: pairs.Row(each, level, math.log1p(least / 100)) for name, each in logs.items()}
        self.verdict = len(before) >= pairs.LEAST_PAIRS
        # Memory, which hardly has noise, shall not lend its certainty to the times.
        kinds = [times, {name: None for name in logs if name not in times}] if self.verdict else []
        found = set().union(*(pairs.discoveries({name: self.rows[name].p for name in kind}, level) for kind in kinds))
        self.moved = sorted(found, key=lambda name: self.rows[name].ratio)


def line(name, row, word):
    low, high = row.interval
    return f"{word}  {row.ratio:6.3f} x ({f'{low:.3f} to {high:.3f}' if row.pairs > 1 else 'one pair'})  {name}"


def report(compared, level):
    """Lines for people."""
    lines = []
    if compared.verdict:
        for name in compared.moved:
            grew, memory = compared.rows[name].ratio > 1, name.endswith(result_files.MEMORY)
            lines.append(line(name, compared.rows[name], ("more  " if grew else "less  ") if memory else ("slower" if grew else "faster")))
    else:
        lines += [line(name, row, "ratio ") for name, row in compared.rows.items()]
    if compared.drift is not None:
        lines.append("all rows alike, taken out: " + ", ".join(f"{math.exp(each):.3f} x" for each in compared.drift))
    count = next(iter(compared.rows.values())).pairs
    if compared.verdict:
        grew = sum(compared.rows[name].ratio > 1 for name in compared.moved)
        lines.append(f"{len(compared.rows)} rows compared in {count} pairs, {len(compared.moved)} moved, {grew} of them grew; at most "
                     f"{100 * level:g}% of those named are expected to be wrong")
    else:
        lines.append(f"no verdict: expected at least {pairs.LEAST_PAIRS} pairs, found {count}")
    return lines


def simulated(generator, moved, rows=60, count=5, repetitions=3, drift=0.1, noise=0.03, outliers=0.0):
    """Pairs of results: every result has a mood of its own that all its rows share, repetitions are noisy, and one of some is half slower.

    `moved`: name -> the factor that it takes after.
    """
    def result(after):
        mood = math.exp(generator.gauss(0, drift))
        return {str(name): statistics.median(
            (1 + name) * mood * (moved.get(str(name), 1) if after else 1) * math.exp(generator.gauss(0, noise)) *
            (1.5 if generator.random() < outliers else 1) for _ in range(repetitions)) for name in range(rows)}

    both = [(result(False), result(True)) for _ in range(count)]
    return [before for before, _ in both], [after for _, after in both]


def self_test():
    pairs.self_test()
    result_files.self_test()
    generator = random.Random(1)
    # Nothing moved: any discovery is false, and as rare as the level says (to two deviations of so many tries), whether the drift is
    # taken out or not.
    for drift in (False, True):
        wrong = sum(bool(Comparison(*simulated(generator, {}, rows=24), least=0, drift=drift).moved) for _ in range(400))
        assert wrong <= 0.05 * 400 + 2 * math.sqrt(0.05 * 0.95 * 400), (drift, wrong)
    # Some moved by 20% with outliers among the repetitions: most are found, and of what is named few did not move.
    truth = {str(name): 1.2 for name in range(0, 60, 6)}
    named = found = 0
    for _ in range(40):
        compared = Comparison(*simulated(generator, truth, count=7, outliers=0.05), drift=True)
        named += len(compared.moved)
        found += len(truth.keys() & set(compared.moved))
    assert found >= 0.9 * 40 * len(truth), found
    assert named - found <= 0.05 * named, (named, found)
    # More pairs find more.
    few, many = (sum(len(Comparison(*simulated(generator, truth, count=count, outliers=0.1, noise=0.06), drift=True).moved)
                     for _ in range(10)) for count in (5, 10))
    assert many > few, (few, many)
    # What moves by less than --least is not named, however sure that is; nor do rows of memory that moved make noise look sure.
    small = {str(name): 1.01 for name in range(30)}
    wrong = sum(len(Comparison(*simulated(generator, small, noise=0.005, drift=0)).moved) for _ in range(40))
    assert wrong <= 2, wrong
    wrong = 0
    for _ in range(200):
        before, after = simulated(generator, {}, rows=24)
        for result, memory in [(each, 100.0) for each in before] + [(each, 110.0) for each in after]:
            result.update({f"{name}{result_files.MEMORY}": memory for name in range(24)})
        wrong += any(not name.endswith(result_files.MEMORY) for name in Comparison(before, after, least=0).moved)
    assert wrong <= 0.05 * 200 + 2 * math.sqrt(0.05 * 0.95 * 200), wrong
    # Memory has no noise and no drift.
    before = [{"a": 1.0 + i, "a: memory": 100.0, "b": 2.0, "c": 3.0} for i in range(5)]
    after = [{"a": 1.0 + i, "a: memory": 110.0, "b": 2.0, "c": 3.0, "only after": 1.0} for i in range(5)]
    compared = Comparison(before, after)
    assert compared.moved == ["a: memory"] and abs(compared.rows["a: memory"].ratio - 1.1) < 1e-9
    assert "more     1.100 x (1.100 to 1.100)  a: memory" in report(compared, 0.05)[0], report(compared, 0.05)
    compared = Comparison(before[:3], after[:3])
    assert not compared.moved and "no verdict: expected at least 5 pairs, found 3" in report(compared, 0.05)[-1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", nargs="?", help="files with commas between them")
    parser.add_argument("after", nargs="?", help="as many, the first of which goes with the first, and so on")
    parser.add_argument("--level", type=float, default=0.05, help="of the rows that are named, the part that may be wrong")
    parser.add_argument("--least", type=float, default=3, help="percent that are not worth a line")
    parser.add_argument("--drift", action="store_true", help="take from every pair what all rows did alike")
    parser.add_argument("--self-test", action="store_true")
    args = parser.parse_args()
    if args.self_test:
        return self_test()
    if args.after is None:
        parser.error("expected two lists of files")
    paths = [args.before.split(","), args.after.split(",")]
    if len(paths[0]) != len(paths[1]):
        parser.error(f"expected as many files before as after, found {len(paths[0])} and {len(paths[1])}")
    if not 0 < args.level < 1:
        parser.error(f"--level: expected a number between 0 and 1, found {args.level}")
    try:
        before, after = ([result_files.read(path) for path in each] for each in paths)
    except result_files.Unreadable as problem:
        parser.error(str(problem))
    compared = Comparison(before, after, args.level, args.least, args.drift)
    if args.drift and compared.drift is None:
        parser.error(f"--drift: expected at least {FEWEST_FOR_DRIFT} times that all files have in common")
    if not compared.rows:
        parser.error("expected rows that all files have in common, found none")
    for name in sorted(set().union(*before, *after) - compared.rows.keys()):
        print(f"not in every file: {name}")
    print("\n".join(report(compared, args.level)))
    if not compared.verdict:
        return 2
    return 1 if any(compared.rows[name].ratio > 1 for name in compared.moved) else 0


if __name__ == "__main__":
    sys.exit(main())
