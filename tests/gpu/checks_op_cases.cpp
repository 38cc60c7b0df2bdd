// SPDX-License-Identifier: Apache-2.0
// The op-case table on a device; declared in checks.h.
#include <fmt/format.h>

#include <algorithm>

#include "tests/gpu/checks.h"
#include "tests/support/compare.h"
#include "tests/support/op_cases.h"

namespace unmask {
namespace {

void compare(CheckResult& result, const std::string& what, const Tensor& found, const Tensor& expected,
             double bound) {
    const Difference difference = unmask::difference(found, expected);
    result.worst = std::max(result.worst, bound > 0 ? difference.relative / bound : difference.relative);
    if (!(difference.relative <= bound))
        result.failures.push_back(fmt::format(
            "{}: found a relative error of {:.2e}, expected at most {:.2e} (largest difference {:.2e})", what,
            difference.relative, bound, difference.largest));
}

void check_case(CheckResult& result, const OpCase& op_case, Device device, DType dtype) {
    const bool rounded = dtype == DType::bf16;
    const auto run = rounded ? evaluate_rounded : evaluate;
    const Evaluation found = run(op_case, dtype, device), expected = run(op_case, DType::f64, cpu_device);
    compare(result, op_case.name, found.y, expected.y, rounded ? bf16_op_bound : op_case.bounds.forward);
    for (size_t i = 0; i < op_case.inputs.size(); ++i)
        if (expected.gradients[i].defined())
            compare(result, op_case.name + ", gradient of " + op_case.inputs[i].name, found.gradients[i],
                    expected.gradients[i], rounded ? bf16_op_bound : op_case.bounds.gradient);
}

}  // namespace

CheckResult check_op_cases(Device device, DType dtype, const std::string& filter) {
    CheckResult result{.name = fmt::format("op cases, {} on {}", name_of(dtype), name_of(device))};
    for (const OpCase& op_case : op_cases()) {
        if (op_case.name.find(filter) == std::string::npos) continue;
        if (dtype == DType::bf16 && !runs_in_bf16(op_case)) continue;
        ++result.cases;
        try {
            check_case(result, op_case, device, dtype);
        } catch (const std::exception& error) {
            result.failures.push_back(op_case.name + ": " + error.what());
        }
    }
    return result;
}

}  // namespace unmask
