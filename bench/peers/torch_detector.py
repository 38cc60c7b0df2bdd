#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The work of `unmask bench` in PyTorch: the same detector, mode, batch and threads, on random weights and images.

    python3 bench/peers/torch_detector.py --mode infer --batch 1        # prints one line of JSON
    python3 bench/peers/torch_detector.py --mode export --out m.onnx    # for onnx_detector.mjs
    python3 bench/peers/torch_detector.py --mode save --out m.pt        # the weights of a branch
    python3 bench/peers/torch_detector.py --mode score --out m.pt       # loads them and scores an image: what a program's start costs
    python3 bench/peers/torch_detector.py --device cuda --mode train --batch 256 --variants tf32,bf16,bf16_compile
    python3 bench/peers/torch_detector.py --mode self-test

On the CPU (torch_cpu.py) Debian's python3-torch and python3-torchvision do; docs/gpu-runs.md says which versions
torch_cuda.py was tried with.
"""
import argparse

import torch
import torch.nn.functional as F
import torch_cpu
import torch_cuda
import torchvision
from torch import nn


class MobileNetV1(nn.Module):
    """Howard et al. 2017 up to global average pooling, under the names that `unmask convert` knows."""

    def __init__(self, width=1.0):
        super().__init__()
        channels = int(32 * width)
        layers = [nn.Sequential(*self.block(3, channels, 3, 2, 1))]
        for outputs, stride in [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)] + [(512, 1)] * 5 + [
                (1024, 2), (1024, 1)]:
            outputs = int(outputs * width)
            layers.append(nn.Sequential(*self.block(channels, channels, 3, stride, channels), *self.block(channels, outputs, 1, 1, 1)))
            channels = outputs
        self.model = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())

    @staticmethod
    def block(inputs, outputs, kernel, stride, groups):
        return (nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False), nn.BatchNorm2d(outputs),
                nn.ReLU(inplace=True))

    def forward(self, x):
        return self.model(x)


def make_backbone(name, width):
    if name == "mobilenet_v1":
        return MobileNetV1(width), int(1024 * width)
    made = getattr(torchvision.models, name)
    net = made(weights=None) if name.startswith("resnet") else made(weights=None, stochastic_depth_prob=0.0)
    if name.startswith("resnet"):
        features, net.fc = net.fc.in_features, nn.Identity()
    else:
        features, net.classifier = 1280, nn.Identity()
    return net, features


class MeanPool(nn.Module):
    """AdaptiveAvgPool2d(1) as a mean: backward of the former takes as_strided, which torch.compile of PyTorch 2.6 makes
    wrong programs of (pytorch issue 174963)."""

    def forward(self, x):
        return x.mean((2, 3), keepdim=True)


def mean_pooled(net):
    """The network with a MeanPool for every global average pooling, squeeze-and-excitation's too."""
    for module in list(net.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.AdaptiveAvgPool2d) and child.output_size in (1, (1, 1)):
                setattr(module, name, MeanPool())
    return net


class Detector(nn.Module):
    def __init__(self, backbone, branches, width=1.0):
        super().__init__()
        made = [make_backbone(backbone, width) for _ in range(branches)]
        self.branches = nn.ModuleList(net for net, _ in made)
        d = made[0][1]
        self.fusion = nn.Sequential(nn.Linear(branches * d, 1000), nn.BatchNorm1d(1000), nn.ReLU(), nn.Dropout(),
                                    nn.Linear(1000, 500), nn.BatchNorm1d(500), nn.ReLU(), nn.Dropout(), nn.Linear(500, d))
        self.dropout = nn.Dropout()
        self.global_head = nn.Linear(d, 2)
        self.joint_head = nn.Linear(branches * d, 2)
        self.leave_one_out_heads = nn.ModuleList(
            nn.Linear((branches - 1) * d, 2) for _ in range(branches if branches > 1 else 0))

    def features(self, x):
        return [branch(x) for branch in self.branches]

    def head(self, z):
        """The logits of the branches' features."""
        return self.global_head(self.fusion(torch.cat(z, 1)))

    def forward(self, x):
        return self.head(self.features(x))

    def all_heads(self, x):
        z = self.features(x)
        joint = torch.cat(z, 1)
        others = [head(torch.cat(z[:i] + z[i + 1:], 1)) for i, head in enumerate(self.leave_one_out_heads)]
        return self.global_head(self.dropout(self.fusion(joint))), self.joint_head(joint), others


def objective(heads, labels, sigma, temperature=1.5):
    to_global, to_joint, others = heads
    log_q = lambda logits: F.log_softmax(logits / temperature, 1)
    anchor = log_q(to_joint.detach())
    divergence = lambda logits: F.kl_div(anchor, log_q(logits), reduction="mean", log_target=True)
    classification = sum(F.cross_entropy(logits, labels) for logits in [to_global, to_joint, *others])
    terms = [classification, divergence(to_global)]
    if others:
        terms.append(torch.exp(-sum(divergence(logits) for logits in others)))
    return sum(0.5 / s**2 * term + torch.log(1 + s**2) for term, s in zip(terms, sigma))


def self_test():
    """Means in place of pooling are everywhere and change no number."""
    for backbone in "resnet18", "mobilenet_v1", "efficientnet_b0":
        net = Detector(backbone, 2).eval()
        x = torch.rand(2, 3, 64, 64)
        with torch.no_grad():
            pooled = net(x)
            mean = mean_pooled(net)(x)
        assert not any(isinstance(module, nn.AdaptiveAvgPool2d) for module in net.modules()), backbone
        torch.testing.assert_close(mean, pooled, msg=backbone)
    import torch_cuda_test
    torch_cuda_test.self_test(lambda *words: mean_pooled(Detector(*words)), objective)
    print(f"torch_detector.py: self-test passed, PyTorch {torch.__version__}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mode", choices=["infer", "train", "export", "save", "score", "ceilings", "self-test"],
                        required=True)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--backbone", default="resnet34")
    parser.add_argument("--branches", type=int, default=4)
    parser.add_argument("--width", type=float, default=1.0, help="multiplies every channel count; of mobilenet_v1 alone")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--warm-up", type=int, default=2, help="runs before those that are timed")
    parser.add_argument("--variant", default="eager", help="on the CPU: of " + ", ".join(torch_cpu.INFERENCE) + "; in training of " +
                        ", ".join(torch_cpu.TRAINING))
    parser.add_argument("--out", default="detector.onnx", help="the file that export and save write and score reads")
    on_gpu = parser.add_argument_group("with --device cuda (see torch_cuda.py)")
    on_gpu.add_argument("--variants", default="tf32,bf16,fp16,bf16_compile", help="of " + ", ".join(torch_cuda.VARIANTS))
    on_gpu.add_argument("--steps", type=int, default=1, help="of a run, between two waits for the GPU")
    on_gpu.add_argument("--memory-share", type=float, default=1.0, help="of the GPU's memory, at most")
    args = parser.parse_args()
    if args.mode == "self-test":
        return self_test()
    if unknown := set(args.variants.split(",")) - set(torch_cuda.VARIANTS):
        parser.error(f"--variants: expected some of {', '.join(torch_cuda.VARIANTS)}, found {', '.join(unknown)}")
    if args.mode == "ceilings":
        return torch_cuda.ceilings()
    if args.device == "cuda":
        if args.mode in ("export", "save", "score"):
            parser.error(f"--mode {args.mode} is for the CPU")
        if wrong := torch_cuda.not_in(args.mode, args.variants.split(",")):
            parser.error(f"--variants: expected none of {', '.join(wrong)} with --mode {args.mode}")
        return torch_cuda.run(args, lambda *words: mean_pooled(Detector(*words)), objective)
    if args.width != 1 and args.backbone != "mobilenet_v1":
        parser.error(f"--width: expected --backbone mobilenet_v1, found {args.backbone}")
    if args.mode in torch_cpu.VARIANTS and args.variant not in torch_cpu.VARIANTS[args.mode]:
        parser.error(f"--variant: expected one of {', '.join(torch_cpu.VARIANTS[args.mode])}, found {args.variant}")
    torch.set_num_threads(args.threads)
    net = Detector(args.backbone, args.branches, args.width)
    x = torch.rand(args.batch, 3, args.size, args.size)
    if args.mode == "save":
        return torch.save(net.branches[0].state_dict(), args.out)
    if args.mode == "score":
        weights = torch.load(args.out)
        for branch in net.branches:
            branch.load_state_dict(weights)
        net.eval()
        with torch.no_grad():
            return print(torch.softmax(net(x), 1)[0, 1].item())
    if args.mode == "export":
        net.eval()
        torch.onnx.export(net, x, args.out, opset_version=13, input_names=["image"], output_names=["logits"],
                          dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}})
        return
    torch_cpu.run(args, net, x, objective)


if __name__ == "__main__":
    main()
