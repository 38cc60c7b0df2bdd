// SPDX-License-Identifier: Apache-2.0
// What moves elements or adds them up.
#include "bench/ops/op_rows.h"
#include "engine/ops/layout.h"
#include "engine/ops/reduce.h"

namespace unmask::detail {
namespace {

using Inputs = std::vector<Variable>;

const Shape map_shape{8, 56, 56, 64};

}  // namespace

void add_layout_rows(std::vector<OpRow>& rows) {
    const auto add_row = [&rows](const std::string& op, const std::string& name, const auto& run) {
        rows.push_back({{op, op + name, {{"x", map_shape}}, run}});
    };
    add_row("reshape", "", [](const Inputs& in) { return reshape(in[0], {8 * 56 * 56, 64}); });
    add_row("slice", "_channels", [](const Inputs& in) { return slice(in[0], 3, 16, 48); });
    add_row("slice", "_rows", [](const Inputs& in) { return slice(in[0], 0, 2, 6); });
    add_row("split", "_channels", [](const Inputs& in) { return concat(split(in[0], 3, 4), 0); });
    add_row("permute", "_to_channels_first", [](const Inputs& in) { return permute(in[0], {0, 3, 1, 2}); });
    rows.push_back({{"concat",
                     "concat_features",
                     {{"a", {32, 512}}, {"b", {32, 512}}, {"c", {32, 512}}, {"d", {32, 512}}},
                     [](const Inputs& in) { return concat(in, 1); }}});
    rows.push_back({{"transpose", "transpose_1024", {{"x", {1024, 1024}}}, [](const Inputs& in) {
                         return transpose(in[0]);
                     }}});
    add_row("sum", "_all", [](const Inputs& in) { return sum(in[0]); });
    add_row("sum", "_to_channels", [](const Inputs& in) { return sum(in[0], {0, 1, 2}); });
    add_row("mean", "_over_channels", [](const Inputs& in) { return mean(in[0], {3}); });
    add_row("max", "_over_channels", [](const Inputs& in) { return max(in[0], {3}); });
    rows.push_back({{"broadcast_to", "broadcast_to_map", {{"x", {64}}}, [](const Inputs& in) {
                         return broadcast_to(in[0], map_shape);
                     }}});
    rows.push_back(
        {{"sum_to_shape", "sum_to_shape_channels", {{"x", map_shape, {}, false}}, [](const Inputs& in) {
              return Variable(sum_to_shape(in[0].value(), {64}));
          }}});
}

}  // namespace unmask::detail
