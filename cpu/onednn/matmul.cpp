// SPDX-License-Identifier: Apache-2.0
// matmul by oneDNN, transposes as strides; products of few rows by our own kernel.
#include "engine/ops/matmul.h"

#include "cpu/onednn/narrow_product.h"
#include "cpu/onednn/primitive.h"
#include "cpu/parallel.h"
#include "engine/lru_cache.h"

namespace unmask::onednn {
namespace {

struct Plan {
    dnnl::primitive primitive;
    Desc a, b, bias, y, scratchpad;
};

// [batch, rows, columns] of the operand as the product sees it; batch 1 is repeated.
Desc operand(const Shape& shape, bool transposed) {
    const int64_t rows = shape[-2], columns = shape[-1];
    const int64_t batch = rows * columns == 0 ? 0 : shape.numel() / (rows * columns);
    if (transposed) return strided({batch, columns, rows}, {rows * columns, 1, columns});
    return strided({batch, rows, columns}, {rows * columns, columns, 1});
}

Plan make_plan(const Tensor& a, const Tensor& b, const Tensor& bias, const Tensor& y,
               const MatmulParams& params) {
    Plan plan{{},
              operand(a.shape(), params.transpose_a),
              operand(b.shape(), params.transpose_b),
              {},
              operand(y.shape(), false),
              {}};
    if (bias.defined()) plan.bias = strided({1, 1, bias.numel()}, {bias.numel(), bias.numel(), 1});
    const auto operation = bias.defined() ? dnnl::matmul::desc(plan.a, plan.b, plan.bias, plan.y)
                                          : dnnl::matmul::desc(plan.a, plan.b, plan.y);
    const dnnl::matmul::primitive_desc description(operation, default_attributes(), cpu_engine());
    plan.primitive = dnnl::matmul(description);
    plan.scratchpad = description.scratchpad_desc();
    return plan;
}

void run(const Tensor& a, const Tensor& b, const Tensor& bias, const Tensor& y, const MatmulParams& params) {
    static LruCache<Plan> cache(256);
    CacheKey key;
    key.add_all(a.shape()).add(a.rank()).add_all(b.shape()).add(params.transpose_a).add(params.transpose_b);
    key.add(bias.defined()).add(thread_count());
    const Plan plan = cache.get(key.str(), [&] { return make_plan(a, b, bias, y, params); });
    Arguments arguments{{DNNL_ARG_SRC, wrap(plan.a, a)},
                        {DNNL_ARG_WEIGHTS, wrap(plan.b, b)},
                        {DNNL_ARG_DST, wrap(plan.y, y)}};
    if (bias.defined()) arguments.insert({DNNL_ARG_BIAS, wrap(plan.bias, bias)});
    execute(plan.primitive, plan.scratchpad, std::move(arguments));
}

void forward(const Tensor& a, const Tensor& b, const Tensor& bias, Tensor& y, const MatmulParams& params) {
    if (y.numel() == 0) return;
    if (a.numel() == 0)  // an inner size of 0: only the bias is left
        return portable_of(matmul_forward)(a, b, bias, y, params);
    if (b.rank() == 2 && params.transpose_b && !params.transpose_a && y.numel() <= narrow_rows * y.dim(-1))
        narrow_product(y.numel() / y.dim(-1), y.dim(-1), a.dim(-1), a.data<float>(), b.data<float>(),
                       bias.defined() ? bias.data<float>() : nullptr, y.data<float>());
    else
        checked("matmul_forward", a.shape(), b.shape(), [&] { run(a, b, bias, y, params); });
    // Apart from the product, since oneDNN's fused relu makes zeros of NaNs.
    if (params.activation != Activation::none)
        activation_forward(y, y, ActivationParams{.kind = params.activation});
}

const KernelEntry entry{matmul_forward, Backend::onednn, &forward};

}  // namespace
}  // namespace unmask::onednn
