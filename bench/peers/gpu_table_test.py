# SPDX-License-Identifier: Apache-2.0
"""gpu_table.py --self-test: medians, ratios, goals and what is said of failures, for lines made up here."""
from gpu_table import Results, case_of, floor_seconds, goals, objects, report


def self_test_goals(own, peer):
    """A goal holds only where what decides it was measured, and says what it was judged against."""
    def said(name, lines):
        return next(line.split("  ")[-1] for line in report(lines) if line.startswith("goal: " + name))

    eager = {**peer, "variant": "bf16", "seconds": 0.2}
    train = [{**own, "seconds": 0.06}, eager]
    assert said("training resnet34", train) == "not measured"
    small = [{**line, "backbone": "mobilenet_v1", "branches": 1} for line in train]
    assert said("training mobilenet", small) == "only against: bf16"
    small.append({**small[1], "variant": "bf16_compile", "seconds": 0.15})
    assert said("training mobilenet", small) == "yes (against: bf16, bf16_compile)"
    small[-1]["seconds"] = 0.07
    assert said("training mobilenet", small) == "NO (against: bf16, bf16_compile)"
    assert said("training mobilenet", small[1:]) == "not measured (PyTorch: bf16, bf16_compile)"
    tf32 = {**peer, "variant": "tf32_compile", "seconds": 0.2}
    assert said("training resnet34", [*train, tf32]) == "only against: tf32_compile"  # nor is eager's bf16 enough
    assert said("  with <= 0.7x", [*train, tf32]) == "only against: tf32_compile"
    # Both goals of one setting, the one that holds both if any does.
    compiled = {**peer, "variant": "bf16_compile", "seconds": 0.1}
    fast, small = {**own, "seconds": 0.06, "peak_bytes": 9 << 30}, {**own, "seconds": 0.07, "recompute": "2"}
    for lines, holds in (([fast], ("yes", "NO")), ([fast, small], ("yes", "yes")),
                         ([fast, {**small, "seconds": 0.09}], ("yes", "NO"))):
        for name, one in zip(("training resnet34", "  with <= 0.7x"), holds):
            assert said(name, [*lines, compiled, eager]).split()[0] == one, (name, lines)
    assert any("unmask bf16, recompute 2" in line for line in report([small]))
    assert not any("recompute" in line for line in report([{**fast, "recompute": "none"}]))
    one = [{**line, "mode": "infer", "batch": 1} for line in train]
    one += [{**one[1], "variant": variant} for variant in ("bf16_reduce_overhead", "fp16_reduce_overhead")]
    modes = "bf16, bf16_reduce_overhead, fp16_reduce_overhead"
    assert said("inference batch 1:", one) == f"only against: {modes}"
    streams = {**one[1], "variant": "bf16_streams"}
    failed = {key: value for key, value in streams.items() if key not in ("seconds", "peak_bytes")}
    assert said("inference batch 1:", [*one, {**failed, "error": "no capture"}]) == f"yes (against: {modes})"
    assert said("inference batch 1:", [*one, {**failed, "not_finished": "-"}]) == f"only against: {modes}"
    assert said("inference batch 1:", [*one, streams]) .startswith("yes (against: bf16, bf16_reduce_overhead, bf16_st")
    # It counts as PyTorch's best.
    assert said("inference batch 1:", [*one, {**streams, "seconds": 0.1}]).startswith("NO")


def self_test_off(peer):
    """Results are compared with those of the same dtype's eager variant."""
    def off(lines):
        return [(name, key) for _, name, key, _, _ in Results(lines).off()]

    infer = {**peer, "mode": "infer", "seconds": 1, "variant": "bf16", "first_sum": -1, "last_sum": -1,
             "first_magnitude": 30}
    compiled = {**infer, "variant": "bf16_compile", "first_sum": 0.4, "last_sum": 0.4}
    assert off([infer, compiled, {**compiled, "variant": "fp16_compile", "first_sum": 99}]) == []
    assert off([{**compiled, "first_sum": 3}, infer]) == [("bf16_compile", "first_sum")]
    compiled["last_sum"] = float("nan")
    assert off([infer, compiled]) == [("bf16_compile", "last_sum")]
    train = {**peer, "seconds": 1, "variant": "bf16", "first_loss": 4, "last_loss": 1.5}
    compiled = {**train, "variant": "bf16_compile", "first_loss": 4.3, "last_loss": 2.5}
    assert off([train, compiled]) == []
    assert off([train, {**compiled, "first_loss": 5}]) == [("bf16_compile", "first_loss")]
    wrong = {**compiled, "last_loss": 4.2}  # does not learn
    assert off([train, wrong]) == [("bf16_compile", "last_loss")]
    text = "off: train resnet34 x4 batch 256 torch bf16_compile: last_loss 4.2, expected about eager's 1.5"
    assert text in report([train, wrong])


def self_test():
    case = {"mode": "train", "backbone": "resnet34", "branches": 4, "batch": 256}
    own = {**case, "program": "unmask", "precision": "bf16", "schedule": "auto", "graph": True,
           "deterministic": True, "peak_bytes": 6 << 30}
    peer = {**case, "peak_bytes": 10 << 30}
    lines = [{"ceilings": True, "bytes_per_second": 4e12, "operations_per_second": 8e14},
             {**own, "seconds": 0.06, "schedule_taken": "parallel"}, {**own, "seconds": 0.08, "schedule_taken": "lockstep"},
             {**own, "seconds": 0.07, "schedule_taken": "lockstep"},
             {**own, "seconds": 0.09, "schedule": "separate"},
             {**own, "seconds": 0.068, "deterministic": False}, {**own, "seconds": 0.065, "input": "raw"},
             {**peer, "variant": "bf16_compile", "seconds": 0.105}, {**peer, "variant": "bf16", "seconds": 0.14},
             {**peer, "variant": "bf16_reduce_overhead", "seconds": 0.098, "peak_bytes": 12 << 30},
             {**peer, "variant": "bf16_max_autotune", "error": "OutOfMemoryError: no\nmore"},
             {**own, "mode": "infer", "batch": 1, "seconds": 0.002},
             {**own, "mode": "infer", "batch": 1, "seconds": 0.001, "precision": "int8"},  # no goal's
             {**peer, "mode": "infer", "batch": 1, "variant": "fp16", "seconds": 0.005},
             {**peer, "mode": "infer", "batch": 1, "variant": "bf16_reduce_overhead", "seconds": 0.004},
             {**peer, "mode": "infer", "batch": 1, "variant": "fp16_reduce_overhead", "seconds": 0.003},
             {**peer, "mode": "infer", "variant": "torch bf16_compile", "not_finished": "the time was over after 9 s"}]
    results = Results(lines)
    train = case_of(case)
    assert results.get(train, "unmask bf16")["seconds"] == 0.07  # the median of three
    assert abs(results.get(train, "unmask bf16")["spread"] - 1 / 3) < 1e-9
    assert results.best_own(train)["seconds"] == 0.07  # neither raw input nor nondeterministic
    assert results.best_peer(train)["seconds"] == results.best_compiled(train)["seconds"] == 0.098
    expected = 256 * (87.0e9 / 8e14 + 444e6 / 4e12)
    assert abs(floor_seconds(train, results.ceilings) - expected) < 1e-12
    assert floor_seconds(train, None) is None
    infer = ("infer", "resnet34", 4, 1)
    assert abs(floor_seconds(infer, results.ceilings) - max(29.3e9 / 8e14, 69e6 / 4e12)) < 1e-12
    assert abs(floor_seconds(infer, results.ceilings, 10**9) - 2.069e9 / 4e12) < 1e-12
    held = {name.strip(): (value, holds) for name, value, holds, _ in goals(results)}
    value, holds = held["training resnet34 x4 batch 256: >= 1.3x torch.compile's best"]
    assert abs(value - 1.4) < 1e-9 and holds
    assert held["with <= 0.7x its memory"] == (0.5, True)
    assert results.best_peer(infer)["seconds"] == results.best_compiled(infer)["seconds"] == 0.003  # of both dtypes
    value, holds = held["inference batch 1: <= 0.5x the latency of PyTorch's best"]
    assert abs(value - 2 / 3) < 1e-9 and holds is False
    assert held["inference batch 256: >= 1.3x PyTorch's best"] == (None, None)
    value, holds = held["deterministic: at most 1.05x the time of --nondeterministic"]
    assert abs(value - 0.07 / 0.068) < 1e-9 and holds
    text_lines = list(report(lines))
    assert any("unmask bf16, raw input" in line for line in text_lines)
    assert [line.split("% ")[1] for line in text_lines if " unmask bf16  " in line and line.startswith("train")] == ["lockstep, parallel"]
    assert any(" torch bf16 " in line and line.endswith("% -") for line in text_lines)
    assert any(line.startswith("failed:") and "OutOfMemoryError" in line for line in text_lines)
    assert "not finished: infer resnet34 x4 batch 256 torch bf16_compile: the time was over after 9 s" in text_lines
    assert list(report([]))  # nothing measured is no failure
    self_test_goals(own, peer)
    self_test_off(peer)
    notes = []
    assert list(objects(['{"a": 1}', "", "Warning", '{"cut": ', "[3]"], "x.jsonl", notes.append)) == [{"a": 1}]
    assert [note.split(":")[0] for note in notes] == ["x.jsonl, line 3", "x.jsonl, line 4", "x.jsonl, line 5"]
    print("\n".join(text_lines))
    print("gpu_table.py: self-test passed")
