// SPDX-License-Identifier: Apache-2.0
#include "apps/training/training_step.h"

#include <cmath>
#include <utility>

#include "apps/schedule_choice.h"
#include "engine/error.h"
#include "engine/ops/activation.h"
#include "engine/ops/cast.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/reduce.h"

namespace unmask {
namespace {

// Steps run before the work is recorded: on a GPU the first choose and time the libraries' algorithms.
int runs_before_capture(Device device) {
    return device.type == DeviceType::cuda ? 2 : 0;
}

// A composed objective reads on the host; on the CPU, ranks talk to each other between kernel calls.
bool can_capture(const Compute& compute, const Objective& objective, const Communicator* communicator) {
    return context_of(compute.device)->can_capture() && objective.fused() &&
           (compute.device.type == DeviceType::cuda || communicator == nullptr);
}

std::vector<FlatParameters::Entry> trained_parameters(const Detector& detector, const Objective& objective) {
    std::vector<FlatParameters::Entry> entries;
    for (auto& [name, variable] : detector.parameters())
        if (variable.requires_grad()) entries.push_back({name, variable});
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

// What kernels on a device cannot refuse.
void check_labels(const Tensor& labels) {
    if (!labels.defined() || labels.device().type != DeviceType::cpu) return;
    for (int64_t i = 0; i < labels.numel(); ++i)
        if (const int64_t label = labels.data<int64_t>()[i]; label < 0 || label > 1)
            fail("training step: expected labels 0 and 1, found {} at place {}", label, i);
}

template <class T>
void set_number(Tensor& place, T value) {
    place.buffer()->context()->copy_from_host(place.raw(), &value, sizeof(T));
}

}  // namespace

// The batch in the device's memory, where recorded work finds the next one too.
struct TrainingStep::Program {
    Tensor images, step;
    Targets targets;
    int runs = 0;
    BranchSchedule schedule = BranchSchedule::automatic;
    std::unique_ptr<CapturedWork> captured;
};

TrainingStep::TrainingStep(Detector& detector, Objective& objective, const TrainOptions& options,
                           bool capture)
    : detector_(detector),
      objective_(objective),
      compute_(options.compute),
      schedule_(options.compute.schedule),
      seed_(options.seed),
      clip_(options.clip),
      communicator_(options.ranks.communicator.get()),
      capture_(capture && can_capture(compute_, objective, communicator_)),
      updates_(capture_ && compute_.device.type == DeviceType::cpu && clip_ <= 0
                   ? std::make_unique<UpdateInBackward>()
                   : nullptr),
      parameters_(trained_parameters(detector, objective), updates_.get()),
      optimizer_(make_optimizer(parameters_, options)) {
    const DType dtype = parameters_.values().dtype();
    terms_ = Tensor::zeros({4}, dtype, compute_.device);
    one_ = Tensor::full({}, 1.0, dtype, compute_.device);
    if (compute_.precision == Precision::bf16) parameters_.keep_copies(DType::bf16);
    optimizer_->set_clear_gradients(true);
    if (updates_) updates_->use(*optimizer_, parameters_);
    optimizer_->set_guard(terms_.rows(0, 1));
    if (options.average_decay > 0) average_.emplace(parameters_, detector, options.average_decay);
    detector_.set_branch_schedule(compute_.schedule);
    detector_.set_recompute(compute_.recomputed_stages);
    detector_.set_communicator(communicator_);
    if (communicator_) exchange_.emplace(parameters_, &Detector::has_partial_gradient, *communicator_);
    detector_.set_training(true);
    objective_.set_training(true);
}

TrainingStep::~TrainingStep() = default;

void TrainingStep::place(Program& program, const Tensor& images, const Targets& targets, int64_t step) {
    check_labels(targets.labels);
    check_labels(targets.mixed_labels);
    const DType dtype = image_dtype(compute_.precision);
    const auto put = [this](Tensor& place, const Tensor& source) {
        if (!place.defined()) place = Tensor::empty(source.shape(), source.dtype(), compute_.device);
        if (place.raw() != source.raw()) place.copy_from(source);
    };
    if (images.dtype() == dtype && images.device() == compute_.device) {
        // Images that stay where they are from step to step, as DeviceInput's do, are not copied.
        if (!capture_ || !program.images.defined()) program.images = images;
        if (program.images.raw() != images.raw()) program.images.copy_from(images);
    } else if (images.dtype() == dtype) {
        put(program.images, images);
    } else {
        if (!program.images.defined()) program.images = Tensor::empty(images.shape(), dtype, compute_.device);
        cast_forward(images.to(compute_.device), program.images);
    }
    put(program.targets.labels, targets.labels);
    if (targets.mixed_labels.defined()) put(program.targets.mixed_labels, targets.mixed_labels);
    if (!program.step.defined()) {
        program.step = Tensor::empty({1}, DType::i64, compute_.device);
        program.targets.device_lambda = Tensor::empty({1}, DType::f32, compute_.device);
    }
    set_number(program.step, step);
    set_number(program.targets.device_lambda, static_cast<float>(targets.lambda));
}

ObjectiveResult TrainingStep::forward(Program& program) {
    detector_.set_dropout(seed_, program.step);
    return objective_.forward(detector_.forward(program.images), program.targets);
}

// Measured is what the schedule changes, forward and backward. Ranks take `auto` as it is: what each measured
// for itself would leave out their waiting for each other.
BranchSchedule TrainingStep::schedule_for(Program& program) {
    if (communicator_ != nullptr) return compute_.schedule;
    std::vector<std::pair<Tensor, Tensor>> statistics;  // batch norm's running ones, and what they were
    const auto pass = [&] {
        if (statistics.empty()) {
            std::vector<std::pair<Tensor, Tensor>> all;
            for (const auto& [name, tensor] : detector_.buffers()) all.emplace_back(tensor, tensor.clone());
            statistics = std::move(all);  // none while some are missing: memory may end in between
        }
        forward(program).total.backward(one_);
    };
    const auto undo = [&] {
        parameters_.clear_gradients();  // first, so that they go where copying fails
        for (auto& [tensor, before] : statistics) tensor.copy_from(before);
        statistics.clear();
    };
    return choose_schedule(detector_, compute_,
                           {.training = true,
                            .batch = program.images.dim(0),
                            .channels = program.images.dim(3),
                            .trained = parameters_.count(),
                            .recorded = capture_,
                            .run = pass,
                            .undo = undo});
}

void TrainingStep::work(Program& program) {
    const ScheduleScope schedule(detector_, program.schedule);
    updating_ = true;  // batch norm's running statistics are the first
    const ObjectiveResult result = forward(program);
    terms_.copy_from(result.terms);
    if (exchange_) exchange_->begin();
    if (updates_) updates_->begin();
    {
        const ListenToGradients listening(exchange_ ? &*exchange_ : nullptr);
        result.total.backward(one_);
    }
    if (exchange_) exchange_->finish();
    if (updates_) {
        updates_->finish();
    } else {
        if (clip_ > 0) clip_gradients();
        optimizer_->apply();
    }
    if (average_) average_->apply();
    updating_ = false;
}

void TrainingStep::enqueue(const Tensor& images, const Targets& targets, int64_t step, double learning_rate) {
    Program& program = programs_[{images.dim(0), targets.mixed_labels.defined()}];
    place(program, images, targets, step);
    optimizer_->set_learning_rate(learning_rate);
    optimizer_->prepare();
    if (average_) average_->prepare(step);
    try {
        run_program(program);
    } catch (...) {
        watch_.reset();
        drop_gradients();
        throw;
    }
}

// Recorded work updates here and there on its way. A step that is only being recorded updates nothing.
void TrainingStep::run_program(Program& program) {
    if (program.runs == 0) program.schedule = schedule_for(program);
    schedule_ = program.schedule;
    if (communicator_ && program.captured == nullptr) watch_ = communicator_->watch();
    if (program.captured == nullptr && capture_ && program.runs >= runs_before_capture(compute_.device))
        capture(program);
    ++program.runs;
    if (program.captured == nullptr) return work(program);
    updating_ = true;
    program.captured->run();
    updating_ = false;
}

// What a pass that was broken off has left would be added to the next one's.
void TrainingStep::drop_gradients() noexcept {
    try {
        parameters_.clear_gradients();
    } catch (...) {  // the device fails altogether; why, the step's error says
    }
}

// Recorded work has memory of its own, as much as the step needs: on the CPU one such is kept.
void TrainingStep::capture(Program& program) {
    Context& context = *context_of(compute_.device);
    context.synchronize();
    if (compute_.device.type == DeviceType::cpu) release_memory();
    context.release_cached();
    try {
        program.captured = context.capture([&] { work(program); });
    } catch (...) {
        updating_ = false;
        throw;
    }
}

void TrainingStep::release_memory() {
    Context& context = *context_of(compute_.device);
    context.synchronize();
    for (auto& [shape, program] : programs_) {
        program.captured = nullptr;
        program.runs = std::min(program.runs, 1);  // a GPU's next recording needs to know what its work wants
    }
    context.release_cached();
}

EpochTerms TrainingStep::terms() const {
    if (communicator_) communicator_->wait();
    watch_.reset();
    const std::vector<double> values = terms_.to_doubles();
    const ObjectiveOptions& options = objective_.options();
    const auto term = [&values](size_t place, bool on) {
        return on ? std::optional(values[place]) : std::nullopt;
    };
    return {.total = values[0],
            .classification = values[1],
            .global_information = term(2, options.global_information),
            .local_information = term(3, options.local_information && detector_.options().branches > 1)};
}

// gradient *= clip / max(norm, clip), all on the device; not a number where the norm is none.
void TrainingStep::clip_gradients() {
    const NoGrad nothing_recorded;
    const Variable norm = sqrt(sum(square(Variable(parameters_.gradients()))));
    const Variable larger = affine(relu(affine(norm, 1.0, -clip_)), 1.0, clip_);
    const Variable factor = affine(reciprocal(larger), clip_);
    Tensor gradients = parameters_.gradients();
    binary_forward(gradients, factor.value(), gradients, BinaryOp::multiply);
}

bool TrainingStep::finite() const {
    const NoGrad nothing_recorded;
    return std::isfinite(sum(Variable(parameters_.values())).value().item());
}

}  // namespace unmask
