// SPDX-License-Identifier: Apache-2.0
#include "engine/ops/check.h"

namespace unmask {
namespace {

void check_defined(const char* op, const Tensor& a, const Tensor& b) {
    if (!a.defined() || !b.defined()) fail("{}: expected two tensors, found an undefined one", op);
}

}  // namespace

void check_same_kind(const char* op, const Variable& a, const Variable& b) {
    check_defined(op, a.value(), b.value());
    if (a.dtype() != b.dtype())
        fail("{}: expected operands of one dtype, found {} and {}", op, name_of(a.dtype()),
             name_of(b.dtype()));
    check_same_device(op, a.value(), b.value());
}

void check_same_device(const char* op, const Tensor& a, const Tensor& b) {
    check_defined(op, a, b);
    if (a.device() != b.device())
        fail("{}: expected operands on one device, found {} and {}", op, name_of(a.device()),
             name_of(b.device()));
}

void check_rank(const char* op, const char* operand, const Shape& shape, int rank) {
    if (shape.rank() != rank)
        fail("{}: expected {} of rank {}, found shape {}", op, operand, rank, shape.str());
}

void check_shape(const char* op, const char* operand, const Shape& found, const Shape& expected) {
    if (found != expected)
        fail("{}: expected {} of shape {}, found {}", op, operand, expected.str(), found.str());
}

int checked_axis(const char* op, int axis, int rank) {
    if (axis < -rank || axis >= rank)
        fail("{}: expected an axis in [{}, {}), found {}", op, -rank, rank, axis);
    return axis < 0 ? axis + rank : axis;
}

}  // namespace unmask
