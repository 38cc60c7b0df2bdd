// SPDX-License-Identifier: Apache-2.0
// What this engine computes for a parity case, in the case's own format.
#pragma once

#include <nlohmann/json.hpp>

#include "engine/dtype.h"

namespace unmask::parity {

using Json = nlohmann::json;

// Runs a detector or a losses case in the dtype. The result has every group that the case has, under the same
// keys.
[[nodiscard]] Json run_case(const Json& expected, DType dtype);

// Every floating number below value, keys in order: what a group's error is taken over.
[[nodiscard]] std::vector<double> numbers(const Json& value);

// ‖actual - expected‖ / ‖expected‖ over these numbers; Error when their count differs or a number is not
// finite.
[[nodiscard]] double relative_error(const Json& actual, const Json& expected);

}  // namespace unmask::parity
