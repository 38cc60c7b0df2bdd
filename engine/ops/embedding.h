// SPDX-License-Identifier: Apache-2.0
// Class labels as vectors: one-hot rows, and the rows of a table (one_hot(labels) · table without the
// product).
#pragma once

#include "engine/kernel.h"
#include "engine/variable.h"

namespace unmask {

// Kernel slots; labels are i64 in [0, rows of table) — the op checks them. table_gradient is added to, in
// label order.
inline constinit Kernel<void(const Tensor& table, const Tensor& labels, Tensor& y)> embedding_forward{
    "embedding_forward"};
inline constinit Kernel<void(const Tensor& grad_y, const Tensor& labels, Tensor& table_gradient)>
    embedding_backward{"embedding_backward"};

// labels [N] (i64) -> [N, classes], 1 at the label and 0 elsewhere; a constant. Error names a label out of
// range.
[[nodiscard]] Tensor one_hot(const Tensor& labels, int64_t classes, DType dtype = DType::f32);
// labels [N], table [classes, d] -> [N, d].
[[nodiscard]] Variable embedding(const Tensor& labels, const Variable& table);

}  // namespace unmask
