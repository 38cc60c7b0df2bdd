// SPDX-License-Identifier: Apache-2.0
// Batch norm backward. Over many rows grad_y and x (and the mask, y or residual) are read twice and the
// gradients written once: two stages of sums, then one pass (in inference, without the sums, that pass
// alone); over few rows one kernel that reads everything once.
#include "cuda/batch_norm_backward.cuh"

#include "cuda/batch_norm_small_backward.cuh"

namespace unmask {
namespace {

constexpr int most_columns = 64;

template <class T>
T* pointer(const Tensor& tensor) {
    return tensor.defined() ? tensor.data<T>() : nullptr;
}

template <class T, int width, class Function>
class Backward {
  public:
    Backward(const Tensor& grad_y, const Tensor& x, const Tensor& residual, const Tensor& y,
             const BatchNormState& state, const BatchNormGradients& gradients, const BatchNormParams& params)
        : source_{grad_y.data<T>(),
                  x.data<T>(),
                  pointer<T>(residual),
                  pointer<T>(y),
                  pointer<uint8_t>(state.mask),
                  DropoutMask(params.dropout, params.training)},
          grad_x_(pointer<T>(gradients.x)),
          grad_residual_(pointer<T>(gradients.residual)),
          table_(state, &gradients),
          training_(params.training),
          channels_(static_cast<int>(x.dim(-1))),
          rows_(x.numel() / x.dim(-1)),
          share_(training_ ? 1.0 / static_cast<double>(rows_) : 0.0),
          tiles_(channel_tiles(channels_, width, most_columns)),
          device_(x.device()),
          stream_(stream_of(x)) {
        for (const auto& group : gradients.groups)
            wants_sums_ = wants_sums_ || group.weight.defined() || group.bias.defined();
        wants_sums_ = wants_sums_ || (training_ && grad_x_ != nullptr);
    }

    void run() const {
        if (wants_sums_ && rows_ <= small_rows<width>) {
            UNMASK_LAUNCH((batch_norm_small_gradient_kernel<T, width, Function>),
                          blocks_for(channels_, small_columns<width> * width), block_threads, 0, stream_,
                          static_cast<int>(rows_), channels_, source_, table_, share_, grad_x_,
                          grad_residual_);
            return;
        }
        if (width == 1 || source_.dropout.active)
            launch<true>();
        else
            launch<width == 1>();
    }

  private:
    template <bool dropped>
    void launch() const {
        const int64_t most = (rows_ + tiles_.lanes - 1) / tiles_.lanes;
        const int64_t chunks = wants_sums_ ? std::clamp<int64_t>(many_blocks / tiles_.tiles, 1, most) : 0;
        const Tensor parts = Tensor::empty({chunks, 2, channels_}, DType::f32, device_);
        const Tensor memory = Tensor::empty({Coefficients::count, channels_}, DType::f32, device_);
        const Coefficients coefficients{memory.data<float>(), channels_};
        if (wants_sums_)
            UNMASK_LAUNCH((batch_norm_gradient_parts_kernel<T, width, dropped, Function>),
                          dim3(static_cast<unsigned>(chunks), tiles_.tiles), tiles_.block(), 0, stream_,
                          rows_, channels_, source_, table_, parts.data<float>());
        UNMASK_LAUNCH(batch_norm_gradient_merge_kernel<T>, blocks_for(channels_, part_columns), block_threads,
                      0, stream_, parts.data<float>(), chunks, table_, share_, coefficients);
        if (grad_x_ == nullptr && grad_residual_ == nullptr) return;
        const int share = rows_a_thread<T, width>(rows_, tiles_);
        UNMASK_LAUNCH((batch_norm_gradient_apply_kernel<T, width, dropped, Function>),
                      dim3(blocks_for(rows_, int64_t{share} * tiles_.lanes), tiles_.tiles), tiles_.block(), 0,
                      stream_, rows_, share, source_, coefficients, grad_x_, grad_residual_);
    }

    GradientSource<T, width, Function> source_;
    T *grad_x_, *grad_residual_;
    BatchNormTable table_;
    bool training_, wants_sums_ = false;
    int channels_;
    int64_t rows_;
    double share_;
    ChannelTiles tiles_;
    Device device_;
    Stream stream_;
};

void backward(const Tensor& grad_y, const Tensor& x, const Tensor& residual, const Tensor& y,
              const BatchNormState& state, BatchNormGradients& gradients, const BatchNormParams& params) {
    if (x.numel() == 0) return;
    const auto place = [](const Tensor& tensor) { return tensor.defined() ? tensor.raw() : nullptr; };
    dispatch_storage(batch_norm_backward.name(), grad_y, [&](auto zero) {
        using T = decltype(zero);
        dispatch_fused_activation(params.activation, [&](auto activation) {
            using Function = decltype(activation);
            if (can_take<T>(8, x.dim(-1), grad_y.raw(), x.raw(), place(residual), place(y),
                            place(gradients.x), place(gradients.residual)))
                Backward<T, 8, Function>(grad_y, x, residual, y, state, gradients, params).run();
            else
                Backward<T, 1, Function>(grad_y, x, residual, y, state, gradients, params).run();
        });
    });
}

const KernelEntry backward_entry{batch_norm_backward, Backend::cuda, &backward};

}  // namespace
}  // namespace unmask
