// SPDX-License-Identifier: Apache-2.0
// The class heads over the branches' features z_1 … z_n, each [N, d]: joint, p(y | Z), and leave-one-out, p(y
// | Z \ z_i).
#pragma once

#include "layers/linear.h"

namespace unmask {

inline constexpr int64_t detector_classes = 2;  // real, fake

// Parameters: joint_head (n · d -> 2) and leave_one_out_heads.I ((n - 1) · d -> 2, the other branches in
// order); there are no leave-one-out heads with a single branch.
class BranchHeads final : public Module {
  public:
    BranchHeads(int branches, int64_t features);

    struct Logits {
        Variable joint;                       // [N, 2]
        std::vector<Variable> leave_one_out;  // n of them, or none
    };
    // z [N, n · d].
    [[nodiscard]] Logits forward(const Variable& z) const;

  private:
    Linear& joint_;
    std::vector<Linear*> leave_one_out_;
};

}  // namespace unmask
