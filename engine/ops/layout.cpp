// SPDX-License-Identifier: Apache-2.0
#include "engine/ops/layout.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "engine/ops/check.h"

namespace unmask {
namespace {

int64_t product(const Shape& shape, int begin, int end) {
    int64_t result = 1;
    for (int i = begin; i < end; ++i) result *= shape[i];
    return result;
}

// Copies `size` of the whole tensor's entries along the axis, starting at `begin`, from or into the part.
PitchedCopy part_copy(const Shape& whole, int axis, int64_t begin, int64_t size, bool from_whole) {
    const int64_t inner = product(whole, axis + 1, whole.rank());
    PitchedCopy copy{.rows = product(whole, 0, axis), .run = size * inner};
    (from_whole ? copy.source_offset : copy.target_offset) = begin * inner;
    (from_whole ? copy.source_pitch : copy.target_pitch) = whole[axis] * inner;
    (from_whole ? copy.target_pitch : copy.source_pitch) = size * inner;
    return copy;
}

Tensor take_part(const Tensor& whole, int axis, int64_t begin, int64_t size) {
    Shape shape = whole.shape();
    shape.set(axis, size);
    Tensor part = Tensor::empty(shape, whole.dtype(), whole.device());
    copy_pitched(whole, part, part_copy(whole.shape(), axis, begin, size, true));
    return part;
}

// The gradients of a split's parts, until the last one has come.
struct SplitGradients {
    Shape whole;
    int axis;
    std::vector<Tensor> parts;  // undefined: not used, a gradient of zero

    // The gradient of the whole: the parts' memory itself where they are its rows in order, or a copy.
    Tensor joined() {
        Tensor& first = parts[0];
        bool side_by_side = product(whole, 0, axis) == 1 && first.defined();
        for (size_t i = 1; side_by_side && i < parts.size(); ++i)
            side_by_side = parts[i].defined() && parts[i].buffer() == first.buffer() &&
                           parts[i].byte_offset() == first.byte_offset() + i * first.bytes();
        return side_by_side ? Tensor::view(first.buffer(), first.byte_offset(), whole, first.dtype())
                            : copied();
    }

  private:
    Tensor copied() {
        const auto found =
            std::find_if(parts.begin(), parts.end(), [](const Tensor& t) { return t.defined(); });
        Tensor zeros, result = Tensor::empty(whole, found->dtype(), found->device());
        const int64_t size = whole[axis] / static_cast<int64_t>(parts.size());
        for (size_t i = 0; i < parts.size(); ++i) {
            if (!parts[i].defined() && !zeros.defined()) zeros = Tensor::zeros_like(*found);
            copy_pitched(parts[i].defined() ? parts[i] : zeros, result,
                         part_copy(whole, axis, static_cast<int64_t>(i) * size, size, false));
        }
        return result;
    }
};

}  // namespace

Variable reshape(const Variable& x, const Shape& shape) {
    return record("reshape", x.value().reshape(shape), {x},
                  [original = x.shape()](const Tensor& gradient, const auto&) {
                      return std::vector{gradient.reshape(original)};
                  });
}

Variable concat(const std::vector<Variable>& parts, int axis) {
    if (parts.empty()) fail("concat: expected at least one part, found none");
    const Shape first = parts[0].shape();
    const int along = checked_axis("concat", axis, first.rank());
    std::vector<int64_t> sizes;
    int64_t total = 0;
    for (size_t i = 0; i < parts.size(); ++i) {
        check_same_kind("concat", parts[0], parts[i]);
        Shape expected = first;
        if (parts[i].shape().rank() == first.rank()) expected.set(along, parts[i].dim(along));
        if (parts[i].shape() != expected)
            fail("concat: expected part {} to agree with {} but in dimension {}, found {}", i, first.str(),
                 along, parts[i].shape().str());
        sizes.push_back(parts[i].dim(along));
        total += sizes.back();
    }
    Shape shape = first;
    shape.set(along, total);
    Tensor y = Tensor::empty(shape, parts[0].dtype(), parts[0].device());
    int64_t begin = 0;
    for (size_t i = 0; i < parts.size(); ++i) {
        copy_pitched(parts[i].value(), y, part_copy(shape, along, begin, sizes[i], false));
        begin += sizes[i];
    }
    return record("concat", y, parts, [sizes, along](const Tensor& gradient, const auto& needed) {
        std::vector<Tensor> gradients(sizes.size());
        int64_t start = 0;
        for (size_t i = 0; i < sizes.size(); ++i) {
            if (needed[i]) gradients[i] = take_part(gradient, along, start, sizes[i]);
            start += sizes[i];
        }
        return gradients;
    });
}

Variable slice(const Variable& x, int axis, int64_t begin, int64_t end) {
    const int along = checked_axis("slice", axis, x.shape().rank());
    if (begin < 0 || end < begin || end > x.dim(along))
        fail("slice: expected a range within dimension {} of {}, found [{}, {})", along, x.shape().str(),
             begin, end);
    return record("slice", take_part(x.value(), along, begin, end - begin), {x},
                  [shape = x.shape(), along, begin, end](const Tensor& gradient, const auto&) {
                      Tensor grad_x = Tensor::zeros(shape, gradient.dtype(), gradient.device());
                      copy_pitched(gradient, grad_x, part_copy(shape, along, begin, end - begin, false));
                      return std::vector{grad_x};
                  });
}

// x, a node that only the parts feed on, then the parts. Each part's gradient is put aside; the first one
// also goes to the node, as a sign that there are some, and the node's turn comes when all parts have had
// theirs.
std::vector<Variable> split(const Variable& x, int axis, int64_t count) {
    const int along = checked_axis("split", axis, x.shape().rank());
    if (count < 1 || x.dim(along) % count != 0)
        fail("split: expected a number of parts that divides dimension {} of {}, found {}", along,
             x.shape().str(), count);
    const auto gradients = std::make_shared<SplitGradients>(
        SplitGradients{x.shape(), along, std::vector<Tensor>(static_cast<size_t>(count))});
    const Variable node = record("split", x.value(), {x}, [gradients](const Tensor&, const auto&) {
        return std::vector{std::exchange(*gradients, {}).joined()};
    });
    const int64_t size = x.dim(along) / count;
    std::vector<Variable> result;
    for (int64_t i = 0; i < count; ++i) {
        const Tensor part = along == 0 ? x.value().rows(i * size, (i + 1) * size)
                                       : take_part(x.value(), along, i * size, size);
        result.push_back(record("split", part, {node}, [gradients, i](const Tensor& gradient, const auto&) {
            const bool first = std::none_of(gradients->parts.begin(), gradients->parts.end(),
                                            [](const Tensor& t) { return t.defined(); });
            gradients->parts[static_cast<size_t>(i)] = gradient;
            return std::vector{first ? gradient : Tensor()};
        }));
    }
    return result;
}

Variable permute(const Variable& x, const std::vector<int>& order) {
    const int rank = x.shape().rank();
    std::vector<int> inverse(order.size(), -1);
    Shape shape = x.shape();
    for (size_t i = 0; i < order.size(); ++i) {
        const int from = checked_axis("permute", order[i], rank);
        if (static_cast<int>(order.size()) != rank || inverse[static_cast<size_t>(from)] != -1)
            fail("permute: expected every dimension of {} named once, found {} names", x.shape().str(),
                 order.size());
        inverse[static_cast<size_t>(from)] = static_cast<int>(i);
        shape.set(static_cast<int>(i), x.dim(from));
    }
    if (static_cast<int>(order.size()) != rank)
        fail("permute: expected every dimension of {} named once, found {} names", x.shape().str(),
             order.size());
    std::vector<int> forward(order.size());
    for (size_t i = 0; i < inverse.size(); ++i)
        forward[static_cast<size_t>(inverse[i])] = static_cast<int>(i);
    Tensor y = Tensor::empty(shape, x.dtype(), x.device());
    permute_forward(x.value(), y, forward);
    return record("permute", y, {x}, [original = x.shape(), inverse](const Tensor& gradient, const auto&) {
        Tensor grad_x = Tensor::empty(original, gradient.dtype(), gradient.device());
        permute_forward(gradient, grad_x, inverse);
        return std::vector{grad_x};
    });
}

Variable transpose(const Variable& x) {
    const int rank = x.shape().rank();
    if (rank < 2) fail("transpose: expected at least two dimensions, found {}", x.shape().str());
    std::vector<int> order(static_cast<size_t>(rank));
    for (int i = 0; i < rank; ++i) order[static_cast<size_t>(i)] = i;
    std::swap(order[static_cast<size_t>(rank - 1)], order[static_cast<size_t>(rank - 2)]);
    return permute(x, order);
}

}  // namespace unmask
