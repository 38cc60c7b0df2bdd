#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""PyTorch's side of the tests of exchange: makes models with random weights and computes their logits.

    torch_peer.py probe                                  # whether PyTorch and torchvision are there
    torch_peer.py classifier BACKBONE FILE [FORMAT]      # a state dict as torchvision saves it
    torch_peer.py paper BACKBONE BRANCHES FILE IN OUT    # a detector of the paper's structure, and its logits
    torch_peer.py logits NAMES BACKBONE BRANCHES FILE IN OUT   # of a state dict that unmask wrote
    torch_peer.py odd FILE                               # a state dict of unusual tensors

NAMES is unmask or paper, FORMAT zip, legacy, half, wrapped or parameters. IN is float32, [2, 3, 64, 64]; OUT, logits [2, 2] computed
in float64: what the order of sums changes is no matter then.
"""
import struct
import sys

import torch
import torchvision
from torch import nn

SIZE = 64


class MobileNetV1(nn.Module):
    """Howard et al. 2017 as PyTorch's users know it: model.0.0.weight …, with the classifier fc."""

    def __init__(self):
        super().__init__()
        plan = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)] + [(512, 1)] * 5 + [(1024, 2), (1024, 1)]
        channels = 32
        layers = [nn.Sequential(nn.Conv2d(3, channels, 3, 2, 1, bias=False), nn.BatchNorm2d(channels), nn.ReLU())]
        for outputs, stride in plan:
            layers.append(nn.Sequential(
                nn.Conv2d(channels, channels, 3, stride, 1, groups=channels, bias=False), nn.BatchNorm2d(channels), nn.ReLU(),
                nn.Conv2d(channels, outputs, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()))
            channels = outputs
        self.model = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1))
        self.fc = nn.Linear(1024, 1000)

    def forward(self, x):
        return self.model(x).flatten(1)


def make_backbone(name, whole=False):
    network = MobileNetV1() if name == "mobilenet_v1" else getattr(torchvision.models, name)(weights=None)
    last = network.fc if hasattr(network, "fc") else network.classifier[1]
    if name == "mobilenet_v1":
        return network, 1024
    if not whole and hasattr(network, "fc"):
        network.fc = nn.Identity()
    elif not whole:
        network.classifier = nn.Identity()
    return network, last.in_features


def fusion(inputs, outputs, dropout):
    maybe = [nn.Dropout()] if dropout else []
    return nn.Sequential(nn.Linear(inputs, 1000), nn.BatchNorm1d(1000), nn.ReLU(), *maybe,
                         nn.Linear(1000, 500), nn.BatchNorm1d(500), nn.ReLU(), *maybe, nn.Linear(500, outputs))


class Detector(nn.Module):
    """Under unmask's names."""

    def __init__(self, backbone, branches):
        super().__init__()
        made = [make_backbone(backbone) for _ in range(branches)]
        features = made[0][1]
        for network, _ in made:
            if isinstance(network, MobileNetV1):
                network.fc = nn.Identity()
        self.branches = nn.ModuleList(network for network, _ in made)
        self.fusion = fusion(branches * features, features, dropout=False)
        self.global_head = nn.Linear(features, 2)
        self.joint_head = nn.Linear(branches * features, 2)
        self.leave_one_out_heads = nn.ModuleList(
            nn.Linear((branches - 1) * features, 2) for _ in range(branches if branches > 1 else 0))

    def forward(self, x):
        return self.global_head(self.fusion(torch.cat([branch(x) for branch in self.branches], 1)))


class Fusion(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.model = fusion(inputs, outputs, dropout=True)


class PaperDetector(nn.Module):
    """Under the names of the paper's published code."""

    def __init__(self, backbone, branches):
        super().__init__()
        self.count = branches
        for i in range(branches):
            network, features = make_backbone(backbone)
            self.add_module(f"region_model{i + 1}", network)
        for i in range(branches):
            self.add_module(f"local_linear{i + 1}", nn.Linear(features * (branches - 1), 2))
        self.bottleneck = Fusion(branches * features, features)
        self.baseline_linear = nn.Linear(branches * features, 2)
        self.linear = nn.Sequential(nn.Dropout(), nn.Linear(features, 2))

    def forward(self, x):
        z = torch.cat([getattr(self, f"region_model{i + 1}")(x) for i in range(self.count)], 1)
        return self.linear(self.bottleneck.model(z))


def vary(model):
    """Statistics and scales as training leaves them, so that nothing is mistaken for a default and pictures matter."""
    norms = [module for module in model.modules() if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d))]
    for norm in norms:
        nn.init.uniform_(norm.weight, 0.8, 1.2)
        nn.init.uniform_(norm.bias, -0.1, 0.1)
        norm.momentum = 1.0
    with torch.no_grad():
        model.train()(torch.rand(8, 3, SIZE, SIZE) * torch.linspace(0.5, 2, 8).reshape(8, 1, 1, 1) - 0.5)
    return model.eval()


def read_input(path):
    with open(path, "rb") as file:
        values = struct.unpack(f"<{2 * 3 * SIZE * SIZE}f", file.read())
    return torch.tensor(values).reshape(2, 3, SIZE, SIZE)


def write_logits(path, model, x):
    """In float64, and in float32 what its rounding leaves of that."""
    with torch.no_grad():
        rounded = model(x)
        for name, logits in ((path, model.double()(x.double())), (path + ".f32", rounded)):
            with open(name, "wb") as file:
                file.write(struct.pack("<4d", *logits.flatten().tolist()))


def classifier(backbone, path, form="zip"):
    state = vary(make_backbone(backbone, whole=True)[0]).state_dict()
    if form == "half":
        state = {name: value.half() if value.is_floating_point() else value for name, value in state.items()}
    if form == "wrapped":
        state = {"epoch": 3, "arch": backbone, "best": torch.tensor(0.5), "optimizer": {"state": {}, "lr": 0.1},
                 "state_dict": {"module." + name: value.to(memory_format=torch.channels_last) if value.dim() == 4 else value
                                for name, value in state.items()}}
    if form == "parameters":
        state = {name: nn.Parameter(value, requires_grad=False) for name, value in state.items()}
    torch.save(state, path, _use_new_zipfile_serialization=form != "legacy")


def odd(path):
    base = torch.arange(24, dtype=torch.float32)
    torch.save({"whole": base.reshape(4, 6), "turned": base.reshape(4, 6).t(), "part": base[3:9:2], "double": base.double(),
                "half": base[:4].half(), "brain": base[:4].bfloat16(), "long": torch.tensor([-1, 2**40]),
                "short": torch.tensor([-2, 300], dtype=torch.int16), "tiny": torch.tensor([-3, 4], dtype=torch.int8),
                "byte": torch.tensor([0, 255], dtype=torch.uint8), "truth": torch.tensor([True, False]),
                "scalar": torch.tensor(5.0), "empty": torch.zeros(2, 0)}, path)


def main(command, *arguments):
    torch.manual_seed(1)
    if command == "probe":
        return
    if command == "classifier":
        classifier(*arguments)
    elif command == "odd":
        odd(*arguments)
    elif command == "paper":
        backbone, branches, path, inputs, outputs = arguments
        model = vary(PaperDetector(backbone, int(branches)))
        torch.save({"state_dict": model.state_dict(), "epoch": 1}, path)
        write_logits(outputs, model, read_input(inputs))
    elif command == "logits":
        names, backbone, branches, path, inputs, outputs = arguments
        state = torch.load(path, weights_only=True)
        model = (PaperDetector if names == "paper" else Detector)(backbone, int(branches))
        model.load_state_dict(state, strict=True)
        write_logits(outputs, model.eval(), read_input(inputs))
    else:
        raise SystemExit(f"unknown: {command}")


if __name__ == "__main__":
    main(*sys.argv[1:])
