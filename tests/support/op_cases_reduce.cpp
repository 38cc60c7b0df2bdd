// SPDX-License-Identifier: Apache-2.0
// Rows of engine/ops/reduce.h.
#include "engine/ops/reduce.h"
#include "tests/support/op_cases.h"

namespace unmask::detail {
namespace {

using Inputs = std::vector<Variable>;

struct Reduced {
    const char* name;
    Shape shape;
    std::vector<int> axes;
    bool keep_dims;
};

const std::vector<Reduced>& reductions() {
    static const std::vector<Reduced> rows{
        {"all", {3, 4, 5}, {}, false},
        {"all_kept", {3, 4}, {}, true},
        {"scalar", {}, {}, false},
        {"last", {6, 37}, {-1}, false},
        {"first", {9, 21}, {0}, false},
        {"middle", {3, 5, 7}, {1}, true},
        {"outer", {3, 5, 7}, {0, 2}, false},
        {"spatial", {2, 5, 6, 19}, {1, 2}, false},
        {"alternating", {2, 3, 4, 3, 2}, {1, 3}, false},
        {"size_one", {4, 1, 3}, {1}, false},
        {"large_all", {3, 40009}, {}, false},
        {"large_rows", {4001, 37}, {0}, false},
        {"large_columns", {5, 30011}, {1}, false},
        {"large_spatial", {3, 57, 53, 40}, {1, 2}, false},
        {"wide_kept", {11, 5003}, {0}, false},
        {"few_rows_of_packs", {3, 4096}, {0}, false},
        {"rows_of_packs", {513, 24}, {0}, false},
        {"long_rows_of_packs", {3, 8192}, {1}, false},
        {"many_short_rows", {301, 12}, {1}, false},
        {"three_groups", {2, 3, 2, 3, 2, 8}, {0, 2, 4}, false},
        {"three_inner_groups", {2, 3, 2, 3, 2, 8}, {1, 3, 5}, true},
    };
    return rows;
}

template <class Op>
void add_reduction(OpTable& table, const std::string& op, Draw draw, Op function) {
    for (const Reduced& row : reductions())
        table.cases.push_back(
            {op, op + "_" + row.name, {{"x", row.shape, draw}}, [function, row](const Inputs& in) {
                 return function(in[0], row.axes, row.keep_dims);
             }});
    for (const int axis : {0, 1})  // views that begin at an odd address
        table.cases.push_back({op,
                               op + "_view_" + std::to_string(axis),
                               {{"x", {9, 9}, draw, false}},
                               [function, axis](const Inputs& in) {
                                   const Variable view(in[0].value().rows(1, 9).reshape({9, 8}));
                                   return function(view, {axis}, false);
                               }});
    table.bad_calls.push_back({op,
                               op + "_axis",
                               [function] {
                                   (void)function(Tensor::zeros({2, 3}), {2}, false);
                               },
                               {"2"}});
}

}  // namespace

void add_reduce_cases(OpTable& table) {
    const auto sum_of = [](const Variable& x, const std::vector<int>& axes, bool keep) {
        return sum(x, axes, keep);
    };
    add_reduction(table, "sum", {Draw::Kind::uniform, -0.5, 1.5}, sum_of);
    add_reduction(
        table, "mean", {Draw::Kind::uniform, -0.5, 1.5},
        [](const Variable& x, const std::vector<int>& axes, bool keep) { return mean(x, axes, keep); });
    add_reduction(
        table, "max", {Draw::Kind::distinct, -300.0, 700.0},
        [](const Variable& x, const std::vector<int>& axes, bool keep) { return max(x, axes, keep); });
    table.cases.push_back(
        {"sum", "sum_of_nothing", {{"x", {0, 3}}}, [](const Inputs& in) { return sum(in[0], {0}); }});
    table.cases.push_back(
        {"max", "max_negative", {{"x", {5, 9}, {Draw::Kind::distinct, -9.0, -1.0}}}, [](const Inputs& in) {
             return max(in[0], {0});
         }});
    table.bad_calls.push_back({"mean",
                               "mean_of_nothing",
                               [] {
                                   (void)mean(Tensor::zeros({0, 3}), {0});
                               },
                               {"[0, 3]"}});
    table.bad_calls.push_back({"max",
                               "max_of_nothing",
                               [] {
                                   (void)max(Tensor::zeros({0, 3}), {0});
                               },
                               {"[0, 3]"}});

    const auto add_broadcast = [&table](const std::string& name, const Shape& from, const Shape& to) {
        table.cases.push_back({"broadcast_to", "broadcast_to_" + name, {{"x", from}}, [to](const Inputs& in) {
                                   return broadcast_to(in[0], to);
                               }});
    };
    add_broadcast("row", {7}, {3, 7});
    add_broadcast("column", {3, 1}, {3, 7});
    add_broadcast("scalar", {}, {2, 5});
    add_broadcast("middle", {2, 1, 3}, {2, 4, 3});
    add_broadcast("alternating", {3, 1, 2, 1, 8}, {3, 2, 2, 3, 8});
    add_broadcast("large", {3, 1, 1, 40}, {3, 31, 29, 40});
    table.bad_calls.push_back({"broadcast_to",
                               "broadcast_to_shape",
                               [] {
                                   (void)broadcast_to(Tensor::zeros({2, 3}), {2, 4});
                               },
                               {"[2, 4]", "[2, 3]"}});

    const auto add_sum_to_shape = [&table](const std::string& name, const Shape& from, const Shape& to) {
        table.cases.push_back(
            {"sum_to_shape", "sum_to_shape_" + name, {{"gradient", from, {}, false}}, [to](const Inputs& in) {
                 return Variable(sum_to_shape(in[0].value(), to));
             }});
    };
    add_sum_to_shape("row", {3, 4, 7}, {7});
    add_sum_to_shape("column", {3, 7}, {3, 1});
    add_sum_to_shape("same", {3, 7}, {3, 7});
    add_sum_to_shape("scalar", {3, 7}, {});
}

}  // namespace unmask::detail
