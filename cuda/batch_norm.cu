// SPDX-License-Identifier: Apache-2.0
// Batch norm forward, all branches in each launch. Over many rows x is read twice and y written once: two
// stages of statistics, then one pass that applies them (in inference that pass alone), and pools what it
// makes; over few rows one kernel that reads x once.
#include "engine/ops/batch_norm.h"

#include "cuda/batch_norm_backward.h"
#include "cuda/batch_norm_gate.h"
#include "cuda/batch_norm_small.cuh"
#include "cuda/batch_norm_statistics.cuh"
#include "cuda/batch_norm_stem_pool.cuh"

namespace unmask {
namespace {

constexpr int most_columns = 64;

template <class T, int width>
class Forward {
  public:
    Forward(const Tensor& x, std::vector<BatchNormBranch>& branches, const BatchNormParams& params)
        : table_(branches, nullptr),
          params_(params),
          branches_(static_cast<unsigned>(branches.size())),
          channels_(static_cast<int>(x.dim(-1))),
          rows_(x.numel() / x.dim(-1)),
          rule_{1.0 / static_cast<double>(rows_ * params.ranks()),
                1.0 / std::max(static_cast<double>(rows_ * params.ranks() - 1), 1.0), params.momentum,
                params.eps},
          tiles_(channel_tiles(channels_, width, most_columns)),
          x_(x),
          y_(branches.front().y),
          gated_(branches.front().means.defined()),
          device_(x.device()),
          stream_(stream_of(x)) {
        tensors_.dropout = DropoutMask(params.dropout, params.training);
        auto* place = tensors_.branches;
        for (BatchNormBranch& branch : branches) {
            if (width == 8 && params.training && params.activation == Activation::relu && !params.pool)
                branch.mask = Tensor::empty({x.numel() / 8}, DType::u8, device_);
            const Tensor& bits = params.pool ? branch.argmax : branch.mask;
            *place++ = {branch.x.data<T>(), branch.residual.defined() ? branch.residual.data<T>() : nullptr,
                        gated_ ? nullptr : branch.y.data<T>(),
                        bits.defined() ? bits.data<uint8_t>() : nullptr};
        }
    }

    void run() const {
        if (gated_) {
            const Tensor memory = coefficients_memory();
            return launch_coefficients({memory.data<float>(), channels_});
        }
        dispatch_fused_activation(params_.activation, [&](auto activation) {
            if (params_.training && params_.ranks() == 1 && !params_.pool && rows_ <= small_rows<width>) {
                UNMASK_LAUNCH((batch_norm_small_kernel<T, width, decltype(activation)>),
                              grid(blocks_for(channels_, small_columns<width> * width)), block_threads, 0,
                              stream_, static_cast<int>(rows_), channels_, tensors_, table_, rule_,
                              activation);
                return;
            }
            const Tensor memory = coefficients_memory();
            const Coefficients coefficients{memory.data<float>(), channels_};
            launch_coefficients(coefficients);
            if (params_.pool)
                launch_pool(coefficients, activation);
            else if (width == 1 || tensors_.dropout.active)
                launch_apply<Extras::all>(coefficients, activation);
            else if (tensors_.branches[0].residual != nullptr)
                launch_apply<width == 1 ? Extras::all : Extras::residual>(coefficients, activation);
            else
                launch_apply<width == 1 ? Extras::all : Extras::none>(coefficients, activation);
        });
    }

  private:
    [[nodiscard]] dim3 grid(unsigned x, unsigned y = 1) const { return dim3(x, y, branches_); }
    [[nodiscard]] Tensor coefficients_memory() const {
        return Tensor::empty({branches_, Coefficients::count, channels_}, DType::f32, device_);
    }
    void launch_coefficients(const Coefficients& coefficients) const {
        if (params_.training)
            launch_statistics(coefficients);
        else
            UNMASK_LAUNCH(batch_norm_running_kernel<T>, grid(blocks_for(channels_, block_threads)),
                          block_threads, 0, stream_, table_, params_.eps, coefficients);
    }
    void launch_statistics(const Coefficients& coefficients) const {
        const int64_t most = (rows_ + tiles_.lanes - 1) / tiles_.lanes;
        const int64_t chunks = std::clamp<int64_t>(many_blocks / tiles_.tiles, 1, most);
        const Tensor parts = Tensor::empty({branches_, chunks, 2, channels_}, DType::f32, device_);
        UNMASK_LAUNCH((batch_norm_parts_kernel<T, width>), grid(static_cast<unsigned>(chunks), tiles_.tiles),
                      tiles_.block(), 0, stream_, rows_, channels_, tensors_, parts.data<float>());
        Tensor memory;
        UNMASK_LAUNCH(batch_norm_merge_kernel<T>, grid(blocks_for(channels_, part_columns)), block_threads, 0,
                      stream_, gather_parts(parts, params_, memory), tiles_.lanes, table_, rule_, rows_,
                      coefficients);
    }

    template <class Function>
    void launch_pool(const Coefficients& coefficients, Function activation) const {
        if constexpr (std::is_same_v<Function, Silu>) {
            fail("{}: expected none or relu with pooling, found silu", batch_norm_forward.name());
        } else {
            if constexpr (is_stem_pack<T, width>)
                if (const auto stem = StemGrid::of(x_, y_, *params_.pool, tiles_)) {
                    UNMASK_LAUNCH((batch_norm_stem_pool_kernel<T, width, Function>), stem->grid(branches_),
                                  tiles_.block(), 0, stream_, *stem, tensors_, coefficients);
                    return;
                }
            const int64_t pixels = y_.numel() / channels_;
            const int share = rows_a_thread<T, width>(pixels, tiles_);
            UNMASK_LAUNCH((batch_norm_pool_kernel<T, width, Function>),
                          grid(blocks_for(pixels, int64_t{share} * tiles_.lanes), tiles_.tiles),
                          tiles_.block(), 0, stream_, pixels, share, pool_axis(x_, y_, 0, *params_.pool),
                          pool_axis(x_, y_, 1, *params_.pool), tensors_, coefficients, activation);
        }
    }

    template <Extras extras, class Function>
    void launch_apply(const Coefficients& coefficients, Function activation) const {
        const int share = rows_a_thread<T, width>(rows_, tiles_);
        UNMASK_LAUNCH((batch_norm_apply_kernel<T, width, extras, Function>),
                      grid(blocks_for(rows_, int64_t{share} * tiles_.lanes), tiles_.tiles), tiles_.block(), 0,
                      stream_, rows_, share, tensors_, coefficients, activation);
    }

    BatchNormTable table_;
    const BatchNormParams& params_;
    unsigned branches_;
    int channels_;
    int64_t rows_;
    StatisticsRule rule_;
    ChannelTiles tiles_;
    const Tensor &x_, &y_;
    bool gated_;  // only the statistics are wanted here
    Device device_;
    Stream stream_;
    BatchNormTensors<T> tensors_{};
};

void forward(const Tensor& x, std::vector<BatchNormBranch>& branches, const BatchNormParams& params) {
    const bool gated = branches.front().means.defined();
    if (x.numel() == 0) {
        for (BatchNormBranch& branch : branches)
            if (gated) branch.means.fill_zero();
        return;
    }
    dispatch_storage(batch_norm_forward.name(), x, [&](auto zero) {
        using T = decltype(zero);
        const bool packs = std::ranges::all_of(branches, [](const BatchNormBranch& branch) {
            return can_take<T>(8, branch.x.dim(-1), branch.x.raw(), place(branch.residual), place(branch.y));
        });
        if (packs)
            Forward<T, 8>(x, branches, params).run();
        else
            Forward<T, 1>(x, branches, params).run();
    });
    if (gated) launch_gate_means(x, branches);
}

const KernelEntry forward_entry{batch_norm_forward, Backend::cuda, &forward};
const KernelEntry backward_entry{batch_norm_backward, Backend::cuda, &launch_batch_norm_backward};

}  // namespace
}  // namespace unmask
