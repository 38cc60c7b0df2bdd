// SPDX-License-Identifier: Apache-2.0
#include "engine/optimizer.h"

#include "engine/error.h"

namespace unmask {
namespace {

constexpr int64_t alignment_bytes = 64;

class Adam final : public Optimizer {
  public:
    Adam(FlatParameters& parameters, const AdamParams& params)
        : parameters_(parameters),
          params_(params),
          first_moment_(Tensor::zeros_like(parameters.values())),
          second_moment_(Tensor::zeros_like(parameters.values())) {}

    void step() override {
        Tensor values = parameters_.values();
        adam_step(parameters_.gradients(), values, first_moment_, second_moment_, params_, ++steps_);
    }
    void set_learning_rate(double learning_rate) override { params_.learning_rate = learning_rate; }
    [[nodiscard]] double learning_rate() const override { return params_.learning_rate; }
    [[nodiscard]] std::map<std::string, Tensor> state() const override {
        return {{"first_moment", first_moment_}, {"second_moment", second_moment_}};
    }
    [[nodiscard]] int64_t steps_taken() const override { return steps_; }
    void set_steps_taken(int64_t steps) override { steps_ = steps; }

  private:
    FlatParameters& parameters_;
    AdamParams params_;
    Tensor first_moment_, second_moment_;
    int64_t steps_ = 0;
};

class Sgd final : public Optimizer {
  public:
    Sgd(FlatParameters& parameters, const SgdParams& params)
        : parameters_(parameters), params_(params), velocity_(Tensor::zeros_like(parameters.values())) {}

    void step() override {
        Tensor values = parameters_.values();
        sgd_step(parameters_.gradients(), values, velocity_, params_, ++steps_);
    }
    void set_learning_rate(double learning_rate) override { params_.learning_rate = learning_rate; }
    [[nodiscard]] double learning_rate() const override { return params_.learning_rate; }
    [[nodiscard]] std::map<std::string, Tensor> state() const override { return {{"velocity", velocity_}}; }
    [[nodiscard]] int64_t steps_taken() const override { return steps_; }
    void set_steps_taken(int64_t steps) override { steps_ = steps; }

  private:
    FlatParameters& parameters_;
    SgdParams params_;
    Tensor velocity_;
    int64_t steps_ = 0;
};

}  // namespace

FlatParameters::FlatParameters(std::vector<Entry> entries) : entries_(std::move(entries)) {
    if (entries_.empty()) fail("parameters: expected at least one, found none");
    const DType dtype = entries_[0].variable.dtype();
    const Device device = entries_[0].variable.device();
    const int64_t alignment = alignment_bytes / static_cast<int64_t>(size_of(dtype));
    int64_t total = 0;
    std::vector<int64_t> offsets;
    for (const Entry& entry : entries_) {
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
    gradients_ = Tensor::zeros({total}, dtype, device);
    for (size_t i = 0; i < entries_.size(); ++i) {
        Variable& variable = entries_[i].variable;
        const size_t offset = static_cast<size_t>(offsets[i]) * size_of(dtype);
        Tensor place = Tensor::view(values_.buffer(), offset, variable.shape(), dtype);
        place.copy_from(variable.value());
        variable.set_value(place);
        variable.pin_gradient(Tensor::view(gradients_.buffer(), offset, variable.shape(), dtype));
    }
}

void FlatParameters::clear_gradients() {
    gradients_.fill_zero();
}

std::unique_ptr<Optimizer> make_adam(FlatParameters& parameters, const AdamParams& params) {
    return std::make_unique<Adam>(parameters, params);
}

std::unique_ptr<Optimizer> make_sgd(FlatParameters& parameters, const SgdParams& params) {
    return std::make_unique<Sgd>(parameters, params);
}

}  // namespace unmask
