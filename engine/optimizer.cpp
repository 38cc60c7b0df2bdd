// SPDX-License-Identifier: Apache-2.0
#include "engine/optimizer.h"

#include <array>
#include <cmath>
#include <set>

#include "engine/error.h"
#include "engine/ops/cast.h"

namespace unmask {
namespace {

constexpr int64_t alignment_bytes = 64;

// What the optimizers share: the step counter and the operands of the update.
class FlatOptimizer : public Optimizer {
  public:
    explicit FlatOptimizer(FlatParameters& parameters)
        : parameters_(parameters), factors_(Tensor::zeros({2}, DType::f64, parameters.values().device())) {}

    void prepare() override {
        const std::array<double, 2> host = factors(++steps_);
        factors_.buffer()->context()->copy_from_host(factors_.raw(), host.data(), factors_.bytes());
    }
    void set_clear_gradients(bool clear) override { clear_gradients_ = clear; }
    void set_guard(Tensor guard) override { guard_ = std::move(guard); }
    [[nodiscard]] int64_t steps_taken() const override { return steps_; }
    void set_steps_taken(int64_t steps) override { steps_ = steps; }

  protected:
    // The factors of the step with that number (see UpdateOperands).
    [[nodiscard]] virtual std::array<double, 2> factors(int64_t step) const = 0;
    [[nodiscard]] FlatParameters& parameters() const { return parameters_; }
    [[nodiscard]] UpdateOperands operands() const {
        return {factors_, parameters_.copies(), guard_, clear_gradients_};
    }
    // Of the update of one entry.
    [[nodiscard]] UpdateOperands operands(size_t entry) const {
        return {factors_, parameters_.entries()[entry].variable.copy(), guard_, false};
    }
    // The entry's part of a buffer that is laid out as the values are.
    [[nodiscard]] Tensor part(const Tensor& all, size_t entry) const {
        const Tensor& value = parameters_.entries()[entry].variable.value();
        return all.defined() ? Tensor::view(all.buffer(), value.byte_offset(), value.shape(), all.dtype())
                             : Tensor();
    }

  private:
    FlatParameters& parameters_;
    Tensor factors_, guard_;
    bool clear_gradients_ = false;
    int64_t steps_ = 0;
};

class Adam final : public FlatOptimizer {
  public:
    Adam(FlatParameters& parameters, const AdamParams& params)
        : FlatOptimizer(parameters),
          params_(params),
          first_moment_(Tensor::zeros_like(parameters.values())),
          second_moment_(Tensor::zeros_like(parameters.values())) {}

    void apply() override {
        Tensor values = parameters().values();
        adam_step(parameters().gradients(), values, first_moment_, second_moment_, operands(), params_);
    }
    void apply(size_t entry, const Tensor& gradient) override {
        Tensor value = part(parameters().values(), entry), first = part(first_moment_, entry),
               second = part(second_moment_, entry);
        adam_step(gradient, value, first, second, operands(entry), params_);
    }
    void set_learning_rate(double learning_rate) override { params_.learning_rate = learning_rate; }
    [[nodiscard]] double learning_rate() const override { return params_.learning_rate; }
    [[nodiscard]] std::map<std::string, Tensor> state() const override {
        return {{"first_moment", first_moment_}, {"second_moment", second_moment_}};
    }

  private:
    [[nodiscard]] std::array<double, 2> factors(int64_t step) const override {
        const auto count = static_cast<double>(step);
        return {params_.learning_rate / (1.0 - std::pow(params_.beta1, count)),
                1.0 / std::sqrt(1.0 - std::pow(params_.beta2, count))};
    }

    AdamParams params_;
    Tensor first_moment_, second_moment_;
};

class Sgd final : public FlatOptimizer {
  public:
    Sgd(FlatParameters& parameters, const SgdParams& params)
        : FlatOptimizer(parameters),
          params_(params),
          velocity_(params.momentum > 0.0 ? Tensor::zeros_like(parameters.values()) : Tensor()) {}

    void apply() override {
        Tensor values = parameters().values();
        sgd_step(parameters().gradients(), values, velocity_, operands(), params_);
    }
    void apply(size_t entry, const Tensor& gradient) override {
        Tensor value = part(parameters().values(), entry), velocity = part(velocity_, entry);
        sgd_step(gradient, value, velocity, operands(entry), params_);
    }
    void set_learning_rate(double learning_rate) override { params_.learning_rate = learning_rate; }
    [[nodiscard]] double learning_rate() const override { return params_.learning_rate; }
    [[nodiscard]] std::map<std::string, Tensor> state() const override {
        if (!velocity_.defined()) return {};
        return {{"velocity", velocity_}};
    }

  private:
    [[nodiscard]] std::array<double, 2> factors(int64_t step) const override {
        return {params_.learning_rate, step <= 1 ? 0.0 : params_.momentum};
    }

    SgdParams params_;
    Tensor velocity_;  // undefined without momentum
};

void check_common(const char* name, double learning_rate, double weight_decay) {
    const auto serves = [](double value) { return value >= 0.0 && std::isfinite(value); };
    if (!serves(learning_rate))
        fail("{}: expected a finite learning rate of at least 0, found {}", name, learning_rate);
    if (!serves(weight_decay))
        fail("{}: expected a finite weight decay of at least 0, found {}", name, weight_decay);
}

void check_share(const char* name, const char* parameter, double value) {
    if (!(value >= 0.0 && value < 1.0)) fail("{}: expected {} in [0, 1), found {}", name, parameter, value);
}

}  // namespace

FlatParameters::FlatParameters(std::vector<Entry> entries, GradientSink* sink)
    : entries_(std::move(entries)), sink_(sink) {
    if (entries_.empty()) fail("parameters: expected at least one, found none");
    const DType dtype = entries_[0].variable.dtype();
    const Device device = entries_[0].variable.device();
    const int64_t alignment = alignment_bytes / static_cast<int64_t>(size_of(dtype));
    int64_t total = 0;
    std::vector<int64_t> offsets;
    std::set<const void*> seen;
    for (const Entry& entry : entries_) {
        if (entry.variable.value().bytes() > 0 && !seen.insert(entry.variable.value().raw()).second)
            fail("parameters: expected each of them once, found {} twice", entry.name);
        if (entry.variable.dtype() != dtype || entry.variable.device() != device)
            fail("parameters: expected all of them as {} on {}, found {} as {} on {}", name_of(dtype),
                 name_of(device), entry.name, name_of(entry.variable.dtype()),
                 name_of(entry.variable.device()));
        offsets.push_back(total);
        const int64_t size = entry.variable.value().numel();
        count_ += size;
        total += (size + alignment - 1) / alignment * alignment;
    }
    values_ = Tensor::zeros({total}, dtype, device);
    if (sink == nullptr) gradients_ = Tensor::zeros({total}, dtype, device);
    for (size_t i = 0; i < entries_.size(); ++i) {
        Variable& variable = entries_[i].variable;
        const size_t offset = static_cast<size_t>(offsets[i]) * size_of(dtype);
        Tensor place = Tensor::view(values_.buffer(), offset, variable.shape(), dtype);
        place.copy_from(variable.value());
        variable.set_value(place);
        if (sink == nullptr)
            variable.pin_gradient(Tensor::view(gradients_.buffer(), offset, variable.shape(), dtype));
        else
            variable.sink_gradient(*sink, i);
    }
}

// The variables may have been given to others since.
FlatParameters::~FlatParameters() {
    for (Entry& entry : entries_) {
        if (sink_ != nullptr && entry.variable.gradient_sink() == sink_) entry.variable.release_gradient();
        if (copies_.defined() && entry.variable.copy().defined() &&
            entry.variable.copy().buffer() == copies_.buffer())
            entry.variable.set_copy({});
    }
}

void FlatParameters::clear_gradients() {
    if (gradients_.defined()) return gradients_.fill_zero();
    for (Entry& entry : entries_) entry.variable.clear_gradient();
}

void FlatParameters::keep_copies(DType dtype) {
    copies_ = Tensor::empty(values_.shape(), dtype, values_.device());
    refresh_copies();
}

void FlatParameters::refresh_copies() {
    if (!copies_.defined()) return;
    cast_forward(values_, copies_);
    const DType dtype = copies_.dtype();
    for (Entry& entry : entries_) {
        const size_t offset =
            entry.variable.value().byte_offset() / size_of(values_.dtype()) * size_of(dtype);
        entry.variable.set_copy(Tensor::view(copies_.buffer(), offset, entry.variable.shape(), dtype));
    }
}

std::unique_ptr<Optimizer> make_adam(FlatParameters& parameters, const AdamParams& params) {
    check_common("adam", params.learning_rate, params.weight_decay);
    check_share("adam", "beta1", params.beta1);
    check_share("adam", "beta2", params.beta2);
    if (!(params.eps > 0.0) || !std::isfinite(params.eps))
        fail("adam: expected a positive eps, found {}", params.eps);
    return std::make_unique<Adam>(parameters, params);
}

std::unique_ptr<Optimizer> make_sgd(FlatParameters& parameters, const SgdParams& params) {
    check_common("sgd", params.learning_rate, params.weight_decay);
    check_share("sgd", "a momentum", params.momentum);
    if (params.nesterov && params.momentum == 0.0)
        fail("sgd: expected a positive momentum for Nesterov's, found {}", params.momentum);
    return std::make_unique<Sgd>(parameters, params);
}

}  // namespace unmask
