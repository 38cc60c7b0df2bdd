// SPDX-License-Identifier: Apache-2.0
#include "tests/support/gradcheck.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "engine/philox.h"

namespace unmask {
namespace {

double projected(const OpCase& op_case, const std::vector<Variable>& inputs, const Tensor& weights) {
    const NoGrad no_grad;
    const Tensor y = op_case.run(inputs).value();
    double sum = 0.0;
    for (int64_t i = 0; i < y.numel(); ++i) sum += y.data<double>()[i] * weights.data<double>()[i];
    return sum;
}

void compare(GradcheckResult& result, const GradcheckOptions& options, double found, double expected,
             const std::string& what) {
    const double error = std::fabs(found - expected) / std::max({1.0, std::fabs(found), std::fabs(expected)});
    ++result.checks;
    result.worst = std::max(result.worst, error);
    if (!(error <= options.tolerance) && result.failure.empty())
        result.failure = fmt::format("{}: gradient {}, difference quotient {}", what, found, expected);
}

}  // namespace

GradcheckResult gradcheck(const OpCase& op_case, const GradcheckOptions& options) {
    const std::vector<Variable> inputs = make_inputs(op_case, DType::f64);
    const Variable y = op_case.run(inputs);
    GradcheckResult result;
    if (!y.requires_grad()) return result;
    const Tensor weights = projection(y.shape(), DType::f64);
    y.backward(weights);

    for (size_t k = 0; k < inputs.size(); ++k) {
        if (!op_case.inputs[k].differentiable) continue;
        const std::string& name = op_case.inputs[k].name;
        const int64_t count = inputs[k].value().numel();
        if (!inputs[k].gradient().defined()) {
            if (result.failure.empty()) result.failure = name + ": no gradient arrived";
            continue;
        }
        double* values = inputs[k].value().data<double>();
        const double* gradient = inputs[k].gradient().data<double>();
        const std::vector<double> before(values, values + count);
        const double step = options.step;

        const int64_t checked =
            std::min(count, count > 4096 ? options.most_elements / 4 : options.most_elements);
        for (int64_t i = 0; i < checked; ++i) {
            const int64_t e = checked == 1 ? 0 : i * (count - 1) / (checked - 1);
            values[e] = before[static_cast<size_t>(e)] + step;
            const double above = projected(op_case, inputs, weights);
            values[e] = before[static_cast<size_t>(e)] - step;
            const double below = projected(op_case, inputs, weights);
            values[e] = before[static_cast<size_t>(e)];
            compare(result, options, gradient[e], (above - below) / (2 * step),
                    fmt::format("{}[{}]", name, e));
        }
        if (checked == count) continue;

        PhiloxSequence random(21, op_case.name + "." + name);
        std::vector<double> direction(static_cast<size_t>(count));
        for (double& component : direction) component = random.uniform(-1.0, 1.0);
        double along = 0.0;
        for (int64_t e = 0; e < count; ++e) along += gradient[e] * direction[static_cast<size_t>(e)];
        const auto move = [&](double distance) {
            for (size_t e = 0; e < before.size(); ++e) values[e] = before[e] + distance * direction[e];
            return projected(op_case, inputs, weights);
        };
        const double above = move(step), below = move(-step);
        std::copy(before.begin(), before.end(), values);
        compare(result, options, along, (above - below) / (2 * step), name + " along a direction");
    }
    return result;
}

}  // namespace unmask
