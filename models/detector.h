// SPDX-License-Identifier: Apache-2.0
// The detector (Ba et al., AAAI 2024): n local branches of one architecture with separate weights, their
// features fused by a small perceptron, and three kinds of heads: z_i = branch_i(x); Z = [z_1 … z_n]; G =
// fusion(Z); p(y|G) from the global head, p(y|Z) from the joint one, p(y|Z \ z_i) from the leave-one-out
// ones.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "layers/module.h"
#include "losses/objective.h"
#include "models/branch_schedule.h"

namespace unmask {

struct DetectorOptions {
    std::string backbone = "resnet34";
    int branches = 4;      // 1 … 8
    double width = 1.0;    // multiplies every channel count of the backbone; above 0, at most 16
    int size = 224;        // pixels, the side of the square input; 32 … 4096
    double dropout = 0.5;  // fusion and global head; [0, 1)
    bool operator==(const DetectorOptions&) const = default;
};

// Error names an unknown backbone (and lists the known ones) or a number out of range.
void check_detector_options(const DetectorOptions& options);

// Parameters: branches.I.…, fusion.{0,1,3,4,6}, global_head, joint_head, leave_one_out_heads.I.
class Detector : public Module {
  public:
    // Fresh parameters are zeros until initialize() or load_state(). Error as check_detector_options.
    explicit Detector(const DetectorOptions& options);
    ~Detector() override;

    // x [batch, size, size, C], normalised RGB with zeros in the channels behind the third (C is 3, 4 or 8)
    // -> logits of every head. In training mode dropout draws from set_dropout's stream. Error for another
    // shape.
    [[nodiscard]] HeadLogits forward(const Variable& x);
    // The same in two steps, for heat maps: the last map of every branch, [batch, h, w, d] each, and what
    // follows.
    [[nodiscard]] std::vector<Variable> feature_maps(const Variable& x);
    [[nodiscard]] HeadLogits heads(const std::vector<Variable>& feature_maps);
    // The global head alone, in inference mode whatever the training mode is, nothing recorded: logits
    // [batch, 2]. Uses folded weights after prepare_inference().
    [[nodiscard]] Tensor infer(const Tensor& x);

    // The seed and step that dropout masks are drawn from: give every training step its own. The second takes
    // the step from memory on the device ([1], i64) when masks are drawn.
    void set_dropout(uint64_t seed, uint64_t step);
    void set_dropout(uint64_t seed, const Tensor& device_step);

    // In training x is this rank's part of a batch that all ranks share equally (null: the whole batch).
    // Branches see the part alone, but normalise by the whole batch's statistics; their features are
    // gathered, so that fusion and heads compute on every rank from the whole batch: logits [batch · ranks,
    // 2], and complete gradients of their own parameters. Those of the branches are this rank's part of the
    // sum (see GradientExchange and has_partial_gradient). The communicator must outlive the detector.
    void set_communicator(Communicator* communicator);
    // Whether a parameter of this name belongs to a branch.
    [[nodiscard]] static bool has_partial_gradient(const std::string& name);

    // How the branches' work is ordered.
    void set_branch_schedule(BranchSchedule schedule) { schedule_ = schedule; }
    // Of how many of the branches' stages backward makes again what is within them: less memory, more time,
    // the same bytes. Only where branches run one after the other or in parallel; Error from feature_maps
    // where they do not.
    void set_recompute(int stages) { recomputed_stages_ = stages; }
    [[nodiscard]] BranchSchedule branch_schedule() const { return schedule_; }

    [[nodiscard]] const DetectorOptions& options() const { return options_; }
    [[nodiscard]] int64_t features() const;  // d, of one branch

  private:
    struct Parts;
    // What `behind` makes of each branch's last map, in the branch's chain where branches are chains.
    [[nodiscard]] std::vector<Variable> over_branches(
        const Variable& x, const std::function<Variable(const Variable& map)>& behind);
    [[nodiscard]] HeadLogits heads_of_features(const std::vector<Variable>& features);
    [[nodiscard]] Variable global_logits(const Variable& z);

    DetectorOptions options_;
    BranchSchedule schedule_ = BranchSchedule::automatic;
    int recomputed_stages_ = no_stage;
    Communicator* communicator_ = nullptr;
    std::unique_ptr<Parts> parts_;
};

// A detector's branch schedule while it lives; then again the one before.
class ScheduleScope {
  public:
    ScheduleScope(Detector& detector, BranchSchedule schedule)
        : detector_(detector), before_(detector.branch_schedule()) {
        detector.set_branch_schedule(schedule);
    }
    ScheduleScope(const ScheduleScope&) = delete;
    ScheduleScope& operator=(const ScheduleScope&) = delete;
    ~ScheduleScope() { detector_.set_branch_schedule(before_); }

  private:
    Detector& detector_;
    BranchSchedule before_;
};

}  // namespace unmask
