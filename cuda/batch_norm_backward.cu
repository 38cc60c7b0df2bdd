// SPDX-License-Identifier: Apache-2.0
// Batch norm backward, all branches in each launch. Over many rows grad_y and x (and the mask, y or residual)
// are read twice and the gradients written once: two stages of sums, then one pass (in inference, without the
// sums, that pass alone); over few rows one kernel that reads everything once. Behind a gate the gradient is
// put together from its parts where it is read. With pooling the sums visit the windows, each of which looks
// its winner's x up, and the last pass gathers from grad_y.
#include "cuda/batch_norm_backward.cuh"

#include "cuda/batch_norm_backward.h"
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
    Backward(const Tensor& x, const std::vector<BatchNormBranch>& branches,
             const std::vector<BatchNormGradients>& gradients, const BatchNormParams& params)
        : table_(branches, &gradients),
          training_(params.training),
          branches_(static_cast<unsigned>(branches.size())),
          channels_(static_cast<int>(x.dim(-1))),
          rows_(x.numel() / x.dim(-1)),
          windows_(gradients.front().grad_y.numel() / x.dim(-1)),
          share_(training_ ? 1.0 / static_cast<double>(rows_ * params.ranks()) : 0.0),
          params_(params),
          tiles_(channel_tiles(channels_, width, most_columns)),
          x_(x),
          grad_y_(gradients.front().grad_y),
          device_(x.device()),
          stream_(stream_of(x)) {
        tensors_.dropout = DropoutMask(params.dropout, params.training);
        if (params.pool) {
            tensors_.pool_rows = pool_axis(x, gradients.front().grad_y, 0, *params.pool);
            tensors_.pool_columns = pool_axis(x, gradients.front().grad_y, 1, *params.pool);
        }
        if (gradients.front().scale.defined()) {
            tensors_.pixels = x.dim(1) * x.dim(2);
            if (rows_ > INT32_MAX)
                fail("{}: expected less than 2^31 pixels behind a gate, found {}", batch_norm_backward.name(),
                     x.shape().str());
        }
        for (size_t i = 0; i < branches.size(); ++i) {
            const BatchNormBranch& branch = branches[i];
            const BatchNormGradients& own = gradients[i];
            tensors_.branches[i] = {own.grad_y.data<T>(),          branch.x.data<T>(),
                                    pointer<T>(branch.residual),   pointer<T>(branch.y),
                                    pointer<uint8_t>(branch.mask), pointer<T>(own.x),
                                    pointer<T>(own.residual),      pointer<uint8_t>(branch.argmax),
                                    pointer<float>(own.scale),     pointer<float>(own.grad_means)};
            for (const auto& group : own.groups)
                wants_sums_ = wants_sums_ || group.weight.defined() || group.bias.defined();
            wants_sums_ = wants_sums_ || (training_ && own.x.defined());
            wants_inputs_ = wants_inputs_ || own.x.defined() || own.residual.defined();
        }
    }

    void run() const {
        if constexpr (std::is_same_v<Function, MaxPooled>) {
            launch<false>();
        } else if constexpr (std::is_same_v<Function, GatedSilu>) {
            if constexpr (width == 8)  // the other spills registers, and is rare
                if (launch_small()) return;
            launch<false>();
        } else {
            if (launch_small()) return;
            const bool added = std::is_same_v<Function, Silu> && tensors_.branches[0].residual != nullptr;
            if (width == 1 || tensors_.dropout.active || added)
                launch<true>();
            else
                launch<width == 1>();
        }
    }

  private:
    [[nodiscard]] dim3 grid(unsigned x, unsigned y = 1) const { return dim3(x, y, branches_); }
    // False where there are too many rows for one kernel.
    [[nodiscard]] bool launch_small() const {
        if (!wants_sums_ || params_.ranks() > 1 || rows_ > small_rows<width>) return false;
        UNMASK_LAUNCH((batch_norm_small_gradient_kernel<T, width, Function>),
                      grid(blocks_for(channels_, small_columns<width> * width)), block_threads, 0, stream_,
                      static_cast<int>(rows_), channels_, tensors_, table_, share_);
        return true;
    }
    template <bool extras>
    void launch_sums(unsigned chunks, float* parts) const {
        if constexpr (std::is_same_v<Function, MaxPooled>) {
            const auto kernel = static_cast<unsigned>(params_.pool->kernel[1]);
            UNMASK_LAUNCH((batch_norm_pool_sums_kernel<T, width>), grid(chunks, tiles_.tiles), tiles_.block(),
                          0, stream_, windows_, channels_, (65536u + kernel - 1) / kernel, tensors_, table_,
                          parts);
        } else {
            UNMASK_LAUNCH((batch_norm_gradient_parts_kernel<T, width, extras, Function>),
                          grid(chunks, tiles_.tiles), tiles_.block(), 0, stream_, rows_, channels_, tensors_,
                          table_, parts);
        }
    }
    template <bool extras>
    static constexpr int resident_blocks =
        std::is_same_v<Function, MaxPooled> ? pool_sum_blocks : sum_blocks<T, extras, Function>;
    template <bool extras>
    void launch() const {
        const int64_t summed = std::is_same_v<Function, MaxPooled> ? windows_ : rows_;
        const int64_t strip = int64_t{rows_in_turn<Function>} * tiles_.lanes;
        const int64_t most = (summed + strip - 1) / strip;
        constexpr int64_t blocks = multiprocessors * resident_blocks<extras>;  // whole waves
        const int64_t chunks = wants_sums_ ? std::clamp<int64_t>(blocks / tiles_.tiles, 1, most) : 0;
        const Tensor parts = Tensor::empty({branches_, chunks, 2, channels_}, DType::f32, device_);
        const Tensor memory = Tensor::empty({branches_, Coefficients::count, channels_}, DType::f32, device_);
        const Coefficients coefficients{memory.data<float>(), channels_};
        if (wants_sums_) launch_sums<extras>(static_cast<unsigned>(chunks), parts.data<float>());
        Tensor gathered;
        const auto merge = [&](const RankParts& sums, bool write) {
            UNMASK_LAUNCH(batch_norm_gradient_merge_kernel<T>, grid(blocks_for(channels_, part_columns)),
                          block_threads, 0, stream_, sums, table_, share_, write, coefficients);
        };
        merge(own_parts(parts), true);  // the gradients of weight and bias are this rank's part
        if (params_.ranks() > 1) merge(gather_parts(parts, params_, gathered), false);
        if (!wants_inputs_) return;
        if constexpr (std::is_same_v<Function, MaxPooled> && is_stem_pack<T, width>)
            if (const auto stem = StemGrid::of(x_, grad_y_, *params_.pool, tiles_)) {
                UNMASK_LAUNCH((batch_norm_stem_gradient_kernel<T, width>), stem->grid(branches_),
                              tiles_.block(), 0, stream_, *stem, tensors_, coefficients);
                return;
            }
        const int share = rows_a_thread<T, width>(rows_, tiles_);
        UNMASK_LAUNCH((batch_norm_gradient_apply_kernel<T, width, extras, Function>),
                      grid(blocks_for(rows_, int64_t{share} * tiles_.lanes), tiles_.tiles), tiles_.block(), 0,
                      stream_, rows_, share, tensors_, coefficients);
    }

    GradientTensors<T> tensors_{};
    BatchNormTable table_;
    bool training_, wants_sums_ = false, wants_inputs_ = false;
    unsigned branches_;
    int channels_;
    int64_t rows_, windows_;  // of x, of grad_y
    double share_;
    const BatchNormParams& params_;
    ChannelTiles tiles_;
    const Tensor &x_, &grad_y_;
    Device device_;
    Stream stream_;
};

}  // namespace

void launch_batch_norm_backward(const Tensor& x, const std::vector<BatchNormBranch>& branches,
                                std::vector<BatchNormGradients>& gradients, const BatchNormParams& params) {
    if (x.numel() == 0) {  // sums over nothing
        for (BatchNormGradients& each : gradients)
            for (auto& [weight, bias] : each.groups)
                for (Tensor* sum : {&weight, &bias})
                    if (sum->defined()) sum->fill_zero();
        return;
    }
    const bool gated = gradients.front().scale.defined();
    dispatch_storage(batch_norm_backward.name(), x, [&](auto zero) {
        using T = decltype(zero);
        bool packs = true;
        for (size_t i = 0; i < branches.size(); ++i)
            packs = packs &&
                    can_take<T>(8, x.dim(-1), gradients[i].grad_y.raw(), branches[i].x.raw(),
                                place(branches[i].residual), place(branches[i].y), place(gradients[i].x),
                                place(gradients[i].residual)) &&
                    can_take<float>(8, x.dim(-1), place(gradients[i].scale), place(gradients[i].grad_means));
        const auto run = [&](auto activation) {
            using Function = decltype(activation);
            if (packs)
                Backward<T, 8, Function>(x, branches, gradients, params).run();
            else if constexpr (!std::is_same_v<Function, MaskedRelu>)
                Backward<T, 1, Function>(x, branches, gradients, params).run();
        };
        const bool masked = packs && branches.front().mask.defined();
        if (params.pool)
            run(MaxPooled{});
        else if (gated)
            run(GatedSilu{});
        else if (masked)
            run(MaskedRelu{});
        else
            dispatch_fused_activation(params.activation, run);
    });
}

}  // namespace unmask
