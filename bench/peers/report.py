# SPDX-License-Identifier: Apache-2.0
"""The results of alternate.py as Markdown: medians of the rounds, ratios, memory, and whether the goals are met.

A result is {"name", "goal", "batch", "programs": [names, ours first], "tries": {name: figures}, "rounds": {name: [figures]}}, figures
{"seconds", "resident_bytes", "peak_bytes"}. Names as "PEER: WAY" are ways of running one peer, of which the fastest counts.
A goal is {} or holds "faster" (than the best peer, at least), "memory" (of the best peer's resident set, at most) or "seconds" (at most), and
perhaps "peer", the only program that it is about.
"""
import json
import pathlib
import statistics
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import context  # noqa: E402  pylint: disable=wrong-import-position


def median(rounds, key):
    values = [each[key] for each in rounds if each.get(key)]
    return statistics.median(values) if values else None


def seconds_of(result):
    """Name -> median seconds, of the programs that ran."""
    return {name: median(rounds, "seconds") for name, rounds in result["rounds"].items() if rounds}


def peer_of(name):
    return name.partition(": ")[0]


def fastest(seconds):
    """Peer -> its fastest way, of {name: seconds}."""
    best = {}
    for name, each in seconds.items():
        if peer_of(name) not in best or each < seconds[best[peer_of(name)]]:
            best[peer_of(name)] = name
    return best


def worth_rounds(seconds, factor):
    """The names whose way took at most so many times what its peer's fastest did."""
    best = fastest(seconds)
    return [name for name, each in seconds.items() if each <= factor * seconds[best[peer_of(name)]]]


def counted(result):
    """The programs that count, ours first: of each peer its fastest way, or where none ran all of them."""
    best = fastest(seconds_of(result))
    return [name for name in result["programs"] if best.get(peer_of(name), name) == name]


def ratios(result, name):
    """How many times as long as ours it took, in each round."""
    ours = result["rounds"][result["programs"][0]]
    return [theirs["seconds"] / own["seconds"] for own, theirs in zip(ours, result["rounds"][name])]


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
    there = [name for name in counted(result) if name in peers and name in seconds and goal.get("peer", name) == name]
    if "faster" in goal:
        if there:
            ratio = min(statistics.median(ratios(result, name)) for name in there)
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


def span(rounds):
    """The median of the rounds' seconds, the least and the most."""
    values = [each["seconds"] for each in rounds]
    return f"{statistics.median(values):.3f} ({min(values):.3f}–{max(values):.3f})"


def table(results):
    """A line for each program of each piece of work; the goal beside ours."""
    lines = ["| work | program | seconds | images/s | ours is faster by | in each round | resident set | our allocator | goal | |",
             "|---|---|---|---|---|---|---|---|---|---|"]

    def size(amount):
        return f"{amount / 1e6:.0f} MB" if amount else "–"

    for result in results:
        seconds = seconds_of(result)
        ours = result["programs"][0]
        for name in counted(result):
            rounds = result["rounds"].get(name, [])
            own = name == ours
            if name in seconds:
                each = [] if own or ours not in seconds else ratios(result, name)
                figures = [span(rounds), f"{result['batch'] / seconds[name]:.1f}", f"{statistics.median(each):.2f}" if each else "–",
                           ", ".join(f"{ratio:.2f}" for ratio in each) or "–", size(median(rounds, "resident_bytes")),
                           size(median(rounds, "peak_bytes"))]
            else:
                figures = ["left out"] + ["–"] * 5
            shown = name.replace(": ", ", ")
            lines.append("| " + " | ".join([result["name"] if own else "", shown, *figures, goal_text(result["goal"]) if own else "",
                                            judge(result) if own else ""]) + " |")
    return "\n".join(lines)


def ways(results):
    """A line for each peer of each piece of work that was run in several ways; those that were only tried in brackets."""
    lines = []
    for result in results:
        groups = {}
        for name in result["programs"]:
            peer, several, way = name.partition(": ")
            if several and name not in result["missing"]:
                tried = result.get("tries", {}).get(name)
                groups.setdefault(peer, []).append(
                    f"{way} {span(result['rounds'][name])}" if result["rounds"][name] else f"{way} ({tried['seconds']:.3f} in the try)" if tried
                    else f"{way} –")
        lines += [f"- {result['name']}, {peer}: " + "; ".join(each) for peer, each in groups.items()]
    return lines


def circumstances(versions, threads, rounds):
    """What the figures depend on."""
    return {"date": context.today(), "machine": context.machine(), "threads": threads, "rounds": rounds, "versions": versions,
            "commit": context.commit()}


def document(results, about, command):
    """A page for bench/results/."""
    versions = ", ".join(dict.fromkeys(about["versions"]))
    left_out = [f"- {result['name']}: {name} failed: {reason}" for result in results
                for name, reason in result["missing"].items()]
    several = ways(results)
    return "\n".join([
        f"# The same work in other programs, {about['date']}", "",
        f"{about['machine']}; {about['threads']} threads; {versions}; commit {about['commit']}. "
        f"Random weights and images, medians (and ranges) of {about['rounds']} rounds in which the programs took turns; \"faster by\" is the "
        "median of the rounds' own ratios. The resident set is the system's count of each process at its peak.",
        "", table(results), "",
        *(["The ways of running a peer, of which the fastest counts (seconds):", "", *several, ""] if several else []),
        *(left_out + [""] if left_out else []), "```sh", command, "```", ""])


def write(folder, results, about, command):
    """DATE-peers.md and DATE-peers.json in the folder, whole or not at all."""
    return context.write(folder, {f"{about['date']}-peers.md": document(results, about, command),
                                  f"{about['date']}-peers.json": json.dumps({**about, "results": results}, indent=1) + "\n"})


def self_test():
    def rounds(seconds, resident):
        return [{"seconds": each, "resident_bytes": resident, "peak_bytes": None} for each in seconds]

    result = {"name": "work", "goal": {"faster": 2.0, "memory": 0.6}, "batch": 8, "programs": ["unmask", "A", "B"], "missing": {"B": "gone"},
              "rounds": {"unmask": rounds([1.0, 9.0, 1.2], 50e6), "A": rounds([2.5, 18.0, 0.1], 100e6), "B": []}}
    # The median of the rounds' own ratios: 2.5, 2.0 and 0.08.
    assert judge(result) == "met (2.00 x as fast), met (0.50 x the memory)", judge(result)
    result["rounds"]["B"] = rounds([1.5, 13.5, 1.8], 70e6)  # the better peer counts, in time and in memory
    assert judge(result) == "not met (1.50 x as fast), not met (0.71 x the memory)", judge(result)
    assert judge({**result, "rounds": {**result["rounds"], "unmask": []}}) == "unknown"
    assert judge({**result, "goal": {}}) == "–"
    three = {**result, "programs": ["unmask", "A", "C"], "rounds": {**result["rounds"], "C": result["rounds"]["unmask"]}}
    assert judge({**three, "goal": {"faster": 1.5}}) == "not met (1.00 x as fast)"
    assert judge({**three, "goal": {"faster": 1.5, "peer": "A"}}).startswith("met"), judge({**three, "goal": {"faster": 1.5, "peer": "A"}})
    assert judge({**result, "goal": {"seconds": 1.2}}) == "met (1.200 s)"
    assert judge({**result, "goal": {"seconds": 1.1}}) == "not met (1.200 s)"
    result["rounds"]["B"] = []
    about = {"date": "2026-01-02", "machine": "m", "threads": 2, "rounds": 3, "versions": ["v", "v"], "commit": "c"}
    text = document([result], about, "run")
    assert "| work | unmask | 1.200 (1.000–9.000) | 6.7 | – | – | 50 MB |" in text and "|  | B | left out |" in text, text
    assert "B failed: gone" in text and "| A | 2.500 (0.100–18.000) | 3.2 | 2.00 | 2.50, 2.00, 0.08 | 100 MB |" in text, text
    assert "; v; commit c. Random" in text and "ways of running" not in text, text
    # Of a peer's ways the fastest counts, with its memory; one that was only tried is told.
    several = {**result, "missing": {}, "programs": ["unmask", "A: x", "A: y", "A: z"], "tries": {"A: z": {"seconds": 7.0}},
               "rounds": {"unmask": rounds([1.0], 50e6), "A: x": rounds([3.0], 80e6), "A: y": rounds([2.0], 100e6), "A: z": []}}
    assert counted(several) == ["unmask", "A: y"], counted(several)
    assert judge(several) == "met (2.00 x as fast), met (0.50 x the memory)", judge(several)
    text = document([several], about, "run")
    assert "| A, y |" in text and "| A, x |" not in text, text
    assert "- work, A: x 3.000 (3.000–3.000); y 2.000 (2.000–2.000); z (7.000 in the try)" in text, text
    assert worth_rounds({"unmask": 9.0, "A: x": 1.0, "A: y": 1.2, "A: z": 1.3}, 1.25) == ["unmask", "A: x", "A: y"]
    context.self_test()
