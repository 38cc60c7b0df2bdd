#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""onnx_peer.py FILE: ONNX's checker and shape inference on a model, and what it says of itself as JSON."""
import json
import sys

import onnx

model = onnx.load(sys.argv[1])
onnx.checker.check_model(model, full_check=True)
inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)


def shape(value):
    return [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]


print(json.dumps({"inputs": {value.name: shape(value) for value in inferred.graph.input},
                  "outputs": {value.name: shape(value) for value in inferred.graph.output},
                  "metadata": {entry.key: entry.value for entry in model.metadata_props},
                  "opset": [entry.version for entry in model.opset_import],
                  "parameters": sorted(entry.name for entry in model.graph.initializer)}))
