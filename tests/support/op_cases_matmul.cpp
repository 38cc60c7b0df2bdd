// SPDX-License-Identifier: Apache-2.0
// Rows of engine/ops/matmul.h.
#include "engine/ops/matmul.h"
#include "tests/support/op_cases.h"

namespace unmask::detail {
namespace {

using Inputs = std::vector<Variable>;

void add_product(OpTable& table, const std::string& name, const Shape& a, const Shape& b,
                 MatmulParams params = {}) {
    table.cases.push_back({"matmul", "matmul_" + name, {{"a", a}, {"b", b}}, [params](const Inputs& in) {
                               return matmul(in[0], in[1], params);
                           }});
}

void add_linear(OpTable& table, const std::string& name, int64_t m, int64_t k, int64_t n, bool bias) {
    OpCase row{"linear", "linear_" + name, {{"x", {m, k}}, {"weight", {n, k}}}, [](const Inputs& in) {
                   return linear(in[0], in[1], in.size() > 2 ? in[2] : Variable());
               }};
    if (bias) row.inputs.push_back({"bias", {n}});
    table.cases.push_back(row);
}

// Not differentiable: nothing is recorded.
void add_linear_fused(OpTable& table, const std::string& name, int64_t m, int64_t k, int64_t n, bool bias,
                      Activation activation) {
    OpCase row{"linear_fused",
               "linear_fused_" + name,
               {{"x", {m, k}, {}, false}, {"weight", {n, k}, {}, false}},
               [activation](const Inputs& in) {
                   return Variable(linear_fused(in[0].value(), in[1].value(),
                                                in.size() > 2 ? in[2].value() : Tensor(), activation));
               }};
    if (bias) row.inputs.push_back({"bias", {n}, {}, false});
    table.cases.push_back(row);
}

}  // namespace

void add_matmul_cases(OpTable& table) {
    constexpr MatmulParams left{.transpose_a = true}, right{.transpose_b = true};
    constexpr MatmulParams both{.transpose_a = true, .transpose_b = true};
    add_product(table, "small", {3, 4}, {4, 5});
    add_product(table, "left_transposed", {4, 3}, {4, 5}, left);
    add_product(table, "right_transposed", {3, 4}, {5, 4}, right);
    add_product(table, "both_transposed", {4, 3}, {5, 4}, both);
    add_product(table, "one_by_one", {1, 1}, {1, 1});
    add_product(table, "row_by_column", {1, 37}, {37, 1});
    add_product(table, "column_by_row", {19, 1}, {1, 23});
    add_product(table, "inner_zero", {3, 0}, {0, 4});
    add_product(table, "no_rows", {0, 3}, {3, 4});
    add_product(table, "tails", {25, 67}, {67, 45});
    add_product(table, "tails_left_transposed", {67, 25}, {67, 45}, left);
    add_product(table, "tails_right_transposed", {25, 67}, {45, 67}, right);
    add_product(table, "batched", {3, 4, 5}, {3, 5, 2});
    add_product(table, "batched_transposed", {2, 3, 5, 4}, {2, 3, 6, 5}, both);
    add_product(table, "batch_by_matrix", {3, 4, 5}, {5, 2});
    add_product(table, "transposed_batch_by_matrix", {3, 5, 4}, {5, 2}, left);
    add_product(table, "matrix_by_batch", {4, 5}, {3, 5, 2});
    add_product(table, "many_batches", {17, 9, 33}, {17, 33, 7});
    add_linear_fused(table, "relu", 5, 7, 6, true, Activation::relu);
    add_linear_fused(table, "relu_without_bias", 5, 7, 6, false, Activation::relu);
    add_linear_fused(table, "bias", 5, 7, 6, true, Activation::none);
    // A GPU has a kernel for up to four rows, in packs of 16, 8 and 4 bytes.
    for (int64_t m = 1; m <= 4; ++m)
        for (const int64_t k : {1112, 500, 6})
            add_linear_fused(table, "rows_" + std::to_string(m) + "_of_" + std::to_string(k), m, k, 21,
                             m % 2 == 0, m > 2 ? Activation::relu : Activation::none);
    add_linear_fused(table, "relu_inner_zero", 3, 0, 4, true, Activation::relu);
    add_linear_fused(table, "relu_large", 67, 301, 129, true, Activation::relu);
    table.bad_calls.push_back(
        {"linear",
         "linear_fused_activation",
         [] {
             (void)linear_fused(Tensor::zeros({2, 3}), Tensor::zeros({4, 3}), {}, Activation::silu);
         },
         {"none or relu"}});
    table.bad_calls.push_back(
        {"matmul",
         "matmul_activation",
         [] {
             (void)matmul(Tensor::zeros({2, 3}), Tensor::zeros({3, 4}), {.activation = Activation::relu});
         },
         {"linear_fused"}});
    add_product(table, "large", {143, 301}, {301, 97});
    add_product(table, "large_deep", {40, 1100}, {1100, 70});
    add_product(table, "large_wide", {13, 40}, {40, 2100});
    table.bad_calls.push_back({"matmul",
                               "matmul_inner",
                               [] {
                                   (void)matmul(Tensor::zeros({2, 3}), Tensor::zeros({4, 5}));
                               },
                               {"3", "4", "[2, 3]", "[4, 5]"}});
    table.bad_calls.push_back({"matmul",
                               "matmul_batches",
                               [] {
                                   (void)matmul(Tensor::zeros({2, 2, 3}), Tensor::zeros({3, 3, 5}));
                               },
                               {"[2, 2, 3]", "[3, 3, 5]"}});
    table.bad_calls.push_back({"matmul",
                               "matmul_vector",
                               [] {
                                   (void)matmul(Tensor::zeros({3}), Tensor::zeros({3, 5}));
                               },
                               {"[3]", "[3, 5]"}});

    add_linear(table, "plain", 4, 7, 5, false);
    add_linear(table, "bias", 4, 7, 5, true);
    add_linear(table, "head", 8, 512, 2, true);
    add_linear(table, "no_inputs", 3, 0, 2, true);
    add_linear(table, "large", 65, 257, 130, true);
    table.bad_calls.push_back({"linear",
                               "linear_inner",
                               [] {
                                   (void)linear(Tensor::zeros({2, 3}), Tensor::zeros({5, 4}));
                               },
                               {"3", "4"}});
    table.bad_calls.push_back(
        {"linear",
         "linear_bias",
         [] {
             (void)linear(Tensor::zeros({2, 3}), Tensor::zeros({5, 3}), Tensor::zeros({4}));
         },
         {"bias", "[5]", "[4]"}});
}

}  // namespace unmask::detail
