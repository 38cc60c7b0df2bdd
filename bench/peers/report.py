# SPDX-License-Identifier: Apache-2.0
"""The results of alternate.py as Markdown: medians of the rounds, ratios, memory, and whether the goals are met.

A result is {"name", "goal", "batch", "programs": [names, ours first], "rounds": {name: [{"seconds", "resident_bytes", "peak_bytes"}]}}.
A goal is {} or holds "faster" (than the best peer, at least), "memory" (of the best peer's resident set, at most) or "seconds" (at most).
"""
import datetime
import json
import os
import pathlib
import platform
import statistics
import subprocess


def median(rounds, key):
    values = [each[key] for each in rounds if each.get(key)]
    return statistics.median(values) if values else None


def seconds_of(result):
    """Name -> median seconds, of the programs that ran."""
    return {name: median(rounds, "seconds") for name, rounds in result["rounds"].items() if rounds}


def goal_text(goal):
    parts = []
    if "faster" in goal:
        parts.append(f"{goal['faster']} x as fast")
    if "memory" in goal:
        parts.append(f"{goal['memory']} x the memory")
    if "seconds" in goal:
        parts.append(f"{goal['seconds']} s")
    return ", ".join(parts) or "–"


def judge(result):
    """The parts of the goal, each met or not; unknown where a program is missing."""
    goal, seconds = result["goal"], seconds_of(result)
    ours, *peers = result["programs"]
    if not goal:
        return "–"
    if ours not in seconds:
        return "unknown"
    parts = []
    there = {name: seconds[name] for name in peers if name in seconds}
    if "faster" in goal:
        if there:
            ratio = min(there.values()) / seconds[ours]
            parts.append(f"{'met' if ratio >= goal['faster'] else 'not met'} ({ratio:.2f} x as fast)")
        else:
            parts.append("unknown")
    if "memory" in goal:
        resident = [median(result["rounds"][name], "resident_bytes") for name in there]
        if resident:
            ratio = median(result["rounds"][ours], "resident_bytes") / min(resident)
            parts.append(f"{'met' if ratio <= goal['memory'] else 'not met'} ({ratio:.2f} x the memory)")
        else:
            parts.append("unknown")
    if "seconds" in goal:
        parts.append(f"{'met' if seconds[ours] <= goal['seconds'] else 'not met'} ({seconds[ours]:.3f} s)")
    return ", ".join(parts)


def table(results):
    """A line for each program of each piece of work; the goal beside ours."""
    lines = ["| work | program | seconds | images/s | ours is faster by | resident set | our allocator | goal | |",
             "|---|---|---|---|---|---|---|---|---|"]

    def size(amount):
        return f"{amount / 1e6:.0f} MB" if amount else "–"

    for result in results:
        seconds = seconds_of(result)
        ours = result["programs"][0]
        for name in result["programs"]:
            rounds = result["rounds"].get(name, [])
            own = name == ours
            if name in seconds:
                ratio = f"{seconds[name] / seconds[ours]:.2f}" if not own and ours in seconds else "–"
                rate = f"{result['batch'] / seconds[name]:.1f}"
                figures = [f"{seconds[name]:.3f}", rate, ratio, size(median(rounds, "resident_bytes")),
                           size(median(rounds, "peak_bytes"))]
            else:
                figures = ["left out", "–", "–", "–", "–"]
            lines.append("| " + " | ".join([result["name"] if own else "", name, *figures, goal_text(result["goal"]) if own else "",
                                            judge(result) if own else ""]) + " |")
    return "\n".join(lines)


def processor():
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.machine()


def commit():
    """Of the working tree, with a plus where it was changed; 'unknown' outside of one."""
    def git(*words):
        return subprocess.run(["git", *words], capture_output=True, text=True, check=True,
                              cwd=pathlib.Path(__file__).resolve().parent).stdout.strip()

    try:
        return git("rev-parse", "--short", "HEAD") + ("+" if git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def circumstances(versions, threads, rounds):
    """What the figures depend on."""
    return {"date": str(datetime.date.today()), "machine": f"{processor()}, {os.cpu_count()} cores", "threads": threads, "rounds": rounds,
            "versions": versions, "commit": commit()}


def document(results, about, command):
    """A page for bench/results/."""
    versions = ", ".join(dict.fromkeys(about["versions"]))
    left_out = [f"- {result['name']}: {name} was left out: {reason}" for result in results
                for name, reason in result["missing"].items()]
    return "\n".join([
        f"# The same work in other programs, {about['date']}", "",
        f"{about['machine']}; {about['threads']} threads; {versions}; commit {about['commit']}. Random weights and images, medians of "
        f"{about['rounds']} rounds in which the programs took turns. The resident set is the system's count of each process at its peak.",
        "", table(results), "", *(left_out + [""] if left_out else []), "```sh", command, "```", ""])


def write(folder, results, about, command):
    """DATE-peers.md and DATE-peers.json in the folder, whole or not at all."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    texts = {".md": document(results, about, command), ".json": json.dumps({**about, "results": results}, indent=1) + "\n"}
    paths = []
    for suffix, text in texts.items():
        path = folder / f"{about['date']}-peers{suffix}"
        part = path.with_name(path.name + ".part")
        part.write_text(text, encoding="utf-8")
        part.replace(path)
        paths.append(str(path))
    return paths


def self_test():
    def rounds(seconds, resident):
        return [{"seconds": each, "resident_bytes": resident, "peak_bytes": None} for each in seconds]

    result = {"name": "work", "goal": {"faster": 2.0, "memory": 0.6}, "batch": 8, "programs": ["unmask", "A", "B"], "missing": {"B": "gone"},
              "rounds": {"unmask": rounds([1.0, 9.0, 1.2], 50e6), "A": rounds([2.5, 2.4, 0.1], 100e6), "B": []}}
    assert judge(result) == "met (2.00 x as fast), met (0.50 x the memory)", judge(result)
    result["rounds"]["B"] = rounds([1.8], 70e6)  # the better peer counts, in time and in memory
    assert judge(result) == "not met (1.50 x as fast), not met (0.71 x the memory)", judge(result)
    assert judge({**result, "rounds": {**result["rounds"], "unmask": []}}) == "unknown"
    assert judge({**result, "goal": {}}) == "–"
    assert judge({**result, "goal": {"seconds": 1.2}}) == "met (1.200 s)"
    assert judge({**result, "goal": {"seconds": 1.1}}) == "not met (1.200 s)"
    result["rounds"]["B"] = []
    text = document([result], {"date": "2026-01-02", "machine": "m", "threads": 2, "rounds": 3, "versions": ["v", "v"], "commit": "c"}, "run")
    assert "| work | unmask | 1.200 | 6.7 | – | 50 MB |" in text and "|  | B | left out |" in text and "B was left out: gone" in text, text
    assert "| A | 2.400 | 3.3 | 2.00 | 100 MB |" in text and "; v; commit c" in text, text
