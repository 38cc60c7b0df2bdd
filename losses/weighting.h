// SPDX-License-Identifier: Apache-2.0
// How the objective's three terms become one number.
#pragma once

#include <array>
#include <string_view>

#include "engine/variable.h"

namespace unmask {

enum class Weighting : uint8_t { automatic, fixed };

// Classification, global information, local information: scalars, undefined where a term is switched off. At
// least one is defined.
using TermArray = std::array<Variable, 3>;

// Σ_k 0.5 / s_k² · L_k + log(1 + s_k²) with trainable s, `sigma` [3] (Liebel & Körner, 2018, after Kendall et
// al., CVPR 2018). A term that is switched off takes its whole summand with it.
[[nodiscard]] Variable automatic_weighting(const TermArray& terms, const Variable& sigma);

// Σ_k w_k · L_k.
[[nodiscard]] Variable fixed_weighting(const TermArray& terms, const std::array<double, 3>& weights);

// "automatic", "fixed"; Error lists them when there is no such name.
[[nodiscard]] Weighting parse_weighting(std::string_view name);
[[nodiscard]] std::string_view name_of(Weighting weighting);

}  // namespace unmask
