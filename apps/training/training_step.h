// SPDX-License-Identifier: Apache-2.0
// One step of training: forward, objective, backward, clipping, optimizer. All of it is enqueued on the
// device without waiting for it, so that it is recorded once and runs again as a whole: on a GPU as a CUDA
// graph, on the CPU as a list of kernel calls over planned memory (engine/recording.h). There each parameter
// is updated as soon as its gradient is there, unless the norm of all gradients is clipped.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "apps/training/run_record.h"
#include "apps/training/train_options.h"
#include "apps/training/weight_average.h"
#include "engine/communicator.h"
#include "engine/gradient_exchange.h"
#include "engine/optimizer.h"
#include "engine/update_in_backward.h"
#include "losses/objective.h"
#include "models/detector.h"

namespace unmask {

class TrainingStep {
  public:
    // Takes over the parameters of detector and objective that require a gradient (see FlatParameters); both
    // must outlive this and be on options.compute.device. Frozen ones stay as and where they are. `capture`:
    // whether the step is recorded, on a GPU after its first runs. On the CPU it is not with a communicator.
    TrainingStep(Detector& detector, Objective& objective, const TrainOptions& options, bool capture = true);
    ~TrainingStep();

    // One step on images [n, size, size, 3] and targets, of any device; dropout draws from `step`. Images on
    // a device that records are kept and may be overwritten by a later batch of that size. Nothing is updated
    // when the objective is not a finite number. Error for labels other than 0 and 1 in host memory. After an
    // Error nothing of the step's gradients is left.
    void enqueue(const Tensor& images, const Targets& targets, int64_t step, double learning_rate);
    // The objective of the last enqueued step, before its update; waits for the device. RankLost where that
    // waits for a rank that is lost.
    [[nodiscard]] EpochTerms terms() const;
    // Both.
    EpochTerms run(const Tensor& images, const Targets& targets, int64_t step, double learning_rate) {
        enqueue(images, targets, step, learning_rate);
        return terms();
    }

    // Gives back what recorded steps hold; the next ones are recorded anew.
    void release_memory();

    // How the branches' work was ordered in the last step: what options.compute says, or what `auto` took.
    [[nodiscard]] BranchSchedule schedule() const { return schedule_; }
    [[nodiscard]] Optimizer& optimizer() { return *optimizer_; }
    [[nodiscard]] const FlatParameters& parameters() const { return parameters_; }
    // The moving average of the weights; null when options.average_decay is 0.
    [[nodiscard]] WeightAverage* average() { return average_ ? &*average_ : nullptr; }
    [[nodiscard]] int64_t parameter_count() const { return parameters_.count(); }
    // Call it after the parameters changed otherwise than by a step.
    void parameters_changed() { parameters_.refresh_copies(); }
    // Whether a step ended in an exception: some parameters, moments, averages and running statistics may
    // then be those of the next step, others of the one before.
    [[nodiscard]] bool updating() const { return updating_; }
    // Whether every parameter is a number.
    [[nodiscard]] bool finite() const;

  private:
    struct Program;  // the step for one shape of batch
    void place(Program& program, const Tensor& images, const Targets& targets, int64_t step);
    void run_program(Program& program);
    [[nodiscard]] ObjectiveResult forward(Program& program);
    [[nodiscard]] BranchSchedule schedule_for(Program& program);
    void work(Program& program);
    void drop_gradients() noexcept;
    void capture(Program& program);
    void clip_gradients();

    Detector& detector_;
    Objective& objective_;
    Compute compute_;
    BranchSchedule schedule_ = BranchSchedule::automatic;
    uint64_t seed_;
    double clip_;
    Communicator* communicator_;  // between ranks
    // Looks after these from work that is enqueued piece by piece to its terms().
    mutable std::unique_ptr<RankWatch> watch_;
    bool capture_, updating_ = false;
    std::unique_ptr<UpdateInBackward> updates_;  // null where all gradients are needed at once
    FlatParameters parameters_;
    std::unique_ptr<Optimizer> optimizer_;
    std::optional<GradientExchange> exchange_;
    std::optional<WeightAverage> average_;
    Tensor terms_;                                          // [4] on the device, see ObjectiveResult
    Tensor one_;                                            // the gradient that backward starts from
    std::map<std::pair<int64_t, bool>, Program> programs_;  // by batch size and mixup
};

}  // namespace unmask
