# SPDX-License-Identifier: Apache-2.0
"""The detector on a CPU in PyTorch's ways of running it; torch_detector.py calls this.

A peer is measured by its fastest way, whichever that is on this machine: eager or compiled by TorchScript, NCHW or channels last.
"""
import json
import statistics
import time

import torch
from torch import nn

# name: (compiled by TorchScript and frozen, optimised for inference on top, channels last)
INFERENCE = {
    "eager": (False, False, False),
    "channels_last": (False, False, True),
    "jit": (True, False, False),
    "jit_channels_last": (True, False, True),
    "jit_optimized": (True, True, False),
}
TRAINING = {name: INFERENCE[name] for name in ("eager", "channels_last")}
VARIANTS = {"infer": INFERENCE, "train": TRAINING}

BLAS = [("mkl", "MKL"), ("openblas", "OpenBLAS"), ("blis", "BLIS"), ("atlas", "ATLAS"), ("/libblas", "reference BLAS")]


def blas_name(maps):
    """Which library computes linear layers, by the text of /proc/self/maps; BLAS where none is seen."""
    files = {line.split()[-1] for line in maps.splitlines() if ".so" in line}
    return next((name for word, name in BLAS for file in files if word in file), "BLAS")


def loaded_blas():
    try:
        with open("/proc/self/maps", encoding="utf-8") as file:
            return blas_name(file.read())
    except OSError:
        return "BLAS"


def inference(net, x, variant):
    """A function that runs the network once."""
    compiled, optimized, last = INFERENCE[variant]
    net.eval()
    if last:
        net, x = net.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
    with torch.no_grad():
        if compiled:
            net = torch.jit.freeze(torch.jit.trace(net, x))
        if optimized:
            net = torch.jit.optimize_for_inference(net)

    def run():
        with torch.inference_mode():
            net(x)

    return run


def training(net, x, variant, objective):
    """A function that takes a step."""
    if TRAINING[variant][2]:
        net, x = net.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
    labels = torch.arange(x.shape[0]) % 2
    sigma = nn.Parameter(torch.ones(3))
    optimizer = torch.optim.Adam([*net.parameters(), sigma], lr=1e-3, weight_decay=1e-6)

    def run():
        optimizer.zero_grad(set_to_none=True)
        objective(net.all_heads(x), labels, sigma).backward()
        optimizer.step()

    return run


def median_seconds(run, warm_up, repeats):
    for _ in range(warm_up):
        run()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def run(args, net, x, objective):
    """Measures and prints a line of JSON."""
    work = inference(net, x, args.variant) if args.mode == "infer" else training(net, x, args.variant, objective)
    seconds = median_seconds(work, args.warm_up, args.repeats)
    print(json.dumps({"peer": f"PyTorch {torch.__version__} with {loaded_blas()}", "mode": args.mode, "variant": args.variant,
                      "backbone": args.backbone, "branches": args.branches, "size": args.size, "batch": args.batch,
                      "threads": args.threads, "seconds": seconds, "images_per_second": args.batch / seconds}))
