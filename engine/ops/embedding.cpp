// SPDX-License-Identifier: Apache-2.0
#include "engine/ops/embedding.h"

#include "engine/ops/check.h"

namespace unmask {
namespace {

void check_labels(const char* op, const Tensor& labels, int64_t classes) {
    check_rank(op, "labels", labels.shape(), 1);
    if (labels.dtype() != DType::i64)
        fail("{}: expected labels of dtype i64, found {}", op, name_of(labels.dtype()));
    const Tensor host = labels.to(cpu_device);
    for (int64_t i = 0; i < host.numel(); ++i) {
        const int64_t label = host.data<int64_t>()[i];
        if (label < 0 || label >= classes)
            fail("{}: expected labels in [0, {}), found {} at place {}", op, classes, label, i);
    }
}

}  // namespace

Tensor one_hot(const Tensor& labels, int64_t classes, DType dtype) {
    check_labels("one_hot", labels, classes);
    Tensor identity = Tensor::zeros({classes, classes}, DType::f64);
    for (int64_t i = 0; i < classes; ++i) identity.data<double>()[i * classes + i] = 1.0;
    const Tensor table = identity.to(dtype).to(labels.device());
    Tensor y = Tensor::empty({labels.dim(0), classes}, dtype, labels.device());
    embedding_forward(table, labels, y);
    return y;
}

Variable embedding(const Tensor& labels, const Variable& table) {
    check_rank("embedding", "table", table.shape(), 2);
    check_same_device("embedding", table.value(), labels);
    check_labels("embedding", labels, table.dim(0));
    Tensor y = Tensor::empty({labels.dim(0), table.dim(1)}, table.dtype(), table.device());
    embedding_forward(table.value(), labels, y);
    return record("embedding", y, {table},
                  [shape = table.shape(), labels](const Tensor& gradient, const auto&) {
                      Tensor grad_table = Tensor::zeros(shape, gradient.dtype(), gradient.device());
                      embedding_backward(gradient, labels, grad_table);
                      return std::vector{grad_table};
                  });
}

}  // namespace unmask
