// SPDX-License-Identifier: Apache-2.0
#include "models/exchange/onnx/builder.h"

#include "engine/error.h"
#include "engine/ops/layout.h"

namespace unmask::onnx_export {

Builder::Builder(const std::map<std::string, Tensor>& state) {
    for (const auto& [name, tensor] : state) state_names_[tensor.raw()] = name;
}

void Builder::set(const Tensor& tensor, std::string name) {
    known_[tensor.raw()] = {std::move(name), tensor.shape()};
}

std::string Builder::get(const Tensor& tensor) {
    const auto found = known_.find(tensor.raw());
    if (found == known_.end()) fail("ONNX: a tensor {} was not computed by any kernel", tensor.shape().str());
    const Known known = found->second;
    if (known.shape == tensor.shape()) return known.name;
    if (known.shape.rank() != 4 || known.shape[1] != 1 || known.shape[2] != 1 ||
        tensor.shape() != Shape{known.shape[0], known.shape[3]})
        fail("ONNX: {} read as {} has no form here", known.shape.str(), tensor.shape().str());
    set(tensor, add("Flatten", {known.name}, {{"axis", int64_t{1}}}));
    return known_.at(tensor.raw()).name;
}

std::string Builder::constant(const Tensor& tensor, const std::vector<int>& layout) {
    const auto found = state_names_.find(tensor.raw());
    if (found == state_names_.end()) fail("ONNX: a tensor {} is no parameter", tensor.shape().str());
    graph.constants[found->second] = tensor;
    if (!layout.empty()) layouts_[found->second] = layout;
    return found->second;
}

std::string Builder::integers(const std::string& name, const std::vector<int64_t>& values) {
    graph.constants[name] = Tensor::from({static_cast<int64_t>(values.size())}, values);
    return name;
}

std::string Builder::add(const std::string& op, std::vector<std::string> inputs,
                         std::map<std::string, Attribute> attributes) {
    std::string output = fmt::format("{}_{}", op, ++fresh_);
    graph.nodes.push_back({op, std::move(inputs), {output}, std::move(attributes)});
    return output;
}

std::string Builder::activated(const std::string& name, Activation activation) {
    switch (activation) {
        case Activation::none:
            return name;
        case Activation::relu:
            return add("Relu", {name});
        case Activation::sigmoid:
            return add("Sigmoid", {name});
        case Activation::silu:
            return add("Mul", {name, add("Sigmoid", {name})});
        case Activation::leaky_relu:
            break;
    }
    fail("ONNX: an activation that has no form here");
}

Graph Builder::finish() {
    for (auto& [name, tensor] : graph.constants) {
        if (is_floating(tensor.dtype())) tensor = tensor.to(cpu_device).to(DType::f32);
        if (const auto layout = layouts_.find(name); layout != layouts_.end())
            tensor = permute(tensor, layout->second).value();
    }
    return std::move(graph);
}

}  // namespace unmask::onnx_export
