# SPDX-License-Identifier: Apache-2.0
"""The detector on a GPU in PyTorch's ways of running it; torch_detector.py --device cuda calls this.

Data is resident on the GPU in the variant's dtype, channels last, cudnn.benchmark on, Adam fused. A variant that fails
prints a line with "error" and the next one follows. Each line has numbers of the variant's results, which are the same
for all variants of a dtype but for rounding: a variant that was compiled wrongly shows (gpu_table.py compares them).
"""
import contextlib
import gc
import json
import statistics
import time
import traceback

import torch

DEVICE = "cuda"

# name: (dtype of activations, TF32 in float32 products, mode of torch.compile, STREAMS or None)
STREAMS = "streams"  # see make_streams; of inference alone
VARIANTS = {
    "f32": (torch.float32, False, None),
    "tf32": (torch.float32, True, None),
    "bf16": (torch.bfloat16, True, None),
    "fp16": (torch.float16, True, None),
    "tf32_compile": (torch.float32, True, "default"),
    "bf16_compile": (torch.bfloat16, True, "default"),
    "bf16_reduce_overhead": (torch.bfloat16, True, "reduce-overhead"),
    "fp16_reduce_overhead": (torch.float16, True, "reduce-overhead"),
    "bf16_max_autotune": (torch.bfloat16, True, "max-autotune"),
    "fp16_max_autotune": (torch.float16, True, "max-autotune"),
    "bf16_streams": (torch.bfloat16, True, STREAMS),
    "fp16_streams": (torch.float16, True, STREAMS),
}


def not_in(mode, names):
    """Those of the variants that this mode does not have."""
    return [name for name in names if mode == "train" and VARIANTS[name][2] == STREAMS]


def compiled(function, mode):
    return function if mode is None else torch.compile(function, mode=mode)


def freeze_parameters(on):
    """Whether torch.compile takes parameters for constants and folds batch norm into convolutions."""
    with contextlib.suppress(ImportError, AttributeError):
        import torch._inductor.config as inductor
        inductor.freezing = on


def fade_biases(net):
    """Of linear layers. In a new network activations get smaller from layer to layer, and with ordinary biases the
    logits would hardly show what the branches compute."""
    with torch.no_grad():
        for module in net.modules():
            if isinstance(module, torch.nn.Linear):
                module.bias.mul_(1e-20)


def make_inference(net, x, dtype, mode):
    """Weights in the variant's dtype, which spares autocast's casts."""
    net = net.eval().to(dtype)
    forward = compiled(net, mode)

    def run():
        with torch.no_grad():
            return forward(x)

    return run


def forked(branches, head, streams, x):
    """The branches' features, each computed on its own stream, and the logits of them on the current one."""
    current = torch.cuda.current_stream()
    z = []
    for branch, stream in zip(branches, streams):
        stream.wait_stream(current)
        with torch.cuda.stream(stream):
            z.append(branch(x))
    for stream in streams:
        current.wait_stream(stream)
    return z, head(z)


def make_streams(net, x, dtype):
    """A CUDA graph recorded by hand, with the branches side by side: torch.compile's own graphs take one stream.

    Nothing may be compiled or timed while it is recorded, so the same calls are made on the same streams before. What
    the branches make is kept as long as the graph: it is allocated on one stream and read on another.
    """
    net = net.eval().to(dtype)
    branches, head = [torch.compile(branch) for branch in net.branches], torch.compile(net.head)
    streams, main = [torch.cuda.Stream() for _ in branches], torch.cuda.Stream()
    graph = torch.cuda.CUDAGraph()
    with torch.no_grad():
        main.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(main):
            for _ in range(3):
                forked(branches, head, streams, x)
        torch.cuda.current_stream().wait_stream(main)
        torch.cuda.synchronize()
        with torch.cuda.graph(graph, stream=main, capture_error_mode="thread_local"):
            z, logits = forked(branches, head, streams, x)
    kept = z, branches, head, x  # what the graph reads

    def run(_=kept):
        graph.replay()
        return logits

    return run


def make_training(net, x, objective, dtype, mode):
    net = net.train()
    labels = torch.arange(x.shape[0], device=DEVICE) % 2
    sigma = torch.nn.Parameter(torch.ones(3, device=DEVICE))
    optimizer = torch.optim.Adam([*net.parameters(), sigma], lr=1e-3, weight_decay=1e-6, fused=True)
    scaler = torch.amp.GradScaler(DEVICE, enabled=dtype == torch.float16)

    def forward():
        with torch.autocast(DEVICE, dtype=dtype, enabled=dtype != torch.float32):
            return objective(net.all_heads(x), labels, sigma)

    loss = compiled(forward, mode)
    mark = mode in ("reduce-overhead", "max-autotune")

    def run():
        if mark:
            torch.compiler.cudagraph_mark_step_begin()
        optimizer.zero_grad(set_to_none=True)
        value = loss()
        scaler.scale(value).backward()
        scaler.step(optimizer)
        scaler.update()
        return value.detach()

    return run


def numbers_of(result, mode, name):
    """What a step gave, as a line has it: a training step's loss, or the logits' sum and that of their magnitudes."""
    result = result.float()
    if mode == "train":
        return {f"{name}_loss": result.item()}
    return {f"{name}_sum": result.sum().item(), f"{name}_magnitude": result.abs().sum().item()}


def measure(make, args):
    """Seconds of a step: the median over runs of args.steps steps between two waits for the device."""
    begin = time.perf_counter()
    run = make()
    numbers = numbers_of(run(), args.mode, "first")
    for _ in range(2):
        run()
    torch.cuda.synchronize()
    first = time.perf_counter() - begin
    for _ in range(args.warm_up * args.steps):
        run()
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    seconds = []
    for _ in range(args.repeats):
        begin = time.perf_counter()
        for _ in range(args.steps):
            run()
        torch.cuda.synchronize()
        seconds.append((time.perf_counter() - begin) / args.steps)
    peak, reserved = torch.cuda.max_memory_allocated(), torch.cuda.max_memory_reserved()
    numbers.update(numbers_of(run(), args.mode, "last"))
    median = statistics.median(seconds)
    return {"seconds": median, "images_per_second": args.batch / median, "first_steps_seconds": first,
            "peak_bytes": peak, "reserved_bytes": reserved, **numbers}


def run_variant(name, args, make_net, objective, freezing):
    dtype, tf32, mode = VARIANTS[name]
    torch.backends.cuda.matmul.allow_tf32 = tf32
    torch.backends.cudnn.allow_tf32 = tf32
    torch.backends.cudnn.benchmark = True
    freeze_parameters(freezing)
    torch.manual_seed(0)
    net = make_net(args.backbone, args.branches).to(device=DEVICE, memory_format=torch.channels_last)
    x = torch.rand(args.batch, 3, args.size, args.size, device=DEVICE, dtype=dtype)
    x = x.contiguous(memory_format=torch.channels_last)
    if args.mode == "infer":
        fade_biases(net)
    if mode == STREAMS:
        return measure(lambda: make_streams(net, x, dtype), args)
    if args.mode == "infer":
        return measure(lambda: make_inference(net, x, dtype, mode), args)
    return measure(lambda: make_training(net, x, objective, dtype, mode), args)


def clean_up():
    if hasattr(torch, "_dynamo"):
        torch._dynamo.reset()
    gc.collect()
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()


def run(args, make_net, objective):
    if not torch.cuda.is_available():
        raise SystemExit("torch_detector.py: --device cuda, but PyTorch sees no GPU")
    if args.memory_share < 1:
        torch.cuda.set_per_process_memory_fraction(args.memory_share)
    for name in args.variants.split(","):
        line = {"peer": f"PyTorch {torch.__version__}", "variant": name, "device": torch.cuda.get_device_name(),
                "mode": args.mode, "backbone": args.backbone, "branches": args.branches, "size": args.size,
                "batch": args.batch, "runs": args.repeats, "steps": args.steps}
        # Frozen parameters are for compiled inference, and tried first.
        for freezing in [True, False] if args.mode == "infer" and VARIANTS[name][2] else [False]:
            clean_up()
            try:
                line = {**line, "frozen": freezing, **run_variant(name, args, make_net, objective, freezing)}
                line.pop("error", None)
                break
            except Exception as error:  # out of memory, or what the compiler cannot do
                traceback.print_exc()
                line["error"] = f"{type(error).__name__}: {error}"[:300]
        print(json.dumps(line), flush=True)


def rate(work, repeats=20):
    """Runs of `work` in a second, by CUDA events, after a warm-up."""
    for _ in range(5):
        work()
    seconds = []
    for _ in range(repeats):
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        begin.record()
        work()
        end.record()
        end.synchronize()
        seconds.append(begin.elapsed_time(end) / 1000)
    return 1 / statistics.median(seconds)


def ceilings():
    """What the GPU does at most: bytes read and written by a large copy, and operations of a large bf16 product."""
    if not torch.cuda.is_available():
        raise SystemExit("torch_detector.py: --mode ceilings needs a GPU, and PyTorch sees none")
    source = torch.empty(2 << 30, dtype=torch.int8, device="cuda").random_(0, 100)
    target = torch.empty_like(source)
    bytes_per_second = 2 * source.numel() * rate(lambda: target.copy_(source))
    del source, target
    n = 8192
    a, b = (torch.randn(n, n, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    c = torch.empty_like(a)
    operations_per_second = 2 * n**3 * rate(lambda: torch.matmul(a, b, out=c))
    print(json.dumps({"ceilings": True, "device": torch.cuda.get_device_name(), "bytes_per_second": bytes_per_second,
                      "operations_per_second": operations_per_second}), flush=True)
