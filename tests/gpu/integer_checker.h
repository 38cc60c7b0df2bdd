// SPDX-License-Identifier: Apache-2.0
// Compares what a device computes of 8-bit integers with what the CPU does.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "tests/gpu/checks.h"
#include "tests/support/compare.h"

namespace unmask {

class IntegerChecker {
  public:
    IntegerChecker(CheckResult& result, Device device) : result_(result), device_(device) {}

    // compute(device) on both. Floating results within the bound; levels the same but for that share of them,
    // one at least where it is not 0, which may be one apart: a sum that lies between two levels is rounded
    // once more or less where multiply and add are one instruction.
    template <class Compute>
    void compare(const std::string& what, Compute compute, double share = 0.0,
                 double bound = integers_bound) {
        attempt(what, [&] {
            const Tensor found = compute(device_), expected = compute(cpu_device);
            if (found.dtype() != expected.dtype())
                return fmt::format("found {}, expected {}", name_of(found.dtype()),
                                   name_of(expected.dtype()));
            return is_floating(expected.dtype()) ? differing_numbers(found, expected, bound)
                                                 : differing_levels(found, expected, share);
        });
    }
    // A case: check() says what is wrong, nothing where all is right.
    template <class Check>
    void attempt(const std::string& what, Check check) {
        ++result_.cases;
        try {
            if (const std::string wrong = check(); !wrong.empty()) result_.failed(what + ": " + wrong);
        } catch (const std::exception& error) {
            result_.failed(what + ": " + error.what());
        }
    }

    // What is wrong with levels of which that share may be one apart; nothing where all is right.
    [[nodiscard]] static std::string differing_levels(const Tensor& found, const Tensor& expected,
                                                      double share) {
        const std::vector<double> a = found.to_doubles(), b = expected.to_doubles();
        int64_t others = 0;
        double largest = 0;
        for (size_t i = 0; i < a.size(); ++i) {
            others += a[i] != b[i] ? 1 : 0;
            largest = std::max(largest, std::abs(a[i] - b[i]));
        }
        const int64_t most =
            share > 0 ? std::max<int64_t>(1, static_cast<int64_t>(share * static_cast<double>(a.size()))) : 0;
        if (largest <= 1 && others <= most) return {};
        return fmt::format(
            "found {} of {} levels that differ, by at most {}, expected at most {} that differ by 1", others,
            a.size(), largest, most);
    }

  private:
    std::string differing_numbers(const Tensor& found, const Tensor& expected, double bound) {
        const double error = difference(found, expected).relative;
        result_.worst = std::max(result_.worst, error / bound);
        if (error <= bound) return {};
        return fmt::format("found a relative error of {:.2e}, expected at most {:.2e}", error, bound);
    }
    CheckResult& result_;
    Device device_;
};

}  // namespace unmask
