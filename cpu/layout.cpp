// SPDX-License-Identifier: Apache-2.0
// Copies between pitched runs, and permuted dimensions.
#include "engine/ops/layout.h"

#include <cstring>

#include "cpu/dispatch.h"
#include "cpu/parallel.h"

namespace unmask {
namespace {

void copy_runs(const Tensor& source, Tensor& target, const PitchedCopy& copy) {
    const auto size = static_cast<int64_t>(size_of(source.dtype()));
    if (copy.rows == 0 || copy.run == 0) return;
    const auto* from = static_cast<const std::byte*>(source.raw()) + copy.source_offset * size;
    auto* to = static_cast<std::byte*>(target.raw()) + copy.target_offset * size;
    if (copy.rows == 1 || (copy.source_pitch == copy.run && copy.target_pitch == copy.run)) {
        parallel_for(copy.rows * copy.run * size, 4 * elementwise_grain, [&](int64_t begin, int64_t end) {
            std::memcpy(to + begin, from + begin, static_cast<size_t>(end - begin));
        });
        return;
    }
    const auto bytes = static_cast<size_t>(copy.run * size);
    parallel_rows(copy.rows, copy.run, [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; ++row)
            std::memcpy(to + row * copy.target_pitch * size, from + row * copy.source_pitch * size, bytes);
    });
}

// The dimensions of the result with the source's strides; dimensions that stay neighbours are merged.
struct Dimension {
    int64_t size, source_stride;
};

std::vector<Dimension> merged_dimensions(const Shape& source, const std::vector<int>& order) {
    std::array<int64_t, Shape::max_rank> strides{};
    int64_t stride = 1;
    for (int i = source.rank() - 1; i >= 0; --i) {
        strides[static_cast<size_t>(i)] = stride;
        stride *= source[i];
    }
    std::vector<Dimension> result;
    for (const int axis : order) {
        const Dimension dimension{source[axis], strides[static_cast<size_t>(axis)]};
        if (dimension.size == 1) continue;
        if (!result.empty() && result.back().source_stride == dimension.size * dimension.source_stride)
            result.back() = {result.back().size * dimension.size, dimension.source_stride};
        else
            result.push_back(dimension);
    }
    if (result.empty()) result.push_back({1, 1});
    return result;
}

int64_t source_offset(const std::vector<Dimension>& dimensions, size_t count, int64_t index) {
    int64_t offset = 0;
    for (size_t d = count; d-- > 0;) {
        offset += index % dimensions[d].size * dimensions[d].source_stride;
        index /= dimensions[d].size;
    }
    return offset;
}

// Square tiles of the last two result dimensions: both the source's lines and the result's are used while
// cached.
template <class T>
void permute_tiles(const T* x, T* y, const std::vector<Dimension>& dimensions, int64_t count) {
    constexpr int64_t tile = 16;
    const size_t rank = dimensions.size();
    const Dimension columns = dimensions[rank - 1];
    const Dimension rows = rank > 1 ? dimensions[rank - 2] : Dimension{1, 0};
    const int64_t matrix = rows.size * columns.size;
    const int64_t bands = (rows.size + tile - 1) / tile;
    parallel_rows(count / matrix * bands, tile * columns.size, [&](int64_t begin, int64_t end) {
        for (int64_t task = begin; task < end; ++task) {
            const int64_t outer = task / bands, row_begin = task % bands * tile;
            const int64_t row_end = std::min(rows.size, row_begin + tile);
            const T* from = x + source_offset(dimensions, rank > 1 ? rank - 2 : 0, outer);
            T* to = y + outer * matrix;
            for (int64_t start = 0; start < columns.size; start += tile)
                for (int64_t row = row_begin; row < row_end; ++row)
                    for (int64_t column = start; column < std::min(columns.size, start + tile); ++column)
                        to[row * columns.size + column] =
                            from[row * rows.source_stride + column * columns.source_stride];
        }
    });
}

void permute_dimensions(const Tensor& x, Tensor& y, const std::vector<int>& order) {
    if (x.numel() == 0) return;
    const std::vector<Dimension> dimensions = merged_dimensions(x.shape(), order);
    dispatch_size(x, [&](auto zero) {
        using T = decltype(zero);
        const T* in = static_cast<const T*>(x.raw());
        T* out = static_cast<T*>(y.raw());
        const Dimension inner = dimensions.back();
        if (inner.source_stride != 1) return permute_tiles(in, out, dimensions, x.numel());
        parallel_rows(x.numel() / inner.size, inner.size, [&](int64_t begin, int64_t end) {
            for (int64_t row = begin; row < end; ++row)
                std::memcpy(out + row * inner.size,
                            in + source_offset(dimensions, dimensions.size() - 1, row),
                            static_cast<size_t>(inner.size) * sizeof(T));
        });
    });
}

const KernelEntry copy_entry{copy_pitched, Backend::portable, &copy_runs};
const KernelEntry permute_entry{permute_forward, Backend::portable, &permute_dimensions};

}  // namespace
}  // namespace unmask
