// SPDX-License-Identifier: Apache-2.0
// A product of few rows with a large matrix, as a Linear of a small batch is: what it costs is reading the
// matrix, once and as it lies.
#pragma once

#include <cstdint>

namespace unmask::onednn {

inline constexpr int64_t narrow_rows = 8;

// y [m, n] = a [m, k] · bᵀ + bias, all row-major, b [n, k], bias [n] or null; m at most narrow_rows. A sum's
// order does not depend on m, n or the number of threads.
void narrow_product(int64_t m, int64_t n, int64_t k, const float* a, const float* b, const float* bias,
                    float* y);

}  // namespace unmask::onednn
