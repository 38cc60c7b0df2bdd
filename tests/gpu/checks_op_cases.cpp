// SPDX-License-Identifier: Apache-2.0
// The op-case table on a device; declared in checks.h.
#include <fmt/format.h>

#include <algorithm>

#include "tests/gpu/checks.h"
#include "tests/support/compare.h"
#include "tests/support/compute_mode_scope.h"
#include "tests/support/op_cases.h"

namespace unmask {
namespace {

void compare(CheckResult& result, const std::string& what, const Tensor& found, const Tensor& expected,
             double bound) {
    const Difference difference = unmask::difference(found, expected);
    result.worst = std::max(result.worst, bound > 0 ? difference.relative / bound : difference.relative);
    if (!(difference.relative <= bound))
        result.failed(fmt::format(
            "{}: found a relative error of {:.2e}, expected at most {:.2e} (largest difference {:.2e})", what,
            difference.relative, bound, difference.largest));
}

void check_case(CheckResult& result, const OpCase& op_case, Device device, Precision precision) {
    const bool rounded = precision == Precision::bf16;
    const auto run = rounded ? evaluate_rounded : evaluate;
    const auto bound = [&](double own) {
        return rounded ? bf16_op_bound : precision == Precision::tf32 ? std::max(own, tf32_op_bound) : own;
    };
    const Evaluation found = run(op_case, image_dtype(precision), device),
                     expected = run(op_case, DType::f64, cpu_device);
    compare(result, op_case.name, found.y, expected.y, bound(op_case.bounds.forward));
    for (size_t i = 0; i < op_case.inputs.size(); ++i)
        if (expected.gradients[i].defined())
            compare(result, op_case.name + ", gradient of " + op_case.inputs[i].name, found.gradients[i],
                    expected.gradients[i], bound(op_case.bounds.gradient));
}

}  // namespace

CheckResult check_op_cases(Device device, Precision precision, const std::string& filter) {
    const ComputeModeScope mode({.tf32 = precision == Precision::tf32});
    CheckResult result{.name = fmt::format("op cases, {} on {}", name_of(precision), name_of(device))};
    for (const OpCase& op_case : op_cases()) {
        if (op_case.name.find(filter) == std::string::npos) continue;
        if (precision == Precision::bf16 && !runs_in_bf16(op_case)) continue;
        ++result.cases;
        try {
            check_case(result, op_case, device, precision);
        } catch (const std::exception& error) {
            result.failed(op_case.name + ": " + error.what());
        }
    }
    return result;
}

}  // namespace unmask
