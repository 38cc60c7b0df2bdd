// SPDX-License-Identifier: Apache-2.0
// Rows of engine/ops/activation.h, softmax.h, dropout.h and embedding.h.
#include "engine/ops/activation.h"
#include "engine/ops/dropout.h"
#include "engine/ops/embedding.h"
#include "engine/ops/softmax.h"
#include "tests/support/op_cases.h"

namespace unmask::detail {
namespace {

using Inputs = std::vector<Variable>;
constexpr Draw off_zero{Draw::Kind::off_zero, 0.05, 4.0};

template <class Op>
void add_activation(OpTable& table, const std::string& op, const std::string& name, Op function) {
    const auto run = [function](const Inputs& in) { return function(in[0]); };
    table.cases.push_back({op, name, {{"x", {3, 5, 7}, off_zero}}, run});
    table.cases.push_back(
        {op, name + "_far", {{"x", {40}, {Draw::Kind::off_zero, 5.0, 80.0}}}, run, {2e-6, 1e-4}});
    table.cases.push_back({op, name + "_empty", {{"x", {0}}}, run});
    table.cases.push_back({op, name + "_large", {{"x", {5, 11003}, off_zero}}, run});
}

template <class Op>
void add_softmax(OpTable& table, const std::string& op, Op function) {
    const auto run = [function](const Inputs& in) { return function(in[0]); };
    table.cases.push_back({op, op + "_classes", {{"x", {7, 2}, {Draw::Kind::uniform, -3.0, 3.0}}}, run});
    table.cases.push_back({op, op + "_one_class", {{"x", {3, 1}}}, run});
    table.cases.push_back({op, op + "_vector", {{"x", {19}, {Draw::Kind::uniform, -3.0, 3.0}}}, run});
    table.cases.push_back(
        {op, op + "_rank_three", {{"x", {2, 3, 37}, {Draw::Kind::uniform, -3.0, 3.0}}}, run});
    table.cases.push_back(
        {op, op + "_offset", {{"x", {4, 10}, {Draw::Kind::uniform, 500.0, 504.0}}}, run, {2e-6, 1e-5}});
    table.cases.push_back({op, op + "_large", {{"x", {501, 131}, {Draw::Kind::uniform, -4.0, 4.0}}}, run});
    for (const int64_t columns : {700, 1021, 4104})
        table.cases.push_back({op,
                               op + "_" + std::to_string(columns),
                               {{"x", {3, columns}, {Draw::Kind::uniform, -4.0, 4.0}}},
                               run});
    table.cases.push_back({op, op + "_view", {{"x", {9, 9}, {}, false}}, [function](const Inputs& in) {
                               return function(Variable(in[0].value().rows(1, 9).reshape({9, 8})));
                           }});
    table.bad_calls.push_back({op,
                               op + "_empty_row",
                               [function] {
                                   (void)function(Tensor::zeros({3, 0}));
                               },
                               {"[3, 0]"}});
}

Tensor labels_of(const std::vector<int64_t>& labels, Device device) {
    return Tensor::from<int64_t>({static_cast<int64_t>(labels.size())}, labels, device);
}

void add_embedding_cases(OpTable& table) {
    const std::vector<int64_t> labels{2, 0, 2, 1, 2, 0};
    table.cases.push_back({"embedding", "embedding", {{"table", {3, 5}}}, [labels](const Inputs& in) {
                               return embedding(labels_of(labels, in[0].device()), in[0]);
                           }});
    table.cases.push_back({"embedding", "embedding_no_labels", {{"table", {3, 5}}}, [](const Inputs& in) {
                               return embedding(labels_of({}, in[0].device()), in[0]);
                           }});
    table.cases.push_back(
        {"embedding", "embedding_of_packs", {{"table", {3, 24}}}, [labels](const Inputs& in) {
             return embedding(labels_of(labels, in[0].device()), in[0]);
         }});
    table.cases.push_back({"embedding", "embedding_large", {{"table", {37, 1031}}}, [](const Inputs& in) {
                               std::vector<int64_t> many;
                               for (int64_t i = 0; i < 64; ++i) many.push_back(i * i % 37);
                               return embedding(labels_of(many, in[0].device()), in[0]);
                           }});
    // The input only tells the dtype and device.
    table.cases.push_back({"one_hot",
                           "one_hot",
                           {{"ones", {6, 3}, {Draw::Kind::uniform, 1.0, 2.0}, false}},
                           [labels](const Inputs& in) {
                               return Variable(one_hot(labels_of(labels, in[0].device()), 3, in[0].dtype()));
                           }});
    table.bad_calls.push_back({"embedding",
                               "embedding_label",
                               [] {
                                   (void)embedding(labels_of({0, 3}, cpu_device), Tensor::zeros({3, 5}));
                               },
                               {"[0, 3)", "3 at place 1"}});
    table.bad_calls.push_back({"embedding",
                               "embedding_rank",
                               [] { (void)embedding(labels_of({0}, cpu_device), Tensor::zeros({3})); },
                               {"table", "[3]"}});
    table.bad_calls.push_back(
        {"one_hot", "one_hot_label", [] { (void)one_hot(labels_of({-1}, cpu_device), 3); }, {"-1"}});
    table.bad_calls.push_back(
        {"one_hot", "one_hot_dtype", [] { (void)one_hot(Tensor::zeros({2}), 3); }, {"i64", "f32"}});
}

}  // namespace

void add_activation_cases(OpTable& table) {
    add_activation(table, "relu", "relu", [](const Variable& x) { return relu(x); });
    add_activation(table, "silu", "silu", [](const Variable& x) { return silu(x); });
    add_activation(table, "sigmoid", "sigmoid", [](const Variable& x) { return sigmoid(x); });
    add_activation(table, "leaky_relu", "leaky_relu", [](const Variable& x) { return leaky_relu(x, 0.2); });
    add_activation(table, "activation", "activation_silu",
                   [](const Variable& x) { return activation(x, {.kind = Activation::silu}); });
    table.cases.push_back({"activation", "activation_none", {{"x", {5}}}, [](const Inputs& in) {
                               return activation(in[0], {.kind = Activation::none});
                           }});
    table.bad_calls.push_back({"leaky_relu",
                               "leaky_relu_slope",
                               [] { (void)leaky_relu(Tensor::zeros({2}), -1.0); },
                               {"positive", "-1"}});
    table.bad_calls.push_back(
        {"activation", "activation_undefined", [] { (void)relu(Variable()); }, {"undefined"}});

    add_softmax(table, "softmax", [](const Variable& x) { return softmax(x); });
    add_softmax(table, "log_softmax", [](const Variable& x) { return log_softmax(x); });

    const auto add_dropout = [&table](const std::string& name, const Shape& shape, double probability) {
        table.cases.push_back({"dropout", "dropout_" + name, {{"x", shape}}, [probability](const Inputs& in) {
                                   return dropout(in[0], {probability, Philox(3, "dropout").key(), 5});
                               }});
    };
    add_dropout("half", {5, 13}, 0.5);
    add_dropout("little", {67}, 0.1);
    add_dropout("none", {4, 3}, 0.0);
    add_dropout("large", {7, 9001}, 0.2);
    table.cases.push_back({"dropout", "dropout_view", {{"x", {4, 27}, {}, false}}, [](const Inputs& in) {
                               const Variable view(in[0].value().rows(1, 4));
                               return dropout(view, {0.4, Philox(3, "dropout").key(), 5});
                           }});
    table.bad_calls.push_back({"dropout",
                               "dropout_probability",
                               [] { (void)dropout(Tensor::zeros({2}), {.probability = 1.0}); },
                               {"[0, 1)", "1"}});

    add_embedding_cases(table);
}

}  // namespace unmask::detail
