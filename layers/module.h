// SPDX-License-Identifier: Apache-2.0
// A part of a model: named parameters, named buffers and named submodules, in the order in which they were
// registered. Full names are joined by dots, as PyTorch's state dicts do: "branches.0.layer1.0.conv1.weight".
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/communicator.h"
#include "engine/ops/compact_conv2d.h"
#include "engine/variable.h"

namespace unmask {

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

    // Every parameter (trainable) and buffer (running statistics) below this module, with full names behind
    // `prefix`.
    [[nodiscard]] std::vector<NamedVariable> parameters(const std::string& prefix = "") const;
    [[nodiscard]] std::vector<NamedTensor> buffers(const std::string& prefix = "") const;
    // What prepare_inference() derived and now serves in the place of parameters, under their full names; the
    // same name several times where it is kept in several forms. Empty before.
    [[nodiscard]] std::vector<NamedTensor> prepared(const std::string& prefix = "") const;
    // Trainable numbers below this module.
    [[nodiscard]] int64_t parameter_count() const;

    // Parameters and buffers by name: what a checkpoint holds. The tensors share the module's memory.
    [[nodiscard]] std::map<std::string, Tensor> state() const;
    // Copies the values in, converted to the module's dtype. Error lists the names that are missing, unknown,
    // of another shape or not floating; nothing is copied then, nor where there are shapes alone
    // (ShapesOnly).
    void load_state(const std::map<std::string, Tensor>& state);
    // The same without copying: the module takes the tensors themselves (as float32). Error for parameters
    // that belong to FlatParameters.
    void adopt_state(const std::map<std::string, Tensor>& state);

    // Training mode: batch statistics and dropout. On by default. See EvaluationMode for a while without.
    void set_training(bool training);
    // The same for those modules below (or this one, "") whose full name `chosen` takes.
    void set_training(bool training, const std::function<bool(const std::string& name)>& chosen);
    [[nodiscard]] bool training() const { return training_; }

    // Draws every parameter anew: its values depend on the seed and its full name alone. Error where there
    // are shapes alone.
    void initialize(uint64_t seed, const std::string& prefix = "");

    // Derives what fast inference wants (batch norm folded into convolutions). It serves while gradients are
    // off and training mode too, and is dropped by set_training(true), load_state, adopt_state, initialize
    // and to. Call it again after an optimizer changed the parameters. Derived weights are kept in `format`:
    // others than f32 are computed with in float32 (see engine/ops/compact_conv2d.h).
    void prepare_inference(WeightFormat format = WeightFormat::f32);
    // The same, and gives back the memory of all that was derived from: what remains is good for inference
    // alone. state(), set_training(true), moving and a forward pass with gradients on are Errors from here
    // on.
    void keep_inference_only(WeightFormat format = WeightFormat::f32);
    // Drops what prepare_inference() derived; Error after keep_inference_only().
    void drop_prepared();

    // Whether keep_inference_only() gave back memory of this module or of one below.
    [[nodiscard]] bool kept_for_inference() const;

    // Calls visitor(module, prefix) for this module, then for all below; the prefix is a module's full name
    // with a final dot, or empty.
    using Visit = std::function<void(Module& module, const std::string& prefix)>;
    void visit(const Visit& visitor) { walk("", visitor); }

    // Moves parameters and buffers to the device, or converts floating ones to the dtype (float64 for
    // checks). Error for parameters that belong to FlatParameters.
    void to(Device device);
    void to(DType dtype);

    // Batch norms below this module take their statistics in training over the batches of all ranks, which
    // must be equally large; null: of this process alone. The communicator must outlive the module.
    void share_statistics(Communicator* communicator);

  protected:
    // Registered parameters are leaves that require a gradient; they start as zeros until initialize().
    Variable& add_parameter(std::string name, const Shape& shape);
    Tensor& add_buffer(std::string name, Tensor initial);
    // A module without a name is transparent: what it holds is named as if its owner held it. A name may
    // contain dots.
    template <class M>
    M& add_module(std::string name, std::unique_ptr<M> module) {
        M& reference = *module;
        modules_.emplace_back(std::move(name), std::move(module));
        return reference;
    }

    // Fills this module's own parameters (not its submodules'); `prefix` is this module's full name with a
    // final dot.
    virtual void initialize_own(uint64_t seed, const std::string& prefix);
    virtual void share_own_statistics(Communicator* /*communicator*/) {}
    virtual void prepare_own(WeightFormat /*format*/) {}
    virtual void discard_prepared() {}
    // This module's own share of prepared(), named from here.
    [[nodiscard]] virtual std::vector<NamedTensor> prepared_own() const { return {}; }
    // Called after prepare_own: modules that from here on use nothing but what they derived call
    // release_memory().
    virtual void release_own() {}
    // Leaves of the parameters and buffers below this module nothing but their shapes.
    void release_memory();
    // For a forward pass that needs the parameters themselves: Error after release_memory().
    void check_kept() const {
        if (released_) fail_released();
    }

  private:
    friend class EvaluationMode;
    [[noreturn]] static void fail_released();
    void check_not_flat() const;  // Error for parameters that belong to FlatParameters
    void walk(const std::string& prefix, const Visit& visit);
    void values_changed();        // of the parameters in place
    void check_complete() const;  // Error after release_memory()

    std::vector<std::pair<std::string, std::unique_ptr<Variable>>> parameters_;
    std::vector<std::pair<std::string, std::unique_ptr<Tensor>>> buffers_;
    std::vector<std::pair<std::string, std::unique_ptr<Module>>> modules_;
    bool training_ = true;
    bool released_ = false;
};

// A module from one map to another.
class Layer : public Module {
  public:
    [[nodiscard]] virtual Variable forward(const Variable& x) = 0;
    // Layers of one architecture, `this` the first of them, each on an x of its own, all of one shape: they
    // advance together, so that a device can take their norms in one call. The results are the bytes of
    // forward(), one layer after the other, which is also what a layer does that overrides nothing.
    [[nodiscard]] virtual std::vector<Variable> forward_lockstep(const std::vector<Layer*>& peers,
                                                                 const std::vector<Variable>& x);
    Variable operator()(const Variable& x) { return forward(x); }
    // For inference in 8-bit integers: takes the scale of its input (0: that is float32) and gives that of
    // its result. Error from a layer that computes in floating point alone, as all do that do not override
    // it.
    [[nodiscard]] virtual float link_scales(float input);
};

// Parameters registered on this thread while it lives have a shape but no memory: to compare a model with a
// file, or to count its parameters, before anything is allocated. adopt_state makes such a module usable.
class ShapesOnly {
  public:
    ShapesOnly();
    ShapesOnly(const ShapesOnly&) = delete;
    ShapesOnly& operator=(const ShapesOnly&) = delete;
    ~ShapesOnly();

  private:
    bool before_;
};

}  // namespace unmask
