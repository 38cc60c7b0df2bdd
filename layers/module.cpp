// SPDX-License-Identifier: Apache-2.0
#include "layers/module.h"

#include "engine/context.h"
#include "engine/error.h"

namespace unmask {
namespace {

thread_local bool shapes_only = false;

Tensor without_memory(const Shape& shape) {
    const auto bytes = static_cast<size_t>(shape.numel()) * size_of(DType::f32);
    const auto nobody = std::make_shared<const int>(0);
    return Tensor::view(std::make_shared<Buffer>(context_of(cpu_device), nullptr, bytes, nobody), 0, shape,
                        DType::f32);
}

// One line about everything in `found` that does not fit `expected`; empty when all fits.
std::string misfits(const std::map<std::string, Tensor>& expected,
                    const std::map<std::string, Tensor>& found) {
    constexpr size_t most = 5;
    std::vector<std::string> problems;
    for (const auto& [name, tensor] : expected) {
        const auto place = found.find(name);
        if (place == found.end()) {
            problems.push_back(fmt::format("{} is missing", name));
        } else if (place->second.shape() != tensor.shape()) {
            problems.push_back(fmt::format("{} should be {}, is {}", name, tensor.shape().str(),
                                           place->second.shape().str()));
        } else if (!is_floating(place->second.dtype())) {
            problems.push_back(
                fmt::format("{} should be floating, is {}", name, name_of(place->second.dtype())));
        }
    }
    for (const auto& [name, tensor] : found)
        if (!expected.contains(name)) problems.push_back(fmt::format("{} is unknown", name));
    std::string line;
    for (size_t i = 0; i < problems.size() && i < most; ++i) line += (i == 0 ? "" : "; ") + problems[i];
    if (problems.size() > most) line += fmt::format("; and {} more", problems.size() - most);
    return line;
}

void check_fit(const std::map<std::string, Tensor>& expected, const std::map<std::string, Tensor>& found) {
    if (const std::string line = misfits(expected, found); !line.empty())
        fail("state does not fit: {}", line);
}

void check_memory(const std::map<std::string, Tensor>& state) {
    for (const auto& [name, tensor] : state)
        if (tensor.raw() == nullptr && tensor.numel() > 0)
            fail("expected a module with memory for {} (adopt_state gives it some), found its shape alone",
                 name);
}

}  // namespace

// Visits this module, then its submodules depth first; `prefix` is empty or ends in a dot.
void Module::walk(const std::string& prefix, const Visit& visit) {
    visit(*this, prefix);
    for (const auto& [name, module] : modules_)
        module->walk(name.empty() ? prefix : prefix + name + ".", visit);
}

std::vector<Module::NamedVariable> Module::parameters(const std::string& prefix) const {
    std::vector<NamedVariable> result;
    const_cast<Module*>(this)->walk(prefix.empty() ? "" : prefix + ".",
                                    [&](Module& module, const std::string& path) {
                                        for (const auto& [name, variable] : module.parameters_)
                                            result.push_back({path + name, *variable});
                                    });
    return result;
}

std::vector<Module::NamedTensor> Module::buffers(const std::string& prefix) const {
    std::vector<NamedTensor> result;
    const_cast<Module*>(this)->walk(prefix.empty() ? "" : prefix + ".",
                                    [&](Module& module, const std::string& path) {
                                        for (const auto& [name, tensor] : module.buffers_)
                                            result.push_back({path + name, *tensor});
                                    });
    return result;
}

std::vector<Module::NamedTensor> Module::prepared(const std::string& prefix) const {
    std::vector<NamedTensor> result;
    const_cast<Module*>(this)->walk(prefix.empty() ? "" : prefix + ".",
                                    [&](Module& module, const std::string& path) {
                                        for (auto& [name, tensor] : module.prepared_own())
                                            result.push_back({path + name, tensor});
                                    });
    return result;
}

int64_t Module::parameter_count() const {
    int64_t count = 0;
    for (const NamedVariable& parameter : parameters()) count += parameter.variable.value().numel();
    return count;
}

std::map<std::string, Tensor> Module::state() const {
    check_complete();
    std::map<std::string, Tensor> result;
    for (const auto& [name, variable] : parameters())
        UNMASK_ASSERT(result.emplace(name, variable.value()).second);
    for (const auto& [name, tensor] : buffers()) UNMASK_ASSERT(result.emplace(name, tensor).second);
    return result;
}

void Module::load_state(const std::map<std::string, Tensor>& values) {
    const auto own = state();
    check_fit(own, values);
    check_memory(own);
    for (const auto& [name, tensor] : own) Tensor(tensor).copy_from(values.at(name).to(tensor.dtype()));
    walk("", [](Module& module, const std::string&) { module.values_changed(); });
}

void Module::adopt_state(const std::map<std::string, Tensor>& values) {
    check_fit(state(), values);
    check_not_flat();
    walk("", [&](Module& module, const std::string& path) {
        for (const auto& [name, variable] : module.parameters_)
            variable->set_value(values.at(path + name).to(DType::f32));
        for (const auto& [name, tensor] : module.buffers_) *tensor = values.at(path + name).to(DType::f32);
        module.discard_prepared();
    });
}

void Module::set_training(bool training) {
    set_training(training, [](const std::string&) { return true; });
}

void Module::set_training(bool training, const std::function<bool(const std::string& name)>& chosen) {
    if (training) check_complete();
    walk("", [&](Module& module, const std::string& path) {
        if (!chosen(path.substr(0, path.empty() ? 0 : path.size() - 1))) return;
        module.training_ = training;
        if (training) module.discard_prepared();
    });
}

void Module::initialize(uint64_t seed, const std::string& prefix) {
    check_memory(state());
    walk(prefix.empty() ? "" : prefix + ".", [seed](Module& module, const std::string& path) {
        module.initialize_own(seed, path);
        module.values_changed();
    });
}

void Module::values_changed() {
    for (const auto& [name, variable] : parameters_) variable->set_copy({});
    discard_prepared();
}

void Module::share_statistics(Communicator* communicator) {
    walk("",
         [communicator](Module& module, const std::string&) { module.share_own_statistics(communicator); });
}

void Module::prepare_inference(WeightFormat format) {
    check_complete();
    walk("", [format](Module& module, const std::string&) { module.prepare_own(format); });
}

void Module::keep_inference_only(WeightFormat format) {
    set_training(false);
    check_complete();
    // One by one, so that the derived weights of all and what they were derived from are never there
    // together.
    walk("", [format](Module& module, const std::string&) {
        if (module.released_) return;
        module.prepare_own(format);
        module.release_own();
        if (module.released_) context_of(cpu_device)->release_cached();
    });
}

bool Module::kept_for_inference() const {
    bool kept = false;
    const_cast<Module*>(this)->walk("",
                                    [&](Module& module, const std::string&) { kept |= module.released_; });
    return kept;
}

void Module::release_memory() {
    walk("", [](Module& module, const std::string&) {
        for (const auto& [name, variable] : module.parameters_) {
            variable->clear_gradient();
            variable->set_value(without_memory(variable->shape()));
        }
        for (const auto& [name, tensor] : module.buffers_) *tensor = without_memory(tensor->shape());
        module.released_ = true;
    });
}

void Module::check_complete() const {
    const_cast<Module*>(this)->walk("", [](Module& module, const std::string& path) {
        if (module.released_)
            fail("expected a complete model, found one that was kept for inference alone (no {}…)", path);
    });
}

void Module::fail_released() {
    fail(
        "expected gradients to be off (NoGrad) with a model that was kept for inference alone, found a "
        "forward pass that needs its parameters");
}

void Module::check_not_flat() const {
    for (const auto& [name, variable] : parameters())
        if (variable.has_pinned_gradient() || variable.gradient_sink() != nullptr)
            fail("expected parameters in memory of their own, found {} in that of an optimizer", name);
}

void Module::drop_prepared() {
    check_complete();
    walk("", [](Module& module, const std::string&) { module.discard_prepared(); });
}

void Module::to(Device device) {
    check_complete();
    check_not_flat();
    walk("", [device](Module& module, const std::string&) {
        for (const auto& [name, variable] : module.parameters_) {
            variable->clear_gradient();
            variable->set_value(variable->value().to(device));
        }
        for (const auto& [name, tensor] : module.buffers_) *tensor = tensor->to(device);
        module.discard_prepared();
    });
}

void Module::to(DType dtype) {
    check_complete();
    check_not_flat();
    walk("", [dtype](Module& module, const std::string&) {
        for (const auto& [name, variable] : module.parameters_) {
            variable->clear_gradient();
            variable->set_value(variable->value().to(dtype));
        }
        for (const auto& [name, tensor] : module.buffers_)
            if (is_floating(tensor->dtype())) *tensor = tensor->to(dtype);
        module.discard_prepared();
    });
}

Variable& Module::add_parameter(std::string name, const Shape& shape) {
    Tensor value = shapes_only ? without_memory(shape) : Tensor::zeros(shape);
    parameters_.emplace_back(std::move(name), std::make_unique<Variable>(std::move(value), true));
    return *parameters_.back().second;
}

Tensor& Module::add_buffer(std::string name, Tensor initial) {
    buffers_.emplace_back(std::move(name), std::make_unique<Tensor>(std::move(initial)));
    return *buffers_.back().second;
}

void Module::initialize_own(uint64_t, const std::string&) {
    UNMASK_ASSERT(parameters_.empty());
}

ShapesOnly::ShapesOnly() : before_(shapes_only) {
    shapes_only = true;
}
ShapesOnly::~ShapesOnly() {
    shapes_only = before_;
}

float Layer::link_scales(float) {
    fail("8-bit inference: expected convolutions with ReLU, found a layer that has no form in integers");
}

std::vector<Variable> Layer::forward_lockstep(const std::vector<Layer*>& peers,
                                              const std::vector<Variable>& x) {
    std::vector<Variable> y;
    for (size_t i = 0; i < peers.size(); ++i) y.push_back(peers[i]->forward(x[i]));
    return y;
}

}  // namespace unmask
