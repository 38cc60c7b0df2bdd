// SPDX-License-Identifier: Apache-2.0
// Matrix products by cuBLASLt in f32 and bf16 (sums in float32), of a few rows by a kernel of our own. Our
// row-major y = op(a)·op(b) is its column-major yᵀ = op(b)ᵀ·op(a)ᵀ over the same memory, so b is its first
// operand, and its bias runs along n. Algorithms are the heuristic's first whose sums have a fixed order;
// nothing is timed. What its fused ReLU makes of a sum that is NaN is not specified (0, it may be, where the
// CPU's kernels keep NaN); it serves inference alone, of models whose files are refused when they hold one.
#include "engine/ops/matmul.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>

#include "cuda/check.h"
#include "cuda/context.h"
#include "cuda/conv2d_epilogue.h"
#include "cuda/few_row_matmul.h"
#include "engine/compute_mode.h"
#include "engine/error.h"
#include "engine/lru_cache.h"

namespace unmask {
namespace {

constexpr size_t plan_capacity = 1024;

// One product: sizes in our terms; batch strides in elements, 0 where one matrix serves every batch.
struct Product {
    int64_t batch = 1, m = 0, n = 0, k = 0;
    int64_t stride_a = 0, stride_b = 0;
    MatmulParams params;
    DType dtype = DType::f32;
    bool bias = false;
    // Bytes that the addresses divide by, up to 256.
    uint32_t align_a = 256, align_b = 256, align_y = 256, align_bias = 256;

    [[nodiscard]] std::string str() const {
        return fmt::format("matmul {} batch {} m {} n {} k {}{}{}{}{}", name_of(dtype), batch, m, n, k,
                           params.transpose_a ? " transpose_a" : "", params.transpose_b ? " transpose_b" : "",
                           bias ? " +bias" : "", params.activation == Activation::relu ? " +relu" : "");
    }
    [[nodiscard]] std::string key() const {
        const ComputeMode mode = compute_mode();
        CacheKey key;
        key.add(batch).add(m).add(n).add(k).add(stride_a).add(stride_b);
        key.add(params.transpose_a).add(params.transpose_b).add(params.activation).add(dtype).add(bias);
        key.add(align_a).add(align_b).add(align_y).add(align_bias).add(mode.tf32).add(mode.deterministic);
        return key.str();
    }
};

template <class Handle, cublasStatus_t (*destroy)(Handle)>
struct Destroy {
    using pointer = Handle;
    void operator()(Handle handle) const { destroy(handle); }
};
template <class Handle, cublasStatus_t (*destroy)(Handle)>
using Owned = std::unique_ptr<std::remove_pointer_t<Handle>, Destroy<Handle, destroy>>;
using Layout = Owned<cublasLtMatrixLayout_t, cublasLtMatrixLayoutDestroy>;
using Operation = Owned<cublasLtMatmulDesc_t, cublasLtMatmulDescDestroy>;
using Preference = Owned<cublasLtMatmulPreference_t, cublasLtMatmulPreferenceDestroy>;

struct Plan {
    Operation operation;
    Layout first, second, result;  // b, a, y
    cublasLtMatmulAlgo_t algorithm{};
};

cudaDataType_t data_type(DType dtype) {
    return dtype == DType::f32 ? CUDA_R_32F : CUDA_R_16BF;
}

// A column-major matrix without gaps.
Layout layout(cudaDataType_t type, int64_t rows, int64_t columns, int64_t batch, int64_t stride) {
    cublasLtMatrixLayout_t handle = nullptr;
    UNMASK_CUBLAS(cublasLtMatrixLayoutCreate(&handle, type, static_cast<uint64_t>(rows),
                                             static_cast<uint64_t>(columns), rows));
    Layout result(handle);
    const auto count = static_cast<int32_t>(batch);
    UNMASK_CUBLAS(
        cublasLtMatrixLayoutSetAttribute(handle, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &count, sizeof(count)));
    UNMASK_CUBLAS(cublasLtMatrixLayoutSetAttribute(handle, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET,
                                                   &stride, sizeof(stride)));
    return result;
}

template <class T>
void set(const Operation& operation, cublasLtMatmulDescAttributes_t name, const T& value) {
    UNMASK_CUBLAS(cublasLtMatmulDescSetAttribute(operation.get(), name, &value, sizeof(value)));
}

template <class T>
void set(const Preference& preference, cublasLtMatmulPreferenceAttributes_t name, const T& value) {
    UNMASK_CUBLAS(cublasLtMatmulPreferenceSetAttribute(preference.get(), name, &value, sizeof(value)));
}

Operation operation_for(const Product& product, const void* bias) {
    const bool tf32 = product.dtype == DType::f32 && compute_mode().tf32;
    cublasLtMatmulDesc_t handle = nullptr;
    UNMASK_CUBLAS(cublasLtMatmulDescCreate(&handle, tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F,
                                           CUDA_R_32F));
    Operation result(handle);
    const auto flag = [](bool transposed) -> int32_t { return transposed ? CUBLAS_OP_T : CUBLAS_OP_N; };
    set(result, CUBLASLT_MATMUL_DESC_TRANSA, flag(product.params.transpose_b));
    set(result, CUBLASLT_MATMUL_DESC_TRANSB, flag(product.params.transpose_a));
    const bool relu = product.params.activation == Activation::relu;
    const auto epilogue = product.bias ? (relu ? CUBLASLT_EPILOGUE_RELU_BIAS : CUBLASLT_EPILOGUE_BIAS)
                                       : (relu ? CUBLASLT_EPILOGUE_RELU : CUBLASLT_EPILOGUE_DEFAULT);
    set(result, CUBLASLT_MATMUL_DESC_EPILOGUE, static_cast<uint32_t>(epilogue));
    if (product.bias) set(result, CUBLASLT_MATMUL_DESC_BIAS_POINTER, bias);
    return result;
}

Preference preference_for(const Product& product) {
    cublasLtMatmulPreference_t handle = nullptr;
    UNMASK_CUBLAS(cublasLtMatmulPreferenceCreate(&handle));
    Preference result(handle);
    set(result, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
        static_cast<uint64_t>(CudaContext::cublaslt_workspace_bytes));
    // Split sums only where the parts stay in float32 and are added in a step of their own; the "in place"
    // scheme adds them in the order in which blocks arrive.
    uint32_t schemes = CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE;
    if (!compute_mode().deterministic && product.dtype == DType::f32)
        schemes |= CUBLASLT_REDUCTION_SCHEME_INPLACE;
    set(result, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, schemes);
    set(result, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, product.align_b);
    set(result, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, product.align_a);
    set(result, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, product.align_y);
    // There is no such attribute for the bias, which is read as y is written.
    set(result, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, std::min(product.align_y, product.align_bias));
    return result;
}

// nullptr when cuBLASLt has no algorithm for the product.
std::shared_ptr<const Plan> make_plan(CudaContext& context, const Product& product, const void* bias) {
    const cudaDataType_t type = data_type(product.dtype);
    const auto [m, n, k] = std::array{product.m, product.n, product.k};
    const MatmulParams& params = product.params;
    auto plan = std::make_shared<Plan>();
    plan->operation = operation_for(product, bias);
    plan->first =
        layout(type, params.transpose_b ? k : n, params.transpose_b ? n : k, product.batch, product.stride_b);
    plan->second =
        layout(type, params.transpose_a ? m : k, params.transpose_a ? k : m, product.batch, product.stride_a);
    plan->result = layout(type, n, m, product.batch, m * n);
    const Preference preference = preference_for(product);
    cublasLtMatmulHeuristicResult_t found{};
    int count = 0;
    const cublasStatus_t status = cublasLtMatmulAlgoGetHeuristic(
        context.cublaslt(), plan->operation.get(), plan->first.get(), plan->second.get(), plan->result.get(),
        plan->result.get(), preference.get(), 1, &found, &count);
    if (status == CUBLAS_STATUS_NOT_SUPPORTED || (status == CUBLAS_STATUS_SUCCESS && count == 0))
        return nullptr;
    UNMASK_CUBLAS_FOR(status, product.str());
    if (found.state != CUBLAS_STATUS_SUCCESS) return nullptr;
    plan->algorithm = found.algo;
    return plan;
}

class MatmulPlans {
  public:
    explicit MatmulPlans(CudaContext& context) : context_(context) {}
    std::shared_ptr<const Plan> get(const Product& product, const void* bias) {
        return plans_.get(product.key(), [&] { return make_plan(context_, product, bias); });
    }

  private:
    CudaContext& context_;
    LruCache<std::shared_ptr<const Plan>> plans_{plan_capacity};
};

uint32_t alignment_of(const Tensor& tensor) {
    const uintptr_t bits = reinterpret_cast<uintptr_t>(tensor.raw()) | 256u;
    return static_cast<uint32_t>(bits & (~bits + 1));
}

Product product_of(const Tensor& a, const Tensor& b, const Tensor& bias, const Tensor& y,
                   const MatmulParams& params) {
    Product result{.m = y.dim(-2),
                   .n = y.dim(-1),
                   .k = a.dim(params.transpose_a ? -2 : -1),
                   .params = params,
                   .dtype = y.dtype(),
                   .bias = bias.defined(),
                   .align_a = alignment_of(a),
                   .align_b = alignment_of(b),
                   .align_y = alignment_of(y)};
    if (bias.defined()) result.align_bias = alignment_of(bias);
    result.batch = y.numel() / (result.m * result.n);
    if (a.rank() > 2) result.stride_a = result.m * result.k;
    if (b.rank() > 2) result.stride_b = result.k * result.n;
    if (b.rank() == 2 && !params.transpose_a && result.batch > 1 && a.rank() > 2) {
        // Every row of every batch meets the same matrix: one product over all rows.
        result.m *= result.batch;
        result.batch = 1;
        result.stride_a = 0;
    }
    return result;
}

// What the product did not do itself.
void finish(const Tensor& bias, Tensor& y, Activation activation) {
    if (bias.defined() || activation != Activation::none) conv2d_epilogue(bias, Tensor(), y, activation);
}

void run(const Tensor& a, const Tensor& b, const Tensor& bias, Tensor& y, const MatmulParams& params) {
    CudaContext& context = CudaContext::of(y);
    context.make_current();
    MatmulPlans& plans = context.service<MatmulPlans>();
    Product product = product_of(a, b, bias, y, params);
    std::shared_ptr<const Plan> plan = plans.get(product, bias.defined() ? bias.raw() : nullptr);
    if (plan == nullptr && (product.bias || params.activation != Activation::none)) {
        product.bias = false;
        product.params.activation = Activation::none;
        plan = plans.get(product, nullptr);
    }
    if (plan == nullptr)
        fail("{}: cuBLASLt has no algorithm for it on {}", product.str(), context.info().name);
    if (product.bias) set(plan->operation, CUBLASLT_MATMUL_DESC_BIAS_POINTER, bias.raw());
    const float one = 1, zero = 0;
    UNMASK_CUBLAS_FOR(
        cublasLtMatmul(context.cublaslt(), plan->operation.get(), &one, b.raw(), plan->first.get(), a.raw(),
                       plan->second.get(), &zero, y.raw(), plan->result.get(), y.raw(), plan->result.get(),
                       &plan->algorithm, context.cublaslt_workspace(), CudaContext::cublaslt_workspace_bytes,
                       context.stream()),
        product.str());
    finish(product.bias ? Tensor() : bias, y,
           product.params.activation == params.activation ? Activation::none : params.activation);
}

void forward(const Tensor& a, const Tensor& b, const Tensor& bias, Tensor& y, const MatmulParams& params) {
    if (a.dtype() != DType::f32 && a.dtype() != DType::bf16)
        fail("matmul: expected f32 or bf16 on {}, found {}", name_of(a.device()), name_of(a.dtype()));
    if (y.numel() == 0) return;
    if (a.numel() == 0) {  // k is 0: the empty sum
        y.fill_zero();
        return finish(bias, y, params.activation);
    }
    if (few_row_matmul_supported(a, b, params)) return few_row_matmul_forward(a, b, bias, y, params);
    run(a, b, bias, y, params);
}

const KernelEntry entry{matmul_forward, Backend::cuda, &forward};

}  // namespace
}  // namespace unmask
