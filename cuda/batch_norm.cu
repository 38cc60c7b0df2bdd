// SPDX-License-Identifier: Apache-2.0
// Batch norm forward. Over many rows x is read twice and y written once: two stages of statistics, then one
// pass that applies them (in inference that pass alone); over few rows one kernel that reads x once.
#include "engine/ops/batch_norm.h"

#include "cuda/batch_norm_small.cuh"
#include "cuda/batch_norm_statistics.cuh"

namespace unmask {
namespace {

constexpr int most_columns = 64;

template <class T, int width>
class Forward {
  public:
    Forward(const Tensor& x, const Tensor& residual, Tensor& y, BatchNormState& state,
            const BatchNormParams& params)
        : x_(x.data<T>()),
          table_(state, nullptr),
          params_(params),
          channels_(static_cast<int>(x.dim(-1))),
          rows_(x.numel() / x.dim(-1)),
          rule_{1.0 / static_cast<double>(rows_), 1.0 / std::max(static_cast<double>(rows_ - 1), 1.0),
                params.momentum, params.eps},
          tiles_(channel_tiles(channels_, width, most_columns)),
          device_(x.device()),
          stream_(stream_of(x)) {
        if (width == 8 && params.training && params.activation == Activation::relu)
            state.mask = Tensor::empty({x.numel() / 8}, DType::u8, device_);
        output_ = {residual.defined() ? residual.data<T>() : nullptr, y.data<T>(),
                   state.mask.defined() ? state.mask.data<uint8_t>() : nullptr,
                   DropoutMask(params.dropout, params.training)};
    }

    void run() const {
        dispatch_fused_activation(params_.activation, [&](auto activation) {
            if (params_.training && rows_ <= small_rows<width>) {
                UNMASK_LAUNCH((batch_norm_small_kernel<T, width, decltype(activation)>),
                              blocks_for(channels_, small_columns<width> * width), block_threads, 0, stream_,
                              static_cast<int>(rows_), channels_, x_, output_, table_, rule_, activation);
                return;
            }
            const Tensor memory = Tensor::empty({Coefficients::count, channels_}, DType::f32, device_);
            const Coefficients coefficients{memory.data<float>(), channels_};
            if (params_.training)
                launch_statistics(coefficients);
            else
                UNMASK_LAUNCH(batch_norm_running_kernel<T>, blocks_for(channels_, block_threads),
                              block_threads, 0, stream_, table_, params_.eps, coefficients);
            if (width == 1 || output_.dropout.active)
                launch_apply<Extras::all>(coefficients, activation);
            else if (output_.residual != nullptr)
                launch_apply<width == 1 ? Extras::all : Extras::residual>(coefficients, activation);
            else
                launch_apply<width == 1 ? Extras::all : Extras::none>(coefficients, activation);
        });
    }

  private:
    void launch_statistics(const Coefficients& coefficients) const {
        const int64_t most = (rows_ + tiles_.lanes - 1) / tiles_.lanes;
        const int64_t chunks = std::clamp<int64_t>(many_blocks / tiles_.tiles, 1, most);
        const Tensor parts = Tensor::empty({chunks, 2, channels_}, DType::f32, device_);
        UNMASK_LAUNCH((batch_norm_parts_kernel<T, width>), dim3(static_cast<unsigned>(chunks), tiles_.tiles),
                      tiles_.block(), 0, stream_, rows_, channels_, x_, parts.data<float>());
        UNMASK_LAUNCH(batch_norm_merge_kernel<T>, blocks_for(channels_, part_columns), block_threads, 0,
                      stream_, parts.data<float>(), chunks, tiles_.lanes, table_, rule_, rows_, coefficients);
    }

    template <Extras extras, class Function>
    void launch_apply(const Coefficients& coefficients, Function activation) const {
        const int share = rows_a_thread<T, width>(rows_, tiles_);
        UNMASK_LAUNCH((batch_norm_apply_kernel<T, width, extras, Function>),
                      dim3(blocks_for(rows_, int64_t{share} * tiles_.lanes), tiles_.tiles), tiles_.block(), 0,
                      stream_, rows_, share, x_, output_, coefficients, activation);
    }

    const T* x_;
    BatchNormTable table_;
    const BatchNormParams& params_;
    int channels_;
    int64_t rows_;
    StatisticsRule rule_;
    ChannelTiles tiles_;
    Device device_;
    Stream stream_;
    BatchNormOutput<T> output_;
};

void forward(const Tensor& x, const Tensor& residual, Tensor& y, BatchNormState& state,
             const BatchNormParams& params) {
    if (x.numel() == 0) return;
    dispatch_storage(batch_norm_forward.name(), x, [&](auto zero) {
        using T = decltype(zero);
        const void* added = residual.defined() ? residual.raw() : nullptr;
        if (can_take<T>(8, x.dim(-1), x.raw(), added, y.raw()))
            Forward<T, 8>(x, residual, y, state, params).run();
        else
            Forward<T, 1>(x, residual, y, state, params).run();
    });
}

const KernelEntry forward_entry{batch_norm_forward, Backend::cuda, &forward};

}  // namespace
}  // namespace unmask
