// SPDX-License-Identifier: Apache-2.0
// Rows of engine/ops/elementwise.h.
#include "engine/ops/elementwise.h"
#include "tests/support/op_cases.h"

namespace unmask::detail {
namespace {

using Inputs = std::vector<Variable>;
constexpr Draw off_zero{Draw::Kind::off_zero, 0.2, 1.5};
constexpr Draw positive{Draw::Kind::uniform, 0.3, 2.0};

struct Shapes {
    const char* name;
    Shape a, b;
};

const std::vector<Shapes>& broadcasts() {
    static const std::vector<Shapes> shapes{
        {"same", {3, 5}, {3, 5}},
        {"row", {4, 3, 7}, {7}},
        {"column", {4, 19}, {4, 1}},
        {"both", {3, 1, 5}, {2, 1}},
        {"scalar_right", {2, 9}, {}},
        {"scalar_left", {}, {2, 9}},
        {"channel_gate", {2, 3, 3, 17}, {2, 1, 1, 17}},
        {"outer", {5, 1}, {1, 6}},
        {"inner_ones", {2, 3, 1, 4}, {2, 1, 5, 4}},
        {"row_of_packs", {6, 5, 16}, {16}},
        {"column_of_packs", {5, 16}, {5, 1}},
        {"gate_of_packs", {2, 3, 3, 16}, {2, 1, 1, 16}},
        {"alternating", {2, 3, 2, 3, 8}, {3, 1, 3, 8}},
    };
    return shapes;
}

template <class Op>
void add_binary(OpTable& table, const std::string& op, Op function) {
    const auto run = [function](const Inputs& in) { return function(in[0], in[1]); };
    for (const Shapes& shapes : broadcasts())
        table.cases.push_back(
            {op, op + "_" + shapes.name, {{"a", shapes.a}, {"b", shapes.b, off_zero}}, run});
    table.cases.push_back({op, op + "_large", {{"a", {7, 31, 29, 24}}, {"b", {7, 1, 1, 24}, off_zero}}, run});
    table.cases.push_back({op, op + "_large_column", {{"a", {3, 70001}}, {"b", {3, 1}, off_zero}}, run});
    // Views that begin at an odd address, of whole packs.
    table.cases.push_back({op,
                           op + "_views",
                           {{"a", {9, 9}, {}, false}, {"b", {9}, off_zero, false}},
                           [function](const Inputs& in) {
                               const Variable a(in[0].value().rows(1, 9).reshape({9, 8}));
                               return function(a, Variable(in[1].value().rows(1, 9)));
                           }});
    table.bad_calls.push_back({op,
                               op + "_shapes",
                               [function] {
                                   (void)function(Tensor::zeros({2, 3}), Tensor::zeros({2, 4}));
                               },
                               {"[2, 3]", "[2, 4]"}});
    table.bad_calls.push_back(
        {op,
         op + "_dtypes",
         [function] { (void)function(Tensor::zeros({2}), Tensor::zeros({2}, DType::f64)); },
         {"f32", "f64"}});
}

template <class Op>
void add_unary(OpTable& table, const std::string& op, Draw draw, Op function) {
    const auto run = [function](const Inputs& in) { return function(in[0]); };
    table.cases.push_back({op, op, {{"x", {5, 7}, draw}}, run});
    table.cases.push_back({op, op + "_scalar", {{"x", {}, draw}}, run});
    table.cases.push_back({op, op + "_empty", {{"x", {0, 3}, draw}}, run});
    table.cases.push_back({op, op + "_large", {{"x", {50021}, draw}}, run});
    table.cases.push_back({op, op + "_view", {{"x", {4, 27}, draw, false}}, [function](const Inputs& in) {
                               return function(Variable(in[0].value().rows(1, 4)));
                           }});
    table.bad_calls.push_back(
        {op, op + "_undefined", [function] { (void)function(Variable()); }, {"undefined"}});
}

}  // namespace

void add_elementwise_cases(OpTable& table) {
    add_binary(table, "add", [](const Variable& a, const Variable& b) { return add(a, b); });
    add_binary(table, "subtract", [](const Variable& a, const Variable& b) { return subtract(a, b); });
    add_binary(table, "multiply", [](const Variable& a, const Variable& b) { return multiply(a, b); });
    add_binary(table, "divide", [](const Variable& a, const Variable& b) { return divide(a, b); });
    table.cases.push_back(
        {"multiply", "multiply_by_itself", {{"x", {4, 5}}}, [](const Inputs& in) { return in[0] * in[0]; }});

    add_unary(table, "negate", {}, [](const Variable& x) { return negate(x); });
    add_unary(table, "exp", {Draw::Kind::uniform, -3.0, 3.0}, [](const Variable& x) { return exp(x); });
    add_unary(table, "log", positive, [](const Variable& x) { return log(x); });
    add_unary(table, "sqrt", positive, [](const Variable& x) { return sqrt(x); });
    add_unary(table, "square", {}, [](const Variable& x) { return square(x); });
    add_unary(table, "reciprocal", {Draw::Kind::off_zero, 0.3, 2.0},
              [](const Variable& x) { return reciprocal(x); });
    add_unary(table, "abs", off_zero, [](const Variable& x) { return abs(x); });
    add_unary(table, "affine", {}, [](const Variable& x) { return affine(x, 1.5, -0.25); });
}

}  // namespace unmask::detail
