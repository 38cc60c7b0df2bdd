# SPDX-License-Identifier: Apache-2.0
"""What torch_cuda.py calls, on the CPU with stand-ins for CUDA; torch_detector.py --mode self-test calls this."""
import contextlib
import types
from unittest import mock

import torch
import torch_cuda


class FakeStream:
    """Stands in for a stream on the CPU: what is enqueued runs at once, and which stream waits for which is noted."""

    current = None
    waits = []

    def wait_stream(self, other):
        FakeStream.waits.append((self, other))


@contextlib.contextmanager
def on_stream(stream):
    before, FakeStream.current = FakeStream.current, stream
    yield
    FakeStream.current = before


class FakeGraph:
    def replay(self):
        """Nothing: its results are there from being recorded."""


def self_test(make_net, objective):
    """Without a GPU and a compiler: what is called with stand-ins for both, and that variants give the same numbers."""
    args = types.SimpleNamespace(backbone="resnet18", branches=3, size=64, batch=2, warm_up=0, repeats=1, steps=1)
    fakes = {"Stream": FakeStream, "CUDAGraph": FakeGraph, "stream": on_stream, "synchronize": lambda: None,
             "current_stream": lambda: FakeStream.current, "reset_peak_memory_stats": lambda: None,
             "max_memory_allocated": lambda: 1, "max_memory_reserved": lambda: 2, "empty_cache": lambda: None,
             "graph": lambda graph, stream, capture_error_mode: on_stream(stream)}
    FakeStream.current = default = FakeStream()
    with contextlib.ExitStack() as stack:
        for name, fake in fakes.items():
            stack.enter_context(mock.patch.object(torch.cuda, name, fake))
        stack.enter_context(mock.patch.object(torch, "compile", lambda function, mode=None: function))
        stack.enter_context(mock.patch.object(torch_cuda, "DEVICE", "cpu"))
        torch_cuda.clean_up()
        args.mode = "infer"
        eager = torch_cuda.run_variant("bf16", args, make_net, None, False)
        FakeStream.waits.clear()
        streams = torch_cuda.run_variant("bf16_streams", args, make_net, None, True)
        assert eager["first_sum"] == streams["last_sum"] and eager["first_magnitude"] > 0, (eager, streams)
        net = make_net("mobilenet_v1", 3).eval()
        torch_cuda.fade_biases(net)
        x = torch.rand(2, 3, 64, 64)
        with torch.no_grad():
            z = net.features(x)
            silent = net.head([torch.zeros_like(z[0]), *z[1:]])
            assert (net.head(z) - silent).abs().sum() > 0.1 * silent.abs().sum(), "a branch does not show in the logits"
        assert FakeStream.current is default
        # The last six waits are the recording's: every branch's stream for the main one, and the other way round.
        waits = FakeStream.waits[-6:]
        main = waits[0][1]
        assert main is not default and len({stream for stream, _ in waits[:3]}) == 3, waits
        assert waits[3:] == [(main, stream) for stream, _ in waits[:3]], waits
        args.mode = "train"
        line = torch_cuda.run_variant("bf16", args, make_net, objective, False)
        assert 0 < line["first_loss"] < 100 and line["last_loss"] != line["first_loss"], line
        assert torch_cuda.not_in("train", ["bf16", "bf16_streams"]) == ["bf16_streams"]
