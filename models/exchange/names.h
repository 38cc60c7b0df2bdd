// SPDX-License-Identifier: Apache-2.0
// What other programs call the tensors of a detector.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace unmask {

// The published code of the paper: region_modelN.… (N from 1), bottleneck.model.…, linear.1.…,
// baseline_linear.…, local_linearN.…. Nothing for a name that is none of its.
[[nodiscard]] std::optional<std::string> name_from_paper(std::string_view name);
// And back.
[[nodiscard]] std::optional<std::string> name_in_paper(std::string_view name);

// A tensor of a branch: its number and its name within the branch, from "branches.2.conv1.weight".
struct BranchTensorName {
    int branch;
    std::string name;
};
[[nodiscard]] std::optional<BranchTensorName> parse_branch_name(std::string_view name);
[[nodiscard]] std::string branch_name(int branch, std::string_view name);

// Of a network that is more than a backbone: its classifier ("fc.weight", "classifier.1.bias"), which a
// detector has no use for.
[[nodiscard]] bool is_classifier(std::string_view name);
// The counter of batches beside a batch norm's statistics, which is not used here.
[[nodiscard]] bool is_batch_counter(std::string_view name);

}  // namespace unmask
