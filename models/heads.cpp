// SPDX-License-Identifier: Apache-2.0
#include "models/heads.h"

#include "engine/ops/layout.h"

namespace unmask {
namespace {

constexpr int64_t classes = 2;

}  // namespace

BranchHeads::BranchHeads(int branches, int64_t features)
    : features_(features),
      joint_(add_module("joint_head", std::make_unique<Linear>(branches * features, classes))) {
    for (int i = 0; branches > 1 && i < branches; ++i)
        leave_one_out_.push_back(&add_module("leave_one_out_heads." + std::to_string(i),
                                             std::make_unique<Linear>((branches - 1) * features, classes)));
}

// The weight of a leave-one-out head over all branches, [2, n · d]: zeros where its own branch is.
Variable BranchHeads::widened_weight(size_t head) const {
    const Variable& weight = leave_one_out_[head]->weight();
    const int64_t gap = static_cast<int64_t>(head) * features_;
    std::vector<Variable> parts;
    if (gap > 0) parts.push_back(slice(weight, 1, 0, gap));
    parts.emplace_back(Tensor::zeros({classes, features_}, weight.dtype(), weight.device()));
    if (gap < weight.dim(1)) parts.push_back(slice(weight, 1, gap, weight.dim(1)));
    return concat(parts, 1);
}

BranchHeads::Logits BranchHeads::forward(const Variable& z) const {
    std::vector<Variable> weights{joint_.weight()}, biases{joint_.bias()};
    for (size_t i = 0; i < leave_one_out_.size(); ++i) {
        weights.push_back(widened_weight(i));
        biases.push_back(leave_one_out_[i]->bias());
    }
    const Variable all = linear(z, concat(weights, 0), concat(biases, 0));
    const auto head = [&all](int64_t index) { return slice(all, 1, index * classes, (index + 1) * classes); };
    Logits logits{head(0), {}};
    for (size_t i = 0; i < leave_one_out_.size(); ++i)
        logits.leave_one_out.push_back(head(static_cast<int64_t>(i) + 1));
    return logits;
}

}  // namespace unmask
