// SPDX-License-Identifier: Apache-2.0
#include "bench/ops/op_rows.h"

#include <gtest/gtest.h>

#include <cstring>
#include <set>

#include "apps/profile/machine.h"
#include "tests/support/compute_mode_scope.h"
#include "tests/support/op_cases.h"

namespace unmask {
namespace {

TEST(OpRows, CoverEveryOpOfTheTableUnderNamesOfTheirOwn) {
    std::set<std::string> ops, names;
    for (const OpRow& row : op_rows()) {
        ops.insert(row.op_case.op);
        EXPECT_TRUE(names.insert(row.op_case.name).second) << row.op_case.name;
        EXPECT_TRUE(row.op_case.name.starts_with(row.op_case.op)) << row.op_case.name;
    }
    for (const OpCase& op_case : op_cases()) EXPECT_TRUE(ops.contains(op_case.op)) << op_case.op;
}

const OpRow& row_named(const std::string& name) {
    for (const OpRow& row : op_rows())
        if (row.op_case.name == name) return row;
    throw std::out_of_range(name);
}

// Its rounding tells the algorithm.
TEST(OpRows, WinogradsAlgorithmComputesThoseThatSaySoFromTheirModeOn) {
    int by_winograd = 0;
    for (const OpRow& row : op_rows()) {
        if (!row.op_case.name.ends_with("batch1") && row.winograd_from == Winograd::off) continue;
        if (row.op_case.op.find("conv2d") == std::string::npos) continue;
        const auto computed = [&row](Winograd winograd) {
            const ComputeModeScope mode({.winograd = winograd});
            const NoGrad nothing_recorded;
            return row.op_case.run(row_inputs(row)).value();
        };
        const Tensor direct = computed(Winograd::off);
        for (const Winograd mode : {Winograd::inference, Winograd::all}) {
            const Tensor y = computed(mode);
            const bool same = std::memcmp(y.raw(), direct.raw(), y.bytes()) == 0;
            EXPECT_EQ(same, row.winograd_from == Winograd::off || mode < row.winograd_from)
                << row.op_case.name << " " << name_of(mode);
        }
        by_winograd += row.winograd_from != Winograd::off;
    }
    EXPECT_GT(by_winograd, 20);
}

TEST(OpRows, WorkIsThatOfTheDefinition) {
    // 14 × 14 × 256 results of 9 × 256 multiply-adds.
    const OpRow& conv = row_named("conv2d_3x3_256to256_side14_stride1_batch1");
    const double conv_flops = 2.0 * 14 * 14 * 256 * 9 * 256;
    EXPECT_DOUBLE_EQ(forward_work(conv).flops, conv_flops);
    EXPECT_DOUBLE_EQ(training_work(conv).flops, 3 * conv_flops);
    EXPECT_DOUBLE_EQ(forward_work(conv).bytes, 4.0 * (2 * 14 * 14 * 256 + 256 * 9 * 256));
    const OpRow& stem = row_named("conv2d_7x7_3to64_side224_stride2_batch1");
    const double stem_flops = 2.0 * 112 * 112 * 64 * 49 * 3;
    EXPECT_DOUBLE_EQ(forward_work(stem).flops, stem_flops);
    EXPECT_DOUBLE_EQ(training_work(stem).flops, 2 * stem_flops);  // images take no gradient
    const OpRow& depthwise = row_named("conv2d_depthwise_3x3_512to512_side14_stride1_batch8");
    EXPECT_DOUBLE_EQ(forward_work(depthwise).flops, 2.0 * 8 * 14 * 14 * 512 * 9);
    const OpRow& linear = row_named("linear_2048to512_batch8");
    EXPECT_DOUBLE_EQ(forward_work(linear).flops, 2.0 * 8 * 2048 * 512);
    EXPECT_DOUBLE_EQ(training_work(linear).flops, 3 * 2.0 * 8 * 2048 * 512);
    // The joint head and four that leave a branch out, two classes each.
    const OpRow& heads = row_named("leave_one_out_linear_4x512_batch32");
    EXPECT_DOUBLE_EQ(forward_work(heads).flops, 2.0 * 32 * 2 * (4 * 512 + 4 * 3 * 512));
    EXPECT_DOUBLE_EQ(training_work(heads).flops, 3 * forward_work(heads).flops);
    const OpRow& sum = row_named("add_maps");
    const double map = 8 * 56 * 56 * 64;
    EXPECT_DOUBLE_EQ(forward_work(sum).flops, 0);
    EXPECT_DOUBLE_EQ(forward_work(sum).bytes, 4.0 * 3 * map);
    // The gradients of a sum are the gradient itself.
    EXPECT_DOUBLE_EQ(training_work(sum).bytes, 4.0 * 3 * map);
    // A product's gradients read the other factor and write their own.
    EXPECT_DOUBLE_EQ(training_work(row_named("multiply_maps")).bytes, 4.0 * (3 + 2 * 3) * map);
}

TEST(OpRows, BytesAreThoseThatKernelsMove) {
    // 8-bit activations and weights, a multiplier and a bias in float32 for every channel, 8-bit results.
    const double map = 56 * 56 * 64;
    EXPECT_DOUBLE_EQ(forward_work(row_named("quantized_conv2d_3x3_64to64_side56_stride1_batch1")).bytes,
                     2 * map + 64 * 9 * 64 + 4.0 * (64 + 64));
    // Float32 activations, bf16 weights.
    EXPECT_DOUBLE_EQ(forward_work(row_named("compact_conv2d_bf16_3x3_256to256_side14_stride1_batch1")).bytes,
                     4.0 * 2 * 14 * 14 * 256 + 2.0 * 256 * 9 * 256);
    // To bf16 and back.
    EXPECT_DOUBLE_EQ(forward_work(row_named("cast_map")).bytes, 2.0 * (4 + 2) * 8 * map);
    // Four parts copied out, then copied together.
    EXPECT_DOUBLE_EQ(forward_work(row_named("split_channels")).bytes, 2.0 * 2 * 4 * 8 * map);
    EXPECT_DOUBLE_EQ(forward_work(row_named("reshape")).bytes, 0);
    // The gradient is read, values and two moments are read and written.
    const double parameters = 1 << 22;
    EXPECT_DOUBLE_EQ(forward_work(row_named("adam_step_4M")).bytes, 4.0 * 7 * parameters + 2 * 8);
    EXPECT_DOUBLE_EQ(forward_work(row_named("sgd_step_4M_momentum")).bytes, 4.0 * 5 * parameters + 2 * 8);
    EXPECT_DOUBLE_EQ(forward_work(row_named("accumulate_gradients_4M")).bytes, 4.0 * 3 * parameters);
}

TEST(OpRows, GradientsOfAConvolutionByThemselvesDoAsMuchAsForward) {
    const std::string geometry = "3x3_256to256_side14_stride1_batch8";
    const double flops = forward_work(row_named("conv2d_" + geometry)).flops;
    EXPECT_DOUBLE_EQ(forward_work(row_named("conv2d_backward_data_" + geometry)).flops, flops);
    EXPECT_DOUBLE_EQ(forward_work(row_named("conv2d_backward_weight_" + geometry)).flops, flops);
}

TEST(OpRows, FrozenWeightsAreFrozen) {
    const std::string name = "conv2d_fused_3x3_64to64_side56_stride1_batch1";
    EXPECT_FALSE(row_inputs(row_named(name))[1].value().buffer()->frozen());
    const OpRow& row = row_named(name + "_frozen");
    EXPECT_TRUE(row_inputs(row)[1].value().buffer()->frozen());
    EXPECT_FALSE(row_inputs(row)[0].value().buffer()->frozen());
    EXPECT_DOUBLE_EQ(forward_work(row).flops, forward_work(row_named(name)).flops);
}

TEST(OpRows, TheFloorIsTheLongerOfArithmeticAndMemory) {
    const MachinePeak machine{.threads = 1, .flops = 1e11, .bytes = 1e10};
    EXPECT_DOUBLE_EQ(floor_seconds(machine, 1e9, 1e7), 0.01);
    EXPECT_DOUBLE_EQ(floor_seconds(machine, 1e9, 1e9), 0.1);
}

}  // namespace
}  // namespace unmask
