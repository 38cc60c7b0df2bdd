// SPDX-License-Identifier: Apache-2.0
// Rows of engine/ops/pool.h and resize.h.
#include <fmt/format.h>

#include "engine/ops/elementwise.h"
#include "engine/ops/layout.h"
#include "engine/ops/pool.h"
#include "engine/ops/resize.h"
#include "tests/support/op_cases.h"

namespace unmask::detail {
namespace {

using Inputs = std::vector<Variable>;

struct Window {
    const char* name;
    Shape x;
    Pool2dParams params;
};

const std::vector<Window>& windows() {
    static const std::vector<Window> rows{
        {"two", {2, 6, 8, 5}, {}},
        {"stem", {2, 7, 9, 5}, {.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}}},
        {"overlapping", {1, 6, 7, 3}, {.kernel = {3, 3}, .stride = {1, 1}, .padding = {1, 1}}},
        {"uneven", {1, 9, 8, 18}, {.kernel = {2, 3}, .stride = {3, 2}, .padding = {1, 0}}},
        {"gaps", {1, 9, 9, 4}, {.kernel = {2, 2}, .stride = {4, 3}, .padding = {0, 0}}},
        {"whole", {2, 4, 5, 3}, {.kernel = {4, 5}, .stride = {1, 1}, .padding = {0, 0}}},
        {"one_pixel", {3, 1, 1, 7}, {.kernel = {1, 1}, .stride = {1, 1}, .padding = {0, 0}}},
        {"large", {3, 41, 39, 37}, {.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}}},
        {"packs", {2, 7, 6, 16}, {.kernel = {3, 2}, .stride = {2, 1}, .padding = {1, 1}}},
        {"wide", {1, 6, 6, 300}, {.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}}},
    };
    return rows;
}

template <class Op>
void add_windows(OpTable& table, const std::string& op, Draw draw, Op function) {
    for (const Window& row : windows())
        table.cases.push_back(
            {op,
             op + "_" + row.name,
             {{"x", row.x, draw}},
             [function, params = row.params](const Inputs& in) { return function(in[0], params); }});
    table.cases.push_back({op, op + "_view", {{"x", {9, 25}, draw, false}}, [function](const Inputs& in) {
                               const Tensor view = in[0].value().rows(1, 9).reshape({1, 5, 5, 8});
                               return function(Variable(view), {{3, 3}, {2, 2}, {1, 1}});
                           }});
    const auto refuse = [&](const std::string& name, const Shape& x, Pool2dParams params,
                            std::vector<std::string> found) {
        table.bad_calls.push_back({op, op + "_" + name,
                                   [function, x, params] { (void)function(Tensor::zeros(x), params); },
                                   std::move(found)});
    };
    refuse("rank", {4, 4, 3}, {}, {"[4, 4, 3]"});
    refuse("padding", {1, 4, 4, 3}, {.padding = {2, 0}}, {"half the kernel", "2"});
    refuse("too_small", {1, 1, 4, 3}, {}, {"[1, 1, 4, 3]"});
}

void add_adaptive(OpTable& table, const std::string& name, const Shape& x, int height, int width) {
    table.cases.push_back(
        {"adaptive_average_pool2d", "adaptive_average_pool2d_" + name, {{"x", x}}, [=](const Inputs& in) {
             return adaptive_average_pool2d(in[0], height, width);
         }});
}

// What is pooled beside x, whose gradient comes back first, so that the pooling's is added to it.
void add_adaptive_beside(OpTable& table, const std::string& name, const Shape& x, int height, int width) {
    table.cases.push_back({"adaptive_average_pool2d",
                           "adaptive_average_pool2d_beside_" + name,
                           {{"x", x}},
                           [=](const Inputs& in) {
                               const Variable pooled = adaptive_average_pool2d(in[0], height, width);
                               return concat({reshape(pooled, {pooled.value().numel()}),
                                              reshape(affine(in[0], 2.0), {in[0].value().numel()})},
                                             0);
                           }});
}

void add_resize(OpTable& table, const std::string& name, const Shape& x, int height, int width) {
    table.cases.push_back({"resize_bilinear", "resize_bilinear_" + name, {{"x", x}}, [=](const Inputs& in) {
                               return resize_bilinear(in[0], height, width);
                           }});
}

}  // namespace

void add_pool_cases(OpTable& table) {
    add_windows(table, "max_pool2d", {Draw::Kind::distinct, -400.0, 600.0},
                [](const Variable& x, const Pool2dParams& params) { return max_pool2d(x, params); });
    for (const Shape& even : {Shape{2, 8, 12, 16}, Shape{1, 18, 70, 72}})
        table.cases.push_back({"max_pool2d",
                               fmt::format("max_pool2d_stem_without_gradient_{}", even[3]),
                               {{"x", even, {Draw::Kind::distinct, -400.0, 600.0}, false}},
                               [](const Inputs& in) {
                                   return max_pool2d(in[0], {{3, 3}, {2, 2}, {1, 1}});
                               }});
    table.bad_calls.push_back({"max_pool2d",
                               "max_pool2d_taps",
                               [] {
                                   const Variable x(Tensor::zeros({1, 20, 20, 1}), true);
                                   (void)max_pool2d(x, {.kernel = {16, 16}});
                               },
                               {"255", "16 x 16"}});
    add_windows(table, "average_pool2d", {},
                [](const Variable& x, const Pool2dParams& params) { return average_pool2d(x, params); });
    table.cases.push_back(
        {"average_pool2d", "average_pool2d_without_padding", {{"x", {2, 6, 7, 5}}}, [](const Inputs& in) {
             return average_pool2d(in[0], {{3, 3}, {2, 2}, {1, 1}, false});
         }});

    add_adaptive(table, "whole", {2, 5, 6, 7}, 1, 1);
    add_adaptive(table, "overlapping", {2, 7, 5, 3}, 3, 2);
    add_adaptive_beside(table, "whole", {2, 5, 6, 7}, 1, 1);
    add_adaptive_beside(table, "whole_packs", {2, 9, 7, 16}, 1, 1);
    add_adaptive_beside(table, "overlapping", {2, 7, 5, 3}, 3, 2);
    add_adaptive(table, "same", {1, 4, 4, 18}, 4, 4);
    add_adaptive(table, "growing", {1, 3, 2, 4}, 5, 7);
    add_adaptive(table, "packs", {2, 9, 7, 16}, 3, 2);
    add_adaptive(table, "large_windows", {1, 56, 60, 8}, 2, 2);
    table.cases.push_back({"adaptive_average_pool2d",
                           "adaptive_average_pool2d_view",
                           {{"x", {9, 25}, {}, false}},
                           [](const Inputs& in) {
                               const Variable view(in[0].value().rows(1, 9).reshape({1, 5, 5, 8}));
                               return adaptive_average_pool2d(view, 2, 3) +
                                      adaptive_average_pool2d(view, 1, 1);
                           }});
    add_adaptive(table, "large", {3, 33, 35, 64}, 7, 7);
    table.bad_calls.push_back({"adaptive_average_pool2d",
                               "adaptive_average_pool2d_size",
                               [] {
                                   (void)adaptive_average_pool2d(Tensor::zeros({1, 4, 4, 3}), 0, 2);
                               },
                               {"[1, 4, 4, 3]", "0 x 2"}});
    for (const auto& [name, x] :
         std::vector<std::pair<std::string, Shape>>{{"global_average_pool", {2, 5, 4, 7}},
                                                    {"global_average_pool_packs", {2, 7, 7, 72}},
                                                    {"global_average_pool_large", {3, 29, 31, 70}}})
        table.cases.push_back({"global_average_pool", name, {{"x", x}}, [](const Inputs& in) {
                                   return global_average_pool(in[0]);
                               }});

    add_resize(table, "twice", {1, 3, 4, 5}, 6, 8);
    add_resize(table, "half", {2, 6, 8, 3}, 3, 4);
    add_resize(table, "uneven", {1, 5, 7, 18}, 8, 3);
    add_resize(table, "same", {1, 4, 5, 3}, 4, 5);
    add_resize(table, "from_one_pixel", {2, 1, 1, 3}, 4, 3);
    add_resize(table, "to_one_pixel", {1, 5, 4, 3}, 1, 1);
    add_resize(table, "packs", {2, 5, 3, 16}, 7, 8);
    add_resize(table, "many_to_few", {1, 23, 17, 3}, 4, 3);
    add_resize(table, "few_to_many", {1, 3, 2, 3}, 19, 23);
    table.cases.push_back(
        {"resize_bilinear", "resize_bilinear_view", {{"x", {9, 25}, {}, false}}, [](const Inputs& in) {
             return resize_bilinear(Variable(in[0].value().rows(1, 9).reshape({1, 5, 5, 8})), 3, 8);
         }});
    add_resize(table, "large", {2, 29, 31, 40}, 57, 44);
    table.bad_calls.push_back({"resize_bilinear",
                               "resize_bilinear_size",
                               [] {
                                   (void)resize_bilinear(Tensor::zeros({1, 4, 4, 3}), 3, -1);
                               },
                               {"[1, 4, 4, 3]", "3 x -1"}});
    table.bad_calls.push_back({"resize_bilinear",
                               "resize_bilinear_rank",
                               [] {
                                   (void)resize_bilinear(Tensor::zeros({4, 4, 3}), 3, 3);
                               },
                               {"[4, 4, 3]"}});
}

}  // namespace unmask::detail
