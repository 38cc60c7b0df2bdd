// SPDX-License-Identifier: Apache-2.0
// An ONNX graph as plain data. Maps are NCHW in it, convolution weights OIHW.
#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "models/checkpoint.h"

namespace unmask::onnx_export {

using Attribute = std::variant<int64_t, float, std::vector<int64_t>>;

struct Node {
    std::string op;  // of the default operator set
    std::vector<std::string> inputs, outputs;
    std::map<std::string, Attribute> attributes{};
};

struct Value {
    std::string name;
    Shape shape;  // with the batch first, which is open
};

struct Graph {
    std::vector<Node> nodes;
    std::map<std::string, Tensor> constants;  // f32 or i64, by name
    Value input;
    std::vector<Value> outputs;
};

// What the detector computes at inference from the global head, as the kernels are called while it does:
// input "input" [batch, 3, size, size], outputs "logits" and "probabilities" [batch, 2] (real, fake).
// Parameters have their names in the detector. Error names a kernel that has no form here.
[[nodiscard]] Graph trace(Detector& detector, double temperature);

}  // namespace unmask::onnx_export
