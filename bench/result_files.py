# SPDX-License-Identifier: Apache-2.0
"""Reads results into rows: Google Benchmark's JSON, DATE-bench.json, DATE-peers.json and growth.json."""
import json
import statistics

SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}
MEMORY = ": memory"  # ends the names of rows that are bytes


class Unreadable(Exception):
    """What was expected and found, in a line."""


def benchmark_rows(result):
    """Wall-clock time, but the processor's where that is what the row measures; the counter peak_MB as memory."""
    for entry in result["benchmarks"]:
        if entry.get("run_type", "iteration") != "iteration" or entry.get("error_occurred"):
            continue
        name = entry["run_name"]
        yield name, entry["cpu_time" if "/process_time" in name else "real_time"] * SECONDS[entry["time_unit"]]
        if "peak_MB" in entry:
            yield name + MEMORY, entry["peak_MB"] * 1e6


def peers_rows(result):
    for work in result["results"]:
        for program, rounds in work["rounds"].items():
            for each in rounds:
                name = f"{work['key']}: {program}"
                yield name, each["seconds"]
                yield name + MEMORY, each["resident_bytes"]


def growth_rows(result):
    for axis, modes in result["axes"].items():
        for mode, points in modes.items():
            for point in points:
                name = f"{mode}, {axis} {point['value']}"
                for each in point["rounds"]:
                    yield name, each["seconds"]
                    yield name + MEMORY, each["peak_bytes"]


READERS = {"benchmarks": benchmark_rows, "results": peers_rows, "axes": growth_rows}


def medians(result):
    """Name -> the median of a result's repetitions or rounds, in seconds or bytes; those above 0 alone."""
    kinds = [kind for kind in READERS if kind in result]
    if len(kinds) != 1:
        raise Unreadable(f"expected one of the keys {', '.join(READERS)}, found {', '.join(result) or 'none'}")
    rows = {}
    for name, value in READERS[kinds[0]](result):
        rows.setdefault(name, []).append(value)
    return {name: statistics.median(values) for name, values in rows.items() if statistics.median(values) > 0}


def read(path):
    """The medians of a file; Unreadable names it."""
    try:
        with open(path, encoding="utf-8") as file:
            return medians(json.load(file))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, Unreadable) as problem:
        raise Unreadable(f"{path}: expected the JSON of a benchmark: {problem}") from None


def self_test():
    def entry(name, real, cpu, **more):
        return {"run_name": name, "run_type": "iteration", "real_time": real, "cpu_time": cpu, "time_unit": "us", **more}

    def close(found, expected):
        assert found.keys() == expected.keys(), found
        assert all(abs(found[name] - expected[name]) < 1e-9 * expected[name] for name in found), found

    close(medians({"context": {}, "benchmarks": [
        entry("a/real_time", 1, 9), entry("a/real_time", 3, 9), entry("a/real_time", 2, 9, peak_MB=5),
        entry("b/process_time", 9, 4), {"run_name": "a", "run_type": "aggregate"}, entry("c", 1, 1, error_occurred=True)]}),
          {"a/real_time": 2e-6, "a/real_time: memory": 5e6, "b/process_time": 4e-6})
    close(medians({"results": [{"key": "k", "rounds": {"unmask": [{"seconds": 1.0, "resident_bytes": 7}], "gone": []}}]}),
          {"k: unmask": 1.0, "k: unmask: memory": 7})
    close(medians({"about": {}, "axes": {"batch": {"infer": [{"value": 8, "rounds": [{"seconds": 2.0, "peak_bytes": 3}] * 3}]}}}),
          {"infer, batch 8": 2.0, "infer, batch 8: memory": 3})
    for broken in ({}, {"other": 1}, {"benchmarks": [], "results": []}):
        try:
            medians(broken)
        except Unreadable as problem:
            assert "expected one of the keys" in str(problem)
        else:
            raise AssertionError(broken)
