// SPDX-License-Identifier: Apache-2.0
#include "engine/ops/matmul.h"

#include "engine/ops/check.h"
#include "engine/ops/reduce.h"

namespace unmask {
namespace {

struct MatmulSizes {
    int64_t m, k, n;
    Shape result;
};

MatmulSizes matmul_sizes(const char* op, const Shape& a, const Shape& b, const MatmulParams& params) {
    if (a.rank() < 2 || b.rank() < 2)
        fail("{}: expected operands of at least two dimensions, found {} and {}", op, a.str(), b.str());
    const int64_t m = a[params.transpose_a ? -1 : -2], k = a[params.transpose_a ? -2 : -1];
    const int64_t k_of_b = b[params.transpose_b ? -1 : -2], n = b[params.transpose_b ? -2 : -1];
    if (k != k_of_b)
        fail("{}: expected equal inner sizes, found {} and {} in {}{} times {}{}", op, k, k_of_b, a.str(),
             params.transpose_a ? " transposed" : "", b.str(), params.transpose_b ? " transposed" : "");
    Shape result = a.rank() >= b.rank() ? a : b;
    if (a.rank() > 2 && b.rank() > 2) {
        bool equal = a.rank() == b.rank();
        for (int i = 0; equal && i < a.rank() - 2; ++i) equal = a[i] == b[i];
        if (!equal)
            fail("{}: expected equal batch dimensions or a plain matrix, found {} and {}", op, a.str(),
                 b.str());
    }
    result.set(-2, m);
    result.set(-1, n);
    return {m, k, n, result};
}

// op(a) · op(b), summed over the batch where a plain matrix served every batch.
Tensor product(const Tensor& a, const Tensor& b, const MatmulParams& params, const Shape& wanted) {
    if (wanted.rank() == 2 && a.rank() > 2 && params.transpose_a && !params.transpose_b) {
        // Σ_batch aᵀ·b is one product over the rows of all batches.
        const Tensor rows_a = a.reshape({a.numel() / std::max<int64_t>(a.dim(-1), 1), a.dim(-1)});
        const Tensor rows_b = b.reshape({b.numel() / std::max<int64_t>(b.dim(-1), 1), b.dim(-1)});
        Tensor y = Tensor::empty(wanted, a.dtype(), a.device());
        matmul_forward(rows_a, rows_b, Tensor(), y, params);
        return y;
    }
    Tensor y =
        Tensor::empty(matmul_sizes("matmul", a.shape(), b.shape(), params).result, a.dtype(), a.device());
    matmul_forward(a, b, Tensor(), y, params);
    return sum_to_shape(y, wanted);
}

[[maybe_unused]] std::vector<Tensor> matmul_gradients(const Tensor& gradient, const Tensor& a,
                                                      const Tensor& b, const MatmulParams& params,
                                                      const WantedGradients& needed) {
    const bool ta = params.transpose_a, tb = params.transpose_b;
    std::vector<Tensor> result(2);
    if (needed[0])
        result[0] =
            ta ? product(b, gradient, {tb, true}, a.shape()) : product(gradient, b, {false, !tb}, a.shape());
    if (needed[1])
        result[1] =
            tb ? product(gradient, a, {true, ta}, b.shape()) : product(a, gradient, {!ta, false}, b.shape());
    return result;
}

}  // namespace

Variable matmul(const Variable& a, const Variable& b, MatmulParams params) {
    check_same_kind("matmul", a, b);
    if (params.activation != Activation::none)
        fail("matmul: expected no activation (linear_fused takes one), found {}", name_of(params.activation));
    const MatmulSizes sizes = matmul_sizes("matmul", a.shape(), b.shape(), params);
    Tensor y = Tensor::empty(sizes.result, a.dtype(), a.device());
    matmul_forward(a.value(), b.value(), Tensor(), y, params);
    if (!will_record({&a, &b})) return Variable(y);
    return record("matmul", y, {a, b},
                  [x = a.value(), z = b.value(), params](const Tensor& gradient, const auto& needed) {
                      return matmul_gradients(gradient, x, z, params, needed);
                  });
}

namespace {

Tensor linear_value(const Variable& x, const Variable& weight, const Variable& bias,
                    const MatmulParams& params) {
    check_same_kind("linear", x, weight);
    check_rank("linear", "input", x.shape(), 2);
    check_rank("linear", "weight", weight.shape(), 2);
    const MatmulSizes sizes = matmul_sizes("linear", x.shape(), weight.shape(), params);
    if (bias.defined()) {
        check_same_kind("linear", x, bias);
        check_shape("linear", "bias", bias.shape(), {sizes.n});
    }
    Tensor y = Tensor::empty(sizes.result, x.dtype(), x.device());
    matmul_forward(x.value(), weight.value(), bias.value(), y, params);
    return y;
}

}  // namespace

Variable linear(const Variable& x, const Variable& weight, const Variable& bias) {
    const MatmulParams params{.transpose_b = true};
    const Tensor y = linear_value(x, weight, bias, params);
    if (!will_record({&x, &weight, &bias})) return Variable(y);
    std::vector<Variable> inputs{x, weight};
    if (bias.defined()) inputs.push_back(bias);
    return record(
        "linear", y, inputs,
        [a = x.value(), b = weight.value(), params](const Tensor& gradient, const auto& needed) {
            auto gradients = matmul_gradients(gradient, a, b, params, needed);
            if (needed.size() > 2)
                gradients.push_back(needed[2] ? sum_to_shape(gradient, {gradient.dim(1)}) : Tensor());
            return gradients;
        });
}

Tensor linear_fused(const Tensor& x, const Tensor& weight, const Tensor& bias, Activation activation) {
    if (activation != Activation::none && activation != Activation::relu)
        fail("linear: expected activation none or relu, found {}", name_of(activation));
    return linear_value(x, weight, bias, {.transpose_b = true, .activation = activation});
}

}  // namespace unmask
