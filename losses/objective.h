// SPDX-License-Identifier: Apache-2.0
// The detector's training objective (Ba et al., AAAI 2024): classification, Global Information Loss, Local
// Information Loss, and their weighting. With q = softmax(logits / T), anchor a = stop_gradient(q(joint)):
//     classification       CE(global) + CE(joint) + Σ_i CE(leave-one-out i)
//     global information   D(a, q(global))
//     local information    exp(-Σ_i D(a, q(leave-one-out i)))
#pragma once

#include <array>
#include <vector>

#include "engine/variable.h"
#include "layers/module.h"
#include "losses/cross_entropy.h"
#include "losses/divergence.h"
#include "losses/weighting.h"

namespace unmask {

// Class logits [batch, 2] of every head.
struct HeadLogits {
    Variable global;
    Variable joint;
    std::vector<Variable>
        leave_one_out;  // one a branch; empty with a single branch, which leaves nothing out
};

struct ObjectiveOptions {
    double temperature = 1.5;  // positive
    Divergence divergence = Divergence::kl;
    Weighting weighting = Weighting::automatic;
    std::array<double, 3> weights{1.0, 2.0, 10.0};  // of the three terms, for fixed weighting
    bool global_information = true;                 // ablation switches
    bool local_information = true;
};

// Scalars; undefined where switched off. Local information is off with a single branch too: it would be the
// constant 1.
struct ObjectiveTerms {
    Variable classification, global_information, local_information;
};

// total, a scalar to differentiate; terms [4]: the total, classification, global and local information, NaN
// where switched off.
struct ObjectiveResult {
    Variable total;
    Tensor terms;
};

class Objective : public Module {
  public:
    // Error when the temperature or a weight is out of range.
    explicit Objective(const ObjectiveOptions& options);

    // The whole objective: in one op where the divergence has its place there (information_objective), else
    // composed. Error as terms(); on a GPU labels out of range make the fused total NaN.
    [[nodiscard]] ObjectiveResult forward(const HeadLogits& heads, const Targets& targets) const;
    // Whether forward() is one op, which only the device reads from.
    [[nodiscard]] bool fused() const;
    // The same of smaller ops, terms() and total(), for any divergence. Waits for a GPU to look at the
    // labels.
    [[nodiscard]] ObjectiveResult forward_composed(const HeadLogits& heads, const Targets& targets) const;

    // Error when the heads' shapes or the targets do not fit. With mixup each term is mixed; the information
    // terms know no labels, so that theirs are the same on both sides.
    [[nodiscard]] ObjectiveTerms terms(const HeadLogits& heads, const Targets& targets) const;
    // Automatic: Σ_k 0.5 / s_k² · L_k + log(1 + s_k²), s = the parameter `sigma` [3], starting at 1; fixed:
    // Σ_k w_k · L_k. A term that is switched off is left out with all of its summand.
    [[nodiscard]] Variable total(const ObjectiveTerms& terms) const;
    [[nodiscard]] const ObjectiveOptions& options() const { return options_; }

  protected:
    void initialize_own(uint64_t seed, const std::string& prefix) override;

  private:
    [[nodiscard]] ObjectiveResult forward_fused(const HeadLogits& heads, const Targets& targets,
                                                FusedDivergence divergence) const;

    ObjectiveOptions options_;
    Variable* sigma_ = nullptr;  // registered for automatic weighting only
};

}  // namespace unmask
