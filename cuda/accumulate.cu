// SPDX-License-Identifier: Apache-2.0
// Gradients added to where they are kept, and averages moved towards values: one launch for a table of many,
// since most of them are small.
#include "engine/ops/accumulate.h"

#include "cuda/device.cuh"

namespace unmask {
namespace {

constexpr int most_parts = 96;  // of one launch: the table travels in the kernel's parameters, 4 KiB at most
constexpr int per_thread = 8;   // elements
constexpr int per_block = block_threads * per_thread;

struct Part {
    const void* source;
    float* target;
    int64_t count;
    unsigned first_block;
    unsigned is_bf16;
};

struct Table {
    Part parts[most_parts];
    int count;
};

struct Add {
    __device__ float operator()(float target, float gradient) const { return target + gradient; }
};

// Behind the pointer, since recorded work has another share each time.
struct Move {
    const float* share;
    __device__ float operator()(float average, float value) const {
        return average + *share * (value - average);
    }
};

// Neighbouring threads take neighbouring packs of the block's elements, from `begin` on.
template <int N, class Function, class T>
__device__ void apply(Function function, const T* source, float* target, int64_t begin, int64_t count) {
    if (begin + per_block <= count) {
        constexpr int packs = per_thread / N;
        Pack<T, N> s[packs];
        Pack<float, N> t[packs];
        const int64_t first = begin + threadIdx.x * N;
#pragma unroll
        for (int i = 0; i < packs; ++i) {
            s[i] = load_pack<N>(source + first + i * block_threads * N);
            t[i] = load_pack<N>(target + first + i * block_threads * N);
        }
#pragma unroll
        for (int i = 0; i < packs; ++i) {
#pragma unroll
            for (int k = 0; k < N; ++k) t[i][k] = function(t[i][k], to_float(s[i][k]));
            store_pack<N>(target + first + i * block_threads * N, t[i]);
        }
    } else {
        for (int64_t i = begin + threadIdx.x; i < count; i += block_threads)
            target[i] = function(target[i], to_float(source[i]));
    }
}

template <int N, class Function>
__global__ void table_kernel(const Table table, Function function) {
    int low = 0, high = table.count - 1;  // the last part that begins at or before this block
    while (low < high) {
        const int middle = (low + high + 1) / 2;
        if (table.parts[middle].first_block <= blockIdx.x)
            low = middle;
        else
            high = middle - 1;
    }
    const Part& part = table.parts[low];
    const int64_t begin = static_cast<int64_t>(blockIdx.x - part.first_block) * per_block;
    if (part.is_bf16 != 0)
        apply<N>(function, static_cast<const BFloat16*>(part.source), part.target, begin, part.count);
    else
        apply<N>(function, static_cast<const float*>(part.source), part.target, begin, part.count);
}

// target = function(target, source), launched as often as tables are full.
template <class Function>
class Tables {
  public:
    Tables(Stream stream, Function function) : stream_(stream), function_(function) {}

    void add(const Tensor& source, const Tensor& target) {
        const int64_t count = target.numel();
        if (count == 0) return;
        const bool rounded = source.dtype() == DType::bf16;
        const void* from = rounded ? static_cast<const void*>(source.data<BFloat16>())
                                   : static_cast<const void*>(source.data<float>());
        float* to = target.data<float>();
        table_.parts[table_.count++] = {from, to, count, blocks_, rounded ? 1u : 0u};
        blocks_ += blocks_for(count, per_block);
        aligned_ = aligned_ && is_aligned(to, 16) && is_aligned(from, rounded ? 8 : 16);
        if (table_.count == most_parts) launch();
    }
    void launch() {
        if (table_.count == 0) return;
        if (aligned_)
            UNMASK_LAUNCH((table_kernel<4, Function>), blocks_, block_threads, 0, stream_, table_, function_);
        else
            UNMASK_LAUNCH((table_kernel<1, Function>), blocks_, block_threads, 0, stream_, table_, function_);
        table_.count = 0;
        blocks_ = 0;
        aligned_ = true;
    }

  private:
    Stream stream_;
    Function function_;
    Table table_{};
    unsigned blocks_ = 0;
    bool aligned_ = true;
};

void accumulate(const Tensor& first, const std::vector<Accumulation>& parts) {
    Tables<Add> tables(stream_of(first), Add{});
    for (const Accumulation& part : parts) tables.add(part.gradient, part.target);
    tables.launch();
}

void move(const Tensor& share, const std::vector<MovedAverage>& parts) {
    Tables<Move> tables(stream_of(share), Move{share.data<float>()});
    for (const MovedAverage& part : parts) tables.add(part.value, part.average);
    tables.launch();
}

const KernelEntry accumulate_entry{accumulate_gradients, Backend::cuda, &accumulate};
const KernelEntry move_entry{move_averages, Backend::cuda, &move};

}  // namespace
}  // namespace unmask
