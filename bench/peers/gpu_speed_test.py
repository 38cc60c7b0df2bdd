# SPDX-License-Identifier: Apache-2.0
"""gpu_speed.py --self-test: its order, its programs, and every kind of line of unmask, on the CPU with a tiny model."""
import argparse
import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import gpu_speed
import gpu_table
from gpu_programs import about, environment_of, run
from gpu_speed import (AHEAD_MEMORY, CASES, EAGER, NOT_FINISHED, PEER_FAILED, command, exit_code, in_order,
                       known_variants, programs, variants)


def on_the_cpu(words):
    """The line of unmask for a tiny model on the CPU, which knows the same options but for two."""
    tiny = {"--device": "cpu", "--precision": "f32", "--batch": "2", "--runs": "1", "--warm-up": "0", "--steps": "1"}
    result = [word if word == "int8" else tiny.get(option, word) for option, word in zip(["", *words], words)]
    result = [word for option, word in zip(["", *result], result)
              if "--tuning" not in (option, word) and word != "--nondeterministic"]
    return [*result, "--size", "32", "--width", "0.05", "--threads", "1"]


def self_test_order():
    """What decides the goals comes first, of all cases, and nothing is measured twice or left out."""
    for quick in False, True:
        names = list(CASES)[:3] if quick else list(CASES)
        work = in_order(names, quick)
        head = [(program, detail, CASES[name]) for name in names for program, detail in
                (("unmask", []), ("torch", ",".join(gpu_table.deciding(CASES[name]))), ("unmask", []),
                 *([("unmask", gpu_speed.LESS_MEMORY)] if name == "train-resnet34x4" else []))]
        assert work[:len(head)] == head, work
        assert work[len(head)] == ("torch", "bf16_streams", CASES["infer-resnet34x4-1"]), work[len(head)]
        for name in names:
            done = [one for program, detail, case in work if program == "torch" and case == CASES[name]
                    for one in detail.split(",")]
            assert sorted(done) == sorted(variants(CASES[name], quick)), done
    assert list(CASES)[:3] == ["train-resnet34x4", "infer-resnet34x4-1", "infer-resnet34x4-256"]
    assert list(CASES)[-1] == "infer-efficientnet"


def self_test_programs(args):
    """What becomes of programs that print other things, fail, hang, or leave others behind."""
    case = CASES["infer-resnet34x4-1"]
    line = {"mode": "infer", "backbone": "resnet34", "branches": 4, "batch": 1, "variant": "bf16", "seconds": 1,
            "peak_bytes": 1}
    good = json.dumps(line)

    def done(text, program="torch", seconds=60):
        return run(program, "bf16" if program == "torch" else [], case, ["sh", "-c", text], seconds, args)

    assert done(f"printf '\\377\\n{{odd}}\\n'; echo '[1]'; echo '{good}'") == [line]
    assert [one.get("error", "-")[:11] for one in done(f"echo '{good}'; exit 7")] == ["-", "exit code 7"]
    assert "without figures" in done("echo '{\"mode\": 3}'")[0]["error"]
    assert done("true")[0]["error"] == "printed nothing"
    late = done(f"echo '{good}'; tail -f /dev/null", seconds=1)
    assert late[0] == line and late[1]["not_finished"] == "the time was over after 1 s", late
    own = {**line, "precision": "bf16", "schedule": "auto", "graph": True, "deterministic": True}
    text = json.dumps(own, indent=2)
    assert done(f"echo warning; echo '{text}'", "unmask") == [{"program": "unmask", **own}]
    assert "error" in done("echo '{'", "unmask")[0]
    with tempfile.TemporaryDirectory() as folder:
        note = pathlib.Path(folder) / "pid"
        hanging = f"tail -f /dev/null & echo $! >'{note}'; wait"
        done(hanging, seconds=1)
        wait_for_end(note)
        self_test_end(pathlib.Path(folder), hanging, note)
        self_test_sitting(pathlib.Path(folder))
        asked = environment_of("torch", changed(args, cache=note))
        assert (asked["TORCHINDUCTOR_CACHE_DIR"], asked["TORCHINDUCTOR_FX_GRAPH_CACHE"]) == (str(note), "1")
    slow, quick = (case_words(command("torch", "bf16", CASES["train-resnet34x4"], changed(args, quick=quick)))
                   for quick in (False, True))
    assert (slow["--repeats"], slow["--warm-up"], quick["--repeats"], quick["--warm-up"]) == ("10", "3", "5", "2")
    ahead = case_words(command("torch", "bf16", case, changed(args, compile_ahead=True)))
    assert {**ahead, "--batch": "1", "--repeats": "1", "--memory-share": str(AHEAD_MEMORY)} == ahead
    failed = about("torch", "bf16", case, "error", "no")
    cut = about("torch", "bf16", case, "not_finished", "no")
    own["program"] = "unmask"
    for lines, expected in (([own], 0), ([own, line], 0), ([own, failed], 3), ([own, failed, line], 0), ([own, cut], 4),
                            ([about("unmask", [], case, "error", "no"), failed, cut], 1),
                            ([about("unmask", [], case, "not_finished", "no"), line], 4)):
        assert exit_code(lines, [case]) == expected, (lines, expected)


STAND_IN = """
import json, os, pathlib, sys
word = lambda name: sys.argv[sys.argv.index(name) + 1]
if word("--mode") == "ceilings":
    print(json.dumps({"ceilings": True, "bytes_per_second": 4e12, "operations_per_second": 8e14}))
    sys.exit()
case = {"mode": word("--mode"), "backbone": word("--backbone"), "branches": int(word("--branches")),
        "batch": int(word("--batch")), "seconds": 1, "peak_bytes": 1}
if "bench" in sys.argv:
    tuning = pathlib.Path(word("--tuning"))
    taken = "kept" if tuning.exists() else "timed"
    tuning.write_text("{}")
    print(json.dumps({**case, "precision": word("--precision"), "schedule": "auto",
                      "graph": "--no-graph" not in sys.argv, "deterministic": True, "schedule_taken": taken}, indent=2))
else:
    for variant in word("--variants").split(","):
        print(json.dumps({**case, "variant": variant}))
        if case["mode"] == os.environ.get("FAILS"):
            sys.exit("no kernel image")
"""


def self_test_sitting(folder):
    """A whole one, with a program that stands in for both: one file of choices, which the first program makes."""
    program, out = folder / "stand_in", folder / "sitting" / "speed.jsonl"
    out.parent.mkdir()
    program.write_text(f"#!{sys.executable}\n{STAND_IN}", encoding="utf-8")
    program.chmod(0o755)
    words = [sys.executable, gpu_speed.__file__, "--unmask", program, "--python", program, "--out", out, "--quick"]

    def sitting(expected, *more, **environment):
        out.unlink(missing_ok=True)
        done = subprocess.run([*words, *more], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
                              env={**os.environ, **environment})
        assert done.returncode == expected, (done.returncode, expected)
        return gpu_table.read(out)

    lines = sitting(0)
    taken = [line["schedule_taken"] for line in lines if line.get("program") == "unmask"]
    assert taken[0] == "timed" and len(taken) > 9 and set(taken[1:]) == {"kept"}, taken
    assert (out.parent / "tuning.json").exists()
    # What was printed before PyTorch's failure counts: the case has a line. Without one the sitting has not passed.
    assert any(line.get("error", "").startswith("exit code 1 no kernel") for line in sitting(0, FAILS="train"))
    sitting(NOT_FINISHED, "--limit", "0")
    program.write_text(program.read_text(encoding="utf-8").replace("for variant in", "sys.exit(9)\n    for variant in"))
    sitting(PEER_FAILED)


def wait_for_end(note):
    """Of the process whose number the file has."""
    left, most = pathlib.Path("/proc") / note.read_text(encoding="utf-8").strip() / "cmdline", time.monotonic() + 60
    while left.exists() and b"tail" in left.read_bytes():
        assert time.monotonic() < most, "a program's own children are left behind"
        time.sleep(0.01)


def self_test_end(folder, hanging, note):
    """A sitting that is ended from outside writes what it has and leaves nothing behind."""
    note.unlink()
    program, out = folder / "hang", folder / "out.jsonl"
    program.write_text(f"#!/bin/sh\n{hanging}\n", encoding="utf-8")
    program.chmod(0o755)
    words = [sys.executable, gpu_speed.__file__, "--unmask", program, "--python", program, "--out", out,
             "--cases", list(CASES)[1]]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL) as sitting:
        while not note.exists() or not note.read_text(encoding="utf-8").strip():
            assert sitting.poll() is None
            time.sleep(0.01)
        sitting.terminate()
        assert sitting.wait(60) == NOT_FINISHED
    wait_for_end(note)
    lines = gpu_table.read(out)
    assert lines[0]["variant"] == "torch ceilings" and lines[0]["not_finished"].startswith("the time was over"), lines
    assert len(lines) > 5 and all(line["not_finished"] == "not begun" for line in lines[1:]), lines


def self_test_peer():
    """The peer's own, where PyTorch is."""
    if not all(map(importlib.util.find_spec, ("torch", "torchvision"))):
        print("gpu_speed.py: no PyTorch here, the self-test of torch_detector.py is not run")
        return
    words = [sys.executable, pathlib.Path(gpu_speed.__file__).with_name("torch_detector.py"), "--mode", "self-test"]
    subprocess.run(words, check=True)


def changed(args, **values):
    return argparse.Namespace(**{**vars(args), **values})


def case_words(words):
    """Options and their values."""
    return dict(zip(words, words[1:]))


def self_test(args):
    """Each setting of each mode once: its line is taken, and what it prints is what the table needs."""
    self_test_order()
    self_test_programs(args)
    self_test_peer()
    known = known_variants()
    used = {name for case in CASES.values() for quick in (False, True) for name in variants(case, quick)}
    assert not used - set(known), used
    for name in known:  # which the table counts among torch.compile's modes
        assert name.endswith(gpu_table.COMPILED) == (name not in ["f32", *EAGER]), name
    seen, lines = set(), []
    for case in CASES.values():
        for program, detail in sum(programs(case, quick=False), []):
            kind = (program, case[0], case[1] if not detail else None, tuple(detail))
            if program != "unmask" or kind in seen:
                continue
            seen.add(kind)
            words = command(program, detail, case, args)
            assert case_words(words)["--tuning"] == str(args.tuning), words
            words = on_the_cpu(words)
            found = run(program, detail, case, words, 600, args)
            assert len(found) == 1 and "error" not in found[0], (words, found)
            line = found[0]
            for option, key in ("--mode", "mode"), ("--backbone", "backbone"), ("--branches", "branches"), ("--batch", "batch"), \
                    ("--branch-schedule", "schedule"), ("--input", "input"):
                if option in words:
                    assert str(line[key]) == words[words.index(option) + 1], (words, key, line[key])
            assert line["recompute"] == ("2" if "--recompute=2" in words else "none"), words
            assert (line["precision"] == "int8") == ("int8" in words), words
            assert line["graph"] is False or "--no-graph" not in words, words
            assert isinstance(line["deterministic"], bool), words
            lines.append(line)
    table = list(gpu_table.report(lines))
    assert len({gpu_table.variant_of(line) for line in lines}) >= 4, table
    for backbone in {case[1] for case in CASES.values()}:
        assert any(backbone in row for row in table), backbone
    print(f"gpu_speed.py: self-test passed, {len(lines)} lines")
