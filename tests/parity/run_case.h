// SPDX-License-Identifier: Apache-2.0
// What this engine computes for a parity case, in the case's own format.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/device.h"
#include "engine/dtype.h"

namespace unmask::parity {

using Json = nlohmann::json;

// The case in a file; Error when it is none.
[[nodiscard]] Json read_case(const std::filesystem::path& path);

// Runs a detector or a losses case on the device: in f32 or f64, or with bf16 activations. The result has
// every group that the case has, under the same keys.
// draw: of the nudge that every image gets (inputs.h).
[[nodiscard]] Json run_case(const Json& expected, DType dtype, Device device = cpu_device, int draw = 0);

struct GroupError {
    std::string group;
    double error;  // relative_error of the group
    double floor;  // what float32 costs in the reference
    // The README's rule for float32.
    [[nodiscard]] double bound() const { return 10.0 * floor + 1e-5; }
};
// Runs the case and compares each of its groups. Error when a number is missing or not finite.
[[nodiscard]] std::vector<GroupError> compare_case(const Json& expected, DType dtype,
                                                   Device device = cpu_device, int draw = 0);

// For Winograd's convolutions: the median of each group's error over fifteen draws, and twice the floor. One
// activation so close to 0 that rounding alone decides whether ReLU lets it through moves a gradient by more
// than the bound in some draws; a wrong formula does in all.
[[nodiscard]] std::vector<GroupError> winograd_errors(const Json& expected);

// Every floating number below value, keys in order: what a group's error is taken over.
[[nodiscard]] std::vector<double> numbers(const Json& value);

// ‖actual - expected‖ / ‖expected‖ over these numbers; Error when their count differs or a number is not
// finite.
[[nodiscard]] double relative_error(const Json& actual, const Json& expected);

}  // namespace unmask::parity
