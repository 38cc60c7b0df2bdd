// SPDX-License-Identifier: Apache-2.0
// Moving elements without changing them: reshape, concatenation, slices, permuted dimensions.
#pragma once

#include <vector>

#include "engine/kernel.h"
#include "engine/variable.h"

namespace unmask {

// `rows` runs of `run` elements each, from source[source_offset + r · source_pitch] to
// target[target_offset + r · target_pitch].
struct PitchedCopy {
    int64_t rows = 0, run = 0;
    int64_t source_offset = 0, source_pitch = 0;
    int64_t target_offset = 0, target_pitch = 0;
};

// Kernel slots; any dtype.
inline constinit Kernel<void(const Tensor& source, Tensor& target, const PitchedCopy& copy)> copy_pitched{
    "copy_pitched"};
// y's dimension i is x's dimension order[i].
inline constinit Kernel<void(const Tensor& x, Tensor& y, const std::vector<int>& order)> permute_forward{
    "permute_forward"};

// The same elements in row-major order under another shape of equal size (Error otherwise); shares x's
// memory.
[[nodiscard]] Variable reshape(const Variable& x, const Shape& shape);
// Parts of equal rank that agree in every dimension but `axis` (Error names the part that does not).
[[nodiscard]] Variable concat(const std::vector<Variable>& parts, int axis);
// The range [begin, end) of dimension `axis`.
[[nodiscard]] Variable slice(const Variable& x, int axis, int64_t begin, int64_t end);
// `count` equal parts of dimension `axis`, in order (Error when it does not divide the dimension). Along
// dimension 0 they are views of x, and gradients that lie side by side go back as they are; otherwise each
// part, and each part's gradient, is copied once.
[[nodiscard]] std::vector<Variable> split(const Variable& x, int axis, int64_t count);
// `order` names every dimension of x once.
[[nodiscard]] Variable permute(const Variable& x, const std::vector<int>& order);
// The last two dimensions exchanged.
[[nodiscard]] Variable transpose(const Variable& x);

}  // namespace unmask
