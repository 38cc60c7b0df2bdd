#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes one result of what run_benchmarks.sh left: DATE-bench.json, which compare_results.py reads, and DATE-bench.md.

    bench_page.py build/bench                        # prints the page
    bench_page.py build/bench --out [FOLDER]         # writes both, to bench/results without a folder
"""
import argparse
import json
import pathlib
import re
import statistics
import sys

import context

PROGRAMS = ["detector", "op", "loader", "startup"]
UNITS = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}
# Counters beside the time: heading, counter, how it is shown.
COLUMNS = [("images/s", "images/s", "{:.1f}"), ("GFLOP/s", "GFLOP/s", "{:.0f}"), ("of peak", "of_peak", "{:.0%}"),
           ("GB/s", "GB/s", "{:.1f}"), ("of floor", "of_floor", "{:.0%}"), ("peak MB", "peak_MB", "{:.0f}")]


# What says nothing about the program or the machine's kind, and of a repetition nothing about the row.
UNTOLD_CONTEXT = {"host_name", "executable", "load_avg"}
UNTOLD = {"name", "family_index", "per_family_instance_index", "repetition_index", "threads"}


def in_order(name):
    """A key by which names are sorted, numbers in them by their value: repetitions run, and stand, in random order."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def rows_of(result):
    """Name -> (unit, times of the repetitions, counters' medians)."""
    rows = {}
    for entry in result["benchmarks"]:
        if entry.get("run_type", "iteration") != "iteration" or entry.get("error_occurred"):
            continue
        name = entry["run_name"]
        unit, times, counters = rows.setdefault(name, (entry["time_unit"], [], {}))
        times.append(entry["cpu_time" if "/process_time" in name else "real_time"])
        for _, counter, _ in COLUMNS:
            if counter in entry:
                counters.setdefault(counter, []).append(entry[counter])
        assert unit == entry["time_unit"]
    return {name: (unit, times, {counter: statistics.median(values) for counter, values in counters.items()})
            for name, (unit, times, counters) in sorted(rows.items(), key=lambda row: in_order(row[0]))}


def short(value):
    return f"{value:.4g}" if value < 1000 else f"{value:.0f}"


def table(result):
    rows = rows_of(result)
    columns = [column for column in COLUMNS if any(column[1] in counters for _, _, counters in rows.values())]
    lines = ["| " + " | ".join(["row", "median", "range", *(heading for heading, _, _ in columns)]) + " |", "|---" * (3 + len(columns)) + "|"]
    for name, (unit, times, counters) in rows.items():
        cells = [f"`{name}`", f"{short(statistics.median(times))} {unit}", f"{short(min(times))}–{short(max(times))}"]
        lines.append("| " + " | ".join(cells + [form.format(counters[key]) if key in counters else "–" for _, key, form in columns]) + " |")
    return "\n".join(lines)


def document(results, date):
    """results: program -> its JSON. Context that all share stands on top, the rest above each table."""
    contexts = [result["context"] for result in results.values()]
    told = ["machine", "threads", "commit", "unmask", "compiler", "build_type", "libraries", "kernels", "winograd", "idle_threads", "peak"]
    shared = {key: contexts[0][key] for key in told if key in contexts[0] and all(each.get(key) == contexts[0][key] for each in contexts)}
    lines = [f"# Benchmarks, {date}", "", "; ".join(f"{key}: {value}" for key, value in shared.items()) + ".", "",
             "Medians and ranges of the repetitions (`make bench`). Of peak and of floor: against what this machine does at most, operations "
             "counted as of direct convolution.", ""]
    for name, result in results.items():
        own = "; ".join(f"{key}: {result['context'][key]}" for key in told if key in result["context"] and key not in shared)
        lines += [f"## {name}", "", *([own + ".", ""] if own else []), table(result), ""]
    return "\n".join(lines)


def merged(results, date):
    return {"date": date, "context": {name: {key: value for key, value in result["context"].items() if key not in UNTOLD_CONTEXT} for name, result in results.items()},
            "benchmarks": [{key: value for key, value in entry.items() if key not in UNTOLD}
                           for result in results.values()
                           for entry in sorted(result["benchmarks"], key=lambda entry: in_order(entry["run_name"]))
                           if entry.get("run_type", "iteration") == "iteration"]}


def written(result):
    """JSON, a line for each repetition."""
    head = json.dumps({key: value for key, value in result.items() if key != "benchmarks"}, indent=1)
    return head.removesuffix("\n}") + ',\n "benchmarks": [\n' + ",\n".join(map(json.dumps, result["benchmarks"])) + "\n]}\n"


def self_test():
    def result(commit, *entries):
        return {"context": {"commit": commit, "threads": "2", "date": "then"}, "benchmarks": [
            {"run_name": name, "run_type": "iteration", "real_time": real, "cpu_time": 7, "time_unit": "us", **counters}
            for name, real, counters in entries]}

    results = {"op": result("c", ("a", 1.0, {"of_peak": 0.5}), ("a", 3.0, {"of_peak": 0.3}), ("a", 2.0, {"of_peak": 0.4})),
               "loader": result("d", ("b/process_time", 1, {}))}
    text = document(results, "2026-01-02")
    assert "| `a` | 2 us | 1–3 | 40% |" in text and "| `b/process_time` | 7 us | 7–7 |" in text, text
    assert "threads: 2." in text and "commit: c." in text and "commit: d." in text, text
    assert sorted(["b/8", "b/32", "b", "a/x"], key=in_order) == ["a/x", "b", "b/8", "b/32"]
    results["op"]["benchmarks"].append({"run_name": "a", "run_type": "aggregate", "real_time": 2.0, "time_unit": "us"})
    kept = merged(results, "d")
    assert len(kept["benchmarks"]) == 4 and json.loads(written(kept)) == kept
    context.self_test()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", help="where run_benchmarks.sh left its JSON")
    parser.add_argument("--out", nargs="?", const=str(pathlib.Path(__file__).resolve().parent / "results"), metavar="FOLDER",
                        help="write DATE-bench.json and .md there; bench/results without a folder")
    parser.add_argument("--self-test", action="store_true")
    args = parser.parse_args()
    if args.self_test:
        return self_test()
    if args.folder is None:
        parser.error("expected the folder of the results")
    results = {}
    for name in PROGRAMS:
        path = pathlib.Path(args.folder) / f"{name}.json"
        if not path.exists():
            continue
        try:
            results[name] = json.loads(path.read_text(encoding="utf-8"))
            table(results[name])
        except (ValueError, KeyError, TypeError) as problem:
            sys.exit(f"{path}: expected the JSON of a benchmark: {problem}")
    if not results:
        sys.exit(f"{args.folder}: expected {', '.join(name + '.json' for name in PROGRAMS)} or some of them, found none")
    date = context.today()
    page = document(results, date)
    print(page)
    if args.out:
        texts = {f"{date}-bench.md": page, f"{date}-bench.json": written(merged(results, date))}
        print("written:", ", ".join(context.write(args.out, texts)), file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
