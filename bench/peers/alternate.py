#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The same work in unmask, PyTorch and ONNX Runtime, alternating in one session: medians of the rounds, ratios, and the goals.

Peers are run in several ways, and the fastest counts; how long idle threads wait is each program's own choice. All take as many untimed
steps and time for about --seconds in every round; the order turns by one place from round to round. A try before the rounds says how many steps that is;
a peer's ways that take half as long again as its best there are not taken further.

PyTorch is Debian's python3-torch with python3-torchvision; ONNX Runtime is npm's onnxruntime-node (UNMASK_ONNXRUNTIME_NODE names the
folder it was installed in), on a model that PyTorch exports. A program that is missing is named and left out. Times are medians of
the steps within a round; memory is the peak of the process's resident set for every program, beside it our allocator's.
"""
import argparse
import math
import os
import pathlib
import shlex
import statistics
import struct
import subprocess
import sys
import tempfile
import zlib

import report

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import child  # noqa: E402  pylint: disable=wrong-import-position
UNTIMED = 3  # steps
TRIED = 3
WORTH_A_ROUND = 1.5  # times a peer's best in the try
TORCH = {"infer": ["eager", "channels_last", "jit", "jit_channels_last", "jit_optimized"], "train": ["eager", "channels_last"]}
SMALL = ["--backbone", "mobilenet_v1", "--branches", "2", "--width", "0.25", "--size", "128"]  # of start-up


def detector_work(backbone, mode, batch, goal, options=()):
    """options: more words for unmask."""
    kind = {"infer": "inference", "train": "training step"}[mode]
    return {"key": " ".join([backbone, mode, str(batch), *options]),
            "name": f"{backbone} × 4, {kind}, batch {batch}" + (f", {' '.join(options)}" if options else ""), "backbone": backbone,
            "mode": mode, "batch": batch, "goal": goal, "options": options}


WORK = [
    detector_work("resnet34", "infer", 1, {"faster": 2.3}),
    detector_work("resnet34", "infer", 8, {"faster": 2.2}),
    detector_work("mobilenet_v1", "infer", 1, {}),
    detector_work("mobilenet_v1", "infer", 8, {"faster": 1.3}),
    detector_work("resnet34", "train", 8, {"faster": 2.0, "memory": 0.6}),
    detector_work("resnet34", "train", 8, {"faster": 2.0, "memory": 0.6}, ("--winograd", "all")),
    detector_work("resnet34", "train", 8, {"faster": 2.0, "memory": 0.6}, ("--winograd", "all", "--recompute")),
    {"key": "startup", "name": "start to first score on one picture, small model", "mode": "startup", "batch": 1, "goal": {"seconds": 0.3}},
    {"key": "resnet34 int8 1", "name": "resnet34 × 4, inference in int8, batch 1", "mode": "int8", "backbone": "resnet34", "batch": 1,
     "goal": {"faster": 2.2, "peer": "unmask, float32"}},
]


def write_picture(path, side):
    """A PNG of noise."""
    rows = b"".join(b"\0" + os.urandom(3 * side) for _ in range(side))

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)) +
                     chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def python_with_torch():
    """An interpreter that has PyTorch: this one, or Debian's."""
    for python in (sys.executable, "/usr/bin/python3"):
        found = subprocess.run([python, "-c", "import importlib.util as u, sys; sys.exit(not (u.find_spec('torch') and "
                                "u.find_spec('torchvision')))"], check=False)
        if found.returncode == 0:
            return python
    return sys.executable


class Programs:
    """The commands of each program, and what they read."""

    def __init__(self, args, folder):
        self.args, self.folder, self.python = args, folder, python_with_torch()

    def torch(self, *words):
        return [self.python, str(HERE / "torch_detector.py"), *words, "--threads", str(self.args.threads)]

    def bench(self, work, *words):
        """The command for so many timed steps. The step that is recorded is untimed too."""
        mode = "train" if work["mode"] == "train" else "infer"
        command = [self.args.unmask, "bench", "--mode", mode, "--backbone", work["backbone"], "--batch", str(work["batch"]), "--threads",
                   str(self.args.threads), "--branches", "4", "--size", "224", "--warm-up", str(UNTIMED - 1), *words, "--json", "-"]
        return lambda repeats: [*command, "--runs", str(repeats)]

    def torch_bench(self, work, variant):
        command = self.torch("--mode", work["mode"], "--backbone", work["backbone"], "--batch", str(work["batch"]), "--variant", variant,
                             "--warm-up", str(UNTIMED))
        return lambda repeats: [*command, "--repeats", str(repeats)]

    def onnx(self, work, variant):
        command = ["node", str(HERE / "onnx_detector.mjs"), str(self.folder / f"{work['backbone']}.onnx"), str(work["batch"]), "224",
                   str(self.args.threads)]
        return lambda repeats: [*command, str(repeats), str(UNTIMED), variant]

    def of(self, work):
        """Name -> what gives the command for a number of timed steps; ours first, a peer's ways as "PEER: WAY".

        In start-up a step is a whole run of the program.
        """
        if work["mode"] == "startup":
            model, picture = self.folder / "small.safetensors", self.folder / "face.png"
            ours = [self.args.unmask, "detect", str(picture), "--model", str(model), "--faces", "whole", "--threads", str(self.args.threads),
                    "--quiet"]
            theirs = self.torch("--mode", "score", *SMALL, "--out", str(self.folder / "small.pt"))
            return {"unmask": lambda _: ours, "PyTorch": lambda _: theirs}
        if work["mode"] == "int8":
            direct = ["--winograd", "off"]
            return {"unmask, int8": self.bench(work, "--precision", "int8"),
                    "unmask, int8, --winograd off": self.bench(work, "--precision", "int8", *direct),
                    "unmask, float32": self.bench(work), "unmask, float32, --winograd off": self.bench(work, *direct)}
        result = {"unmask": self.bench(work, *work["options"])}
        for variant in TORCH[work["mode"]]:
            result[f"PyTorch: {variant}"] = self.torch_bench(work, variant)
        if work["mode"] == "infer":
            for variant in ("sequential", "parallel"):
                result[f"ONNX Runtime: {variant}"] = self.onnx(work, variant)
        return result

    def prepare(self, chosen):
        """The files that the work reads; what cannot be made is said, and the programs that lack it will be left out."""
        steps = []
        for backbone in sorted({work["backbone"] for work in chosen if work["mode"] == "infer"}):
            steps.append(self.torch("--mode", "export", "--backbone", backbone, "--out", str(self.folder / f"{backbone}.onnx")))
        if any(work["mode"] == "startup" for work in chosen):
            write_picture(self.folder / "face.png", 256)
            small = str(self.folder / "small.pt")
            steps.append(self.torch("--mode", "save", *SMALL, "--out", small))
            steps.append([self.args.unmask, "convert", small, str(self.folder / "small.safetensors"), *SMALL])
        for step in steps:
            try:
                child.run(step)
            except child.Failed as problem:
                print(f"not prepared: {shlex.join(step)}: {problem}", file=sys.stderr)


def run_once(work, command, repeats):
    """The median of so many timed steps; Failed where the program is missing or fails."""
    if work["mode"] == "startup":
        runs = [child.run(command) for _ in range(repeats)]
        return {"seconds": statistics.median(each["wall_seconds"] for each in runs), "steps": repeats,
                "resident_bytes": max(each["resident_bytes"] for each in runs), "peak_bytes": None, "peer": None}
    done = child.run_json(command)
    return {"seconds": done["seconds"], "steps": repeats, "resident_bytes": done["resident_bytes"], "peak_bytes": done.get("peak_bytes"),
            "winograd": done.get("winograd"), "peer": done.get("peer")}


def repeats_for(seconds, wanted):
    """How many steps of `seconds` take about so long; at least 3."""
    return max(3, min(1000, math.ceil(wanted / seconds)))


def turned(names, number):
    """The names, from another one on in every round."""
    number %= max(1, len(names))
    return names[number:] + names[:number]


def measure(programs, work, rounds, wanted):
    """A try, then rounds of every program on one piece of work, one after the other."""
    commands = programs.of(work)
    result = {"key": work["key"], "name": work["name"], "batch": work["batch"], "goal": work["goal"], "programs": list(commands),
              "tries": {}, "rounds": {name: [] for name in commands}, "missing": {}}

    def run(name, repeats, told):
        try:
            done = run_once(work, commands[name](repeats), repeats)
        except child.Failed as problem:
            result["missing"][name] = str(problem)
            print(f"{work['key']}: {name} left out: {problem}", file=sys.stderr)
            return None
        print(f"{told}: {work['key']}: {name} {done['seconds']:.4f} s, {repeats} steps, {done['resident_bytes'] / 1e6:.0f} MB", file=sys.stderr)
        return done

    for name in commands:
        if done := run(name, TRIED, "try"):
            result["tries"][name] = done
    taken = report.worth_rounds({name: done["seconds"] for name, done in result["tries"].items()}, WORTH_A_ROUND)
    for number in range(rounds):
        for name in turned(taken, number):
            repeats = repeats_for(result["tries"][name]["seconds"], wanted)
            if name not in result["missing"] and (done := run(name, repeats, f"round {number + 1}")):
                result["rounds"][name].append(done)
    return result


def versions(said, results):
    peers = [each["peer"] for result in results for rounds in result["rounds"].values() for each in rounds if each["peer"]]
    return [*report.context.versions(said), *dict.fromkeys(peers)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--unmask", default="build/release/bin/unmask", help="the program")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.5, help="of timed steps in a round, three at least")
    parser.add_argument("--only", default="", help="parts, with commas between them, of " + ", ".join(work["key"] for work in WORK))
    parser.add_argument("--out", nargs="?", const=str(HERE.parent / "results"), metavar="FOLDER",
                        help="write DATE-peers.md and .json there; bench/results without a folder")
    parser.add_argument("--self-test", action="store_true")
    args = parser.parse_args()
    if args.self_test:
        child.self_test()
        assert [repeats_for(seconds, 1.5) for seconds in (0.05, 4.0, 1e-9)] == [30, 3, 1000]
        assert [turned(["a", "b", "c"], number) for number in (0, 1, 3)] == [["a", "b", "c"], ["b", "c", "a"], ["a", "b", "c"]]
        return report.self_test()
    chosen = [work for work in WORK if any(part in work["key"] for part in args.only.split(","))]
    if not chosen or args.rounds < 1 or args.threads < 1:
        parser.error(f"expected rounds and threads of at least 1, and --only as parts of {', '.join(work['key'] for work in WORK)}")
    try:
        said = child.run([args.unmask, "--version"])["output"]
    except child.Failed as problem:
        parser.error(f"--unmask {args.unmask}: {problem}")
    with tempfile.TemporaryDirectory() as name:
        programs = Programs(args, pathlib.Path(name))
        programs.prepare(chosen)
        results = [measure(programs, work, args.rounds, args.seconds) for work in chosen]
    about = report.circumstances(versions(said, results), args.threads, args.rounds)
    command = shlex.join(["python3", "bench/peers/alternate.py", *sys.argv[1:]])
    print(report.document(results, about, command))
    if args.out:
        print("written:", ", ".join(report.write(args.out, results, about, command)), file=sys.stderr)
    return 0 if all(result["rounds"][result["programs"][0]] for result in results if result["key"] != "resnet34 int8 1") else 1


if __name__ == "__main__":
    sys.exit(main())
