// SPDX-License-Identifier: Apache-2.0
#include "tests/support/compare.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "engine/error.h"

namespace unmask {

Difference difference(const Tensor& a, const Tensor& b) {
    if (a.shape() != b.shape())
        fail("difference: expected shape {}, found {}", b.shape().str(), a.shape().str());
    const std::vector<double> left = a.to_doubles(), right = b.to_doubles();
    double error = 0.0, norm = 0.0, largest = 0.0;
    for (size_t i = 0; i < left.size(); ++i) {
        if (left[i] == right[i] || (std::isnan(left[i]) && std::isnan(right[i]))) {
            if (std::isfinite(right[i])) norm += right[i] * right[i];
            continue;
        }
        const double distance = std::fabs(left[i] - right[i]);
        if (!std::isfinite(distance)) {
            const double infinity = std::numeric_limits<double>::infinity();
            return {infinity, infinity};
        }
        error += distance * distance;
        norm += right[i] * right[i];
        largest = std::max(largest, distance);
    }
    return {norm > 0.0 ? std::sqrt(error / norm) : std::sqrt(error), largest};
}

bool same_bytes(const Tensor& a, const Tensor& b) {
    if (a.shape() != b.shape() || a.dtype() != b.dtype()) return false;
    const Tensor left = a.to(cpu_device), right = b.to(cpu_device);
    return a.numel() == 0 || std::memcmp(left.raw(), right.raw(), left.bytes()) == 0;
}

}  // namespace unmask
