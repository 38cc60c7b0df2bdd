// SPDX-License-Identifier: Apache-2.0
#include "models/heads.h"

#include "engine/ops/layout.h"
#include "engine/ops/leave_one_out_linear.h"

namespace unmask {
BranchHeads::BranchHeads(int branches, int64_t features)
    : joint_(add_module("joint_head", std::make_unique<Linear>(branches * features, detector_classes))) {
    for (int i = 0; branches > 1 && i < branches; ++i)
        leave_one_out_.push_back(
            &add_module("leave_one_out_heads." + std::to_string(i),
                        std::make_unique<Linear>((branches - 1) * features, detector_classes)));
}

BranchHeads::Logits BranchHeads::forward(const Variable& z) const {
    std::vector<Variable> weights{joint_.weight()}, biases{joint_.bias()};
    for (const Linear* head : leave_one_out_) {
        weights.push_back(head->weight());
        biases.push_back(head->bias());
    }
    const Variable all = leave_one_out_linear(z, weights, biases);
    Logits logits;
    for (const Variable& part : split(all, 0, all.dim(0)))
        logits.leave_one_out.push_back(reshape(part, {all.dim(1), all.dim(2)}));
    logits.joint = logits.leave_one_out.front();
    logits.leave_one_out.erase(logits.leave_one_out.begin());
    return logits;
}

}  // namespace unmask
