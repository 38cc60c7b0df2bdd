// SPDX-License-Identifier: Apache-2.0
// One row of the op-case table: an op of engine/ops called on small tensors that are always drawn alike. From
// a row follow its gradient check, the comparison of the backends and its benchmark. No test framework in
// here.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/variable.h"

namespace unmask {

// How an input's elements are drawn. Every value is exact in float32, so that all dtypes compute the same
// thing.
struct Draw {
    enum class Kind {
        uniform,   // in [low, high)
        off_zero,  // ±[low, high): away from a kink at 0
        distinct,  // a permutation of `numel` evenly spaced values in [low, high): no near ties for a maximum
    };
    Kind kind = Kind::uniform;
    double low = -1.0, high = 1.0;
    double row_step = 0.0;  // plus row_step · (index in the last dimension): channels of unlike means
};

struct OpInput {
    std::string name;
    Shape shape;
    Draw draw{};
    bool differentiable = true;
};

// Bounds on ‖a - b‖ / ‖b‖ in float32.
struct Bounds {
    double forward = 2e-6;
    double gradient = 1e-5;
};

struct OpCase {
    std::string op;    // the public function
    std::string name;  // unique, letters, digits and underscores; starts with the op's name
    std::vector<OpInput> inputs;
    // Takes one variable for each input, in order; all of one dtype and device.
    std::function<Variable(const std::vector<Variable>&)> run;
    Bounds bounds{};
};

// A call that must be refused with a message that names the op, what was expected and what was found.
struct BadCall {
    std::string op;
    std::string name;
    std::function<void()> call;
    std::vector<std::string> found;  // further parts of the message
};

// The inputs of a case as leaves; those that are differentiable require a gradient.
[[nodiscard]] std::vector<Variable> make_inputs(const OpCase& op_case, DType dtype,
                                                Device device = cpu_device);

// The weights that project a result onto a number: uniform in [-1, 1), the same for every dtype.
[[nodiscard]] Tensor projection(const Shape& shape, DType dtype, Device device = cpu_device);

struct Evaluation {
    Tensor y;
    std::vector<Tensor>
        gradients;  // of Σ projection · y for each input; undefined where it is not differentiable
};

// Runs a case forward and backward.
[[nodiscard]] Evaluation evaluate(const OpCase& op_case, DType dtype, Device device = cpu_device);

// The same on inputs and a projection that were rounded to bf16, whatever the dtype.
[[nodiscard]] Evaluation evaluate_rounded(const OpCase& op_case, DType dtype, Device device = cpu_device);

// Whether the row has a meaning in bf16.
[[nodiscard]] bool runs_in_bf16(const OpCase& op_case);

}  // namespace unmask
