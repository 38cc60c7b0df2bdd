// SPDX-License-Identifier: Apache-2.0
// The detector's training objective (Ba et al., AAAI 2024): classification, Global Information Loss, Local Information
// Loss, and their weighting. With q = softmax(logits / T), anchor a = stop_gradient(q(joint)):
//     classification       CE(global) + CE(joint) + Σ_i CE(leave-one-out i)
//     global information   D(a, q(global))
//     local information    exp(-Σ_i D(a, q(leave-one-out i)))
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/variable.h"
#include "layers/module.h"

namespace unmask {

// Class logits [batch, 2] of every head.
struct HeadLogits {
    Variable global;
    Variable joint;
    std::vector<Variable> leave_one_out;  // one a branch; empty with a single branch, which leaves nothing out
};

enum class Divergence : uint8_t { kl, sinkhorn };
enum class Weighting : uint8_t { automatic, fixed };

struct ObjectiveOptions {
    double temperature = 1.5;
    Divergence divergence = Divergence::kl;
    Weighting weighting = Weighting::automatic;
    std::array<double, 3> weights{1.0, 2.0, 10.0};  // of the three terms, for fixed weighting
    bool global_information = true;  // ablation switches
    bool local_information = true;
};

struct ObjectiveTerms {
    Variable classification, global_information, local_information;  // scalars; undefined where switched off
};

// The labels of a batch ([batch], i64, 0 real and 1 fake), and with mixup the second label of each and its share:
// each term is lambda · term(labels) + (1 - lambda) · term(mixed_labels).
struct Targets {
    Tensor labels;
    Tensor mixed_labels;  // undefined without mixup
    double lambda = 1.0;
};

class Objective : public Module {
  public:
    explicit Objective(const ObjectiveOptions& options);

    [[nodiscard]] ObjectiveTerms terms(const HeadLogits& heads, const Targets& targets) const;
    // Automatic: Σ_k 0.5 / s_k² · L_k + log(1 + s_k²), s = the parameter `sigma` [3], starting at 1; fixed: Σ_k w_k · L_k.
    [[nodiscard]] Variable total(const ObjectiveTerms& terms) const;
    [[nodiscard]] const ObjectiveOptions& options() const { return options_; }

  protected:
    void initialize_own(uint64_t seed, const std::string& prefix) override;

  private:
    ObjectiveOptions options_;
    Variable* sigma_ = nullptr;  // registered for automatic weighting only
};

}  // namespace unmask
