#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The same work in unmask, PyTorch and ONNX Runtime, alternating in one session: medians of the rounds, ratios, and the goals.

PyTorch is Debian's python3-torch with python3-torchvision; ONNX Runtime is npm's onnxruntime-node (UNMASK_ONNXRUNTIME_NODE names the
folder it was installed in), on a model that PyTorch exports. A program that is missing is named and left out. Times are medians of
the runs within a round; memory is the peak of the process's resident set for every program, beside it our allocator's.
"""
import argparse
import os
import pathlib
import shlex
import struct
import subprocess
import sys
import tempfile
import zlib

import report

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import child  # noqa: E402  pylint: disable=wrong-import-position
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
     "goal": {"faster": 2.2}},
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
        mode = "train" if work["mode"] == "train" else "infer"
        return [self.args.unmask, "bench", "--mode", mode, "--backbone", work["backbone"], "--batch", str(work["batch"]), "--threads",
                str(self.args.threads), "--branches", "4", "--size", "224", "--runs", self.repeats(mode), "--warm-up", "1", *words,
                "--json", "-"]

    def repeats(self, mode):
        return str(self.args.repeats or (3 if mode == "train" else 5))

    def of(self, work):
        """Name -> command and whether it prints JSON; ours first."""
        if work["mode"] == "startup":
            model, picture = self.folder / "small.safetensors", self.folder / "face.png"
            return {"unmask": ([self.args.unmask, "detect", str(picture), "--model", str(model), "--faces", "whole", "--threads",
                                str(self.args.threads), "--quiet"], False),
                    "PyTorch": (self.torch("--mode", "score", *SMALL, "--out", str(self.folder / "small.pt")), False)}
        if work["mode"] == "int8":
            return {"unmask, int8": (self.bench(work, "--precision", "int8"), True), "unmask, float32": (self.bench(work), True),
                    "unmask, float32, --winograd off": (self.bench(work, "--winograd", "off"), True)}
        common = ["--mode", work["mode"], "--backbone", work["backbone"], "--batch", str(work["batch"]), "--repeats",
                  self.repeats(work["mode"])]
        result = {"unmask": (self.bench(work, *work["options"]), True), "PyTorch": (self.torch(*common), True)}
        if work["mode"] == "infer":
            result["ONNX Runtime"] = (["node", str(HERE / "onnx_detector.mjs"), str(self.folder / f"{work['backbone']}.onnx"),
                                       str(work["batch"]), "224", str(self.args.threads), self.repeats("infer")], True)
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


def measure(programs, work, rounds):
    """Rounds of every program on one piece of work, one after the other."""
    commands = programs.of(work)
    result = {"key": work["key"], "name": work["name"], "batch": work["batch"], "goal": work["goal"], "programs": list(commands),
              "rounds": {name: [] for name in commands}, "missing": {}}
    for number in range(rounds):
        for name, (command, answers) in commands.items():
            if name in result["missing"]:
                continue
            try:
                done = child.run_json(command) if answers else child.run(command)
            except child.Failed as problem:
                result["missing"][name] = str(problem)
                print(f"{work['key']}: {name} left out: {problem}", file=sys.stderr)
                continue
            seconds = done["seconds"] if answers else done["wall_seconds"]
            result["rounds"][name].append({"seconds": seconds, "resident_bytes": done["resident_bytes"],
                                           "peak_bytes": done.get("peak_bytes") if name.startswith("unmask") else None,
                                           "peer": done.get("peer")})
            print(f"round {number + 1}: {work['key']}: {name} {seconds:.4f} s, {done['resident_bytes'] / 1e6:.0f} MB", file=sys.stderr)
    return result


def versions(unmask, results):
    said = child.run([unmask, "--version"])["output"].splitlines()
    peers = [each["peer"] for result in results for rounds in result["rounds"].values() for each in rounds if each["peer"]]
    return [said[0], *(line for line in said[1:] if line.startswith("compiler")), *dict.fromkeys(peers)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--unmask", default="build/release/bin/unmask", help="the program")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=0, help="runs within a round; 0: 5, in training 3")
    parser.add_argument("--only", default="", help="a part of " + ", ".join(work["key"] for work in WORK))
    parser.add_argument("--out", nargs="?", const=str(HERE.parent / "results"), metavar="FOLDER",
                        help="write DATE-peers.md and .json there; bench/results without a folder")
    parser.add_argument("--self-test", action="store_true")
    args = parser.parse_args()
    if args.self_test:
        child.self_test()
        return report.self_test()
    chosen = [work for work in WORK if args.only in work["key"]]
    if not chosen or args.rounds < 1 or args.threads < 1:
        parser.error(f"expected rounds and threads of at least 1, and --only as a part of {', '.join(work['key'] for work in WORK)}")
    with tempfile.TemporaryDirectory() as name:
        programs = Programs(args, pathlib.Path(name))
        programs.prepare(chosen)
        results = [measure(programs, work, args.rounds) for work in chosen]
    about = report.circumstances(versions(args.unmask, results), args.threads, args.rounds)
    command = shlex.join(["python3", "bench/peers/alternate.py", *sys.argv[1:]])
    print(report.document(results, about, command))
    if args.out:
        print("written:", ", ".join(report.write(args.out, results, about, command)), file=sys.stderr)
    return 0 if all(result["rounds"][result["programs"][0]] for result in results if result["key"] != "resnet34 int8 1") else 1


if __name__ == "__main__":
    sys.exit(main())
