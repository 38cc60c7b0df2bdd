// SPDX-License-Identifier: Apache-2.0
// The detector (Ba et al., AAAI 2024): n local branches of one architecture with separate weights, their features fused
// by a small perceptron, and three kinds of heads. method: z_i = branch_i(x); Z = [z_1 … z_n]; G = fusion(Z).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "layers/module.h"
#include "losses/objective.h"

namespace unmask {

struct DetectorOptions {
    std::string backbone = "resnet34";
    int branches = 4;      // 1 … 8
    double width = 1.0;    // multiplies every channel count of the backbone
    int size = 224;        // pixels, the side of the square input
    double dropout = 0.5;  // fusion and global head
};

class Backbone;

class Detector : public Module {
  public:
    // Error names an unknown backbone (and lists the known ones) or a number out of range.
    explicit Detector(const DetectorOptions& options);
    ~Detector() override;

    // x [batch, size, size, 3], normalised RGB -> logits of every head. In training mode dropout draws from
    // set_dropout's stream.
    [[nodiscard]] HeadLogits forward(const Variable& x);
    // The global head alone, nothing recorded: logits [batch, 2]. Uses folded weights when prepared.
    [[nodiscard]] Tensor infer(const Tensor& x);
    // Folds batch norm into the convolutions' weights and freezes these copies, for fast inference; call again after the
    // parameters changed.
    void prepare_inference();

    // The seed and step that dropout masks are drawn from.
    void set_dropout(uint64_t seed, uint64_t step);

    [[nodiscard]] const DetectorOptions& options() const { return options_; }
    [[nodiscard]] int64_t features() const;  // d, of one branch
    [[nodiscard]] int64_t parameter_count() const;

  private:
    struct Parts;
    DetectorOptions options_;
    std::unique_ptr<Parts> parts_;
};

}  // namespace unmask
