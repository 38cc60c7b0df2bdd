// SPDX-License-Identifier: Apache-2.0
// Builds an ONNX graph from tensors in the engine's layout: each is known by the memory that holds it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/ops/activation.h"
#include "models/exchange/onnx/graph.h"

namespace unmask::onnx_export {

class Builder {
  public:
    // The parameters and statistics that may occur, by their names.
    explicit Builder(const std::map<std::string, Tensor>& state);

    // Names what the tensor holds from now on.
    void set(const Tensor& tensor, std::string name);
    // The name of what was computed into the tensor's memory. A map [N, 1, 1, C] is flattened when it is read
    // as [N, C]. Error when nothing was.
    [[nodiscard]] std::string get(const Tensor& tensor);
    // A parameter as a constant: `layout` permutes its dimensions (none: as it is). Error when it is none of
    // the state.
    [[nodiscard]] std::string constant(const Tensor& tensor, const std::vector<int>& layout = {});
    // A constant of integers.
    [[nodiscard]] std::string integers(const std::string& name, const std::vector<int64_t>& values);

    // Appends a node with one output of a fresh name, which is returned.
    std::string add(const std::string& op, std::vector<std::string> inputs,
                    std::map<std::string, Attribute> attributes = {});
    // The activation of a value; itself for none. Error for one that no layer uses at inference.
    [[nodiscard]] std::string activated(const std::string& name, Activation activation);

    // The graph, its constants laid out: kernels do that, so that nothing may be observed any more.
    [[nodiscard]] Graph finish();

    Graph graph;

  private:
    struct Known {
        std::string name;
        Shape shape;
    };
    std::map<const void*, Known> known_;
    std::map<const void*, std::string> state_names_;
    std::map<std::string, std::vector<int>> layouts_;  // of constants
    int fresh_ = 0;
};

}  // namespace unmask::onnx_export
