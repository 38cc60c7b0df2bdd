// SPDX-License-Identifier: Apache-2.0
#include "losses/information_loss.h"

#include "engine/error.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/softmax.h"

namespace unmask {

Variable softened_log_probabilities(const Variable& logits, double temperature) {
    return log_softmax(affine(logits, 1.0 / temperature));
}

Variable anchor_log_probabilities(const Variable& joint_logits, double temperature) {
    return softened_log_probabilities(joint_logits.detach(), temperature);
}

Variable global_information_loss(const Variable& log_anchor, const Variable& global_logits,
                                 double temperature, DivergenceFunction divergence) {
    return divergence(log_anchor, softened_log_probabilities(global_logits, temperature));
}

Variable local_information_loss(const Variable& log_anchor, const std::vector<Variable>& leave_one_out,
                                double temperature, DivergenceFunction divergence) {
    if (leave_one_out.empty()) fail("local information loss: expected a leave-one-out head, found none");
    Variable total;
    for (const Variable& logits : leave_one_out) {
        const Variable distance = divergence(log_anchor, softened_log_probabilities(logits, temperature));
        total = total.defined() ? total + distance : distance;
    }
    return exp(negate(total));
}

}  // namespace unmask
