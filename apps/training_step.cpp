// SPDX-License-Identifier: Apache-2.0
#include "apps/training_step.h"

#include <cmath>
#include <utility>

#include "engine/error.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/reduce.h"

namespace unmask {
namespace {

std::vector<FlatParameters::Entry> all_parameters(const Detector& detector, const Objective& objective) {
    std::vector<FlatParameters::Entry> entries;
    for (auto& [name, variable] : detector.parameters()) entries.push_back({name, variable});
    for (auto& [name, variable] : objective.parameters("objective")) entries.push_back({name, variable});
    return entries;
}

std::unique_ptr<Optimizer> make_optimizer(FlatParameters& parameters, const TrainOptions& options) {
    const double rate = options.schedule.learning_rate;
    if (options.optimizer == OptimizerKind::sgd)
        return make_sgd(
            parameters,
            {.learning_rate = rate, .momentum = options.momentum, .weight_decay = options.weight_decay});
    return make_adam(parameters, {.learning_rate = rate, .weight_decay = options.weight_decay});
}

// The objective's numbers, in one copy from the device.
EpochTerms read_terms(const Tensor& terms, bool global_information, bool local_information) {
    const std::vector<double> values = terms.to_doubles();
    const auto term = [&values](size_t place, bool on) {
        return on ? std::optional(values[place]) : std::nullopt;
    };
    return {.total = values[0],
            .classification = values[1],
            .global_information = term(2, global_information),
            .local_information = term(3, local_information)};
}

}  // namespace

TrainingStep::TrainingStep(Detector& detector, Objective& objective, const TrainOptions& options)
    : detector_(detector),
      objective_(objective),
      seed_(options.seed),
      clip_(options.clip),
      parameters_(all_parameters(detector, objective)),
      optimizer_(make_optimizer(parameters_, options)) {
    detector_.set_training(true);
    objective_.set_training(true);
}

EpochTerms TrainingStep::forward(const Tensor& images, const Targets& targets, int64_t step) {
    detector_.set_dropout(seed_, uint64_t(step));
    const HeadLogits heads = detector_.forward(images);
    const ObjectiveResult result = objective_.forward(heads, targets);
    total_ = result.total;
    const ObjectiveOptions& options = objective_.options();
    return read_terms(result.terms, options.global_information,
                      options.local_information && !heads.leave_one_out.empty());
}

std::optional<double> TrainingStep::update(double learning_rate) {
    UNMASK_ASSERT(total_.defined());
    parameters_.clear_gradients();
    std::exchange(total_, {}).backward();
    std::optional<double> norm;
    if (clip_ > 0) norm = clip_gradients();
    optimizer_->set_learning_rate(learning_rate);
    optimizer_->step();
    return norm;
}

double TrainingStep::clip_gradients() {
    const NoGrad nothing_recorded;
    const double norm = std::sqrt(sum(square(Variable(parameters_.gradients()))).value().item());
    if (norm > clip_) {
        Tensor gradients = parameters_.gradients();
        affine_forward(gradients, gradients, clip_ / norm, 0.0);
    }
    return norm;
}

bool TrainingStep::finite() const {
    const NoGrad nothing_recorded;
    return std::isfinite(sum(Variable(parameters_.values())).value().item());
}

}  // namespace unmask
