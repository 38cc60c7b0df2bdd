// SPDX-License-Identifier: Apache-2.0
#include "engine/ops/gather_batch.h"

#include "engine/error.h"

namespace unmask {

Variable gather_batch(const Variable& x, Communicator& communicator) {
    if (!x.defined() || x.shape().rank() == 0)
        fail("gather_batch: expected an input of at least one dimension, found {}",
             x.defined() ? x.shape().str() : "none");
    if (x.device() != communicator.device())
        fail("gather_batch: expected an input on {}, found it on {}", name_of(communicator.device()),
             name_of(x.device()));
    Shape shape = x.shape();
    const int64_t rows = shape[0];
    shape.set(0, rows * communicator.size());
    Tensor all = Tensor::empty(shape, x.dtype(), x.device());
    communicator.all_gather(x.value(), all);
    if (!will_record({&x})) return Variable(all);
    const int64_t begin = rows * communicator.rank();
    return record("gather_batch", all, {x}, [begin, rows](const Tensor& gradient, const auto&) {
        return std::vector<Tensor>{gradient.rows(begin, begin + rows)};
    });
}

}  // namespace unmask
