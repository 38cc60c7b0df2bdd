// SPDX-License-Identifier: Apache-2.0
// A part of a model: named parameters, named buffers and named submodules, in the order in which they were registered.
// Full names are joined by dots, as PyTorch's state dicts do: "branches.0.layer1.0.conv1.weight".
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/philox.h"
#include "engine/variable.h"

namespace unmask {

// How fresh parameters are drawn: every parameter has its own stream, named by the key below, so that the values depend
// on seed and name alone.
class Module {
  public:
    struct NamedVariable {
        std::string name;
        Variable variable;
    };
    struct NamedTensor {
        std::string name;
        Tensor tensor;
    };

    Module() = default;
    Module(const Module&) = delete;
    Module& operator=(const Module&) = delete;
    virtual ~Module() = default;

    // Every parameter (trainable) and buffer (running statistics) below this module, with full names.
    [[nodiscard]] std::vector<NamedVariable> parameters(const std::string& prefix = "") const;
    [[nodiscard]] std::vector<NamedTensor> buffers(const std::string& prefix = "") const;
    // Both, by name: what a checkpoint holds. The tensors share the module's memory.
    [[nodiscard]] std::map<std::string, Tensor> state() const;
    // Copies the values in. Error lists the names that are missing, unknown or of another shape.
    void load_state(const std::map<std::string, Tensor>& state);

    // Training mode: batch statistics and dropout. On by default.
    void set_training(bool training);
    [[nodiscard]] bool training() const { return training_; }

    // Draws every parameter anew, from the seed and its full name.
    void initialize(uint64_t seed, const std::string& prefix = "");

    // Moves parameters and buffers to the device, or converts floating ones to the dtype (float64 for checks). Before
    // FlatParameters only.
    void to(Device device);
    void to(DType dtype);

  protected:
    // Registered parameters are leaves that require a gradient; they start as zeros until initialize().
    Variable& add_parameter(std::string name, const Shape& shape);
    Tensor& add_buffer(std::string name, Tensor initial);
    template <class M> M& add_module(std::string name, std::unique_ptr<M> module) {
        M& reference = *module;
        modules_.emplace_back(std::move(name), std::move(module));
        return reference;
    }

    // Fills this module's own parameters (not its submodules'); `prefix` is this module's full name with a final dot.
    virtual void initialize_own(uint64_t seed, const std::string& prefix);
    // Called when training mode changes.
    virtual void on_training_changed() {}

  private:
    friend class ModuleWalk;
    std::vector<std::pair<std::string, std::unique_ptr<Variable>>> parameters_;
    std::vector<std::pair<std::string, std::unique_ptr<Tensor>>> buffers_;
    std::vector<std::pair<std::string, std::unique_ptr<Module>>> modules_;
    bool training_ = true;
};

// A module from one map to another.
class Layer : public Module {
  public:
    [[nodiscard]] virtual Variable forward(const Variable& x) = 0;
    Variable operator()(const Variable& x) { return forward(x); }
};

// weight uniform in ±bound, drawn from (seed, name).
void fill_uniform(Tensor& tensor, double bound, uint64_t seed, const std::string& name);
void fill_normal(Tensor& tensor, double deviation, uint64_t seed, const std::string& name);

}  // namespace unmask
