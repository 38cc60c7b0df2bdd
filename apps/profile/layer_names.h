// SPDX-License-Identifier: Apache-2.0
// Which layer a kernel call belongs to: found by the parameters that it is given.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/tensor.h"
#include "layers/module.h"

namespace unmask {

class LayerNames {
  public:
    // Tensors under the full names of parameters: "branches.0.conv1.weight" is of the layer
    // "branches.0.conv1".
    explicit LayerNames(const std::vector<Module::NamedTensor>& tensors);

    // The layers whose parameters are among the tensors.
    [[nodiscard]] std::set<std::string> of(const std::vector<Tensor>& tensors) const;

  private:
    // By place and size: a flat buffer begins where its first parameter does.
    std::map<std::pair<const void*, size_t>, std::string> layers_;
};

// One name for all: equal parts as they are, others "*", so "branches.*.bn1" for "branches.0.bn1" and
// "branches.1.bn1". Empty for none, and where their numbers of parts differ.
[[nodiscard]] std::string common_name(const std::set<std::string>& names);

}  // namespace unmask
