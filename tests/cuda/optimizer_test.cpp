// SPDX-License-Identifier: Apache-2.0
// The optimizers' kernels on the emulated GPU against the CPU's.
#include "engine/optimizer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "engine/context.h"
#include "engine/ops/accumulate.h"
#include "engine/philox.h"
#include "tests/simt/order_scope.h"
#include "tests/support/compare.h"
#include "tests/support/expect_error.h"

namespace unmask {
namespace {

constexpr Device gpu{DeviceType::cuda, 0};

Tensor drawn(const char* name, int64_t count, Device device) {
    PhiloxSequence random(5, name);
    std::vector<float> values(static_cast<size_t>(count));
    for (float& value : values) value = static_cast<float>(random.uniform(-1.0, 1.0));
    return Tensor::from<float>({count}, values).to(device);
}

// Buffers of an optimizer, and what it did to them.
struct Buffers {
    Tensor gradient, value, first, second, copy;

    // `offset`: elements of the buffers before the first that is used.
    Buffers(Device device, int64_t count, int64_t offset = 0) {
        const auto part = [&](const char* name) {
            return drawn(name, count + offset, device).rows(offset, count + offset);
        };
        gradient = part("gradient");
        value = part("value");
        first = part("first");
        second = part("second");
        const std::vector<float> moments = second.to_floats();
        std::vector<float> positive;
        for (const float moment : moments) positive.push_back(moment * moment);
        second.copy_from(Tensor::from<float>({count}, positive).to(device));
        copy = Tensor::zeros({count + offset}, DType::bf16, device).rows(offset, count + offset);
    }
};

void expect_close(const Tensor& found, const Tensor& expected, const char* what) {
    EXPECT_LE(difference(found, expected).relative, 2e-7) << what;
}

void expect_same(const Buffers& found, const Buffers& expected) {
    expect_close(found.gradient, expected.gradient, "gradient");
    expect_close(found.value, expected.value, "value");
    expect_close(found.first, expected.first, "first");
    expect_close(found.second, expected.second, "second");
    EXPECT_TRUE(same_bytes(found.copy.to(cpu_device), found.value.to(cpu_device).to(DType::bf16)));
}

struct Circumstances {
    bool clear = true;
    Tensor guard{};
    double factor0 = 0.01, factor1 = 1.25;
};

UpdateOperands operands_of(const Buffers& buffers, const Circumstances& setup) {
    const Device device = buffers.value.device();
    return {Tensor::from<double>({2}, std::vector<double>{setup.factor0, setup.factor1}).to(device),
            buffers.copy, setup.guard.defined() ? setup.guard.to(device) : Tensor(), setup.clear};
}

void step_adam(Buffers& buffers, const Circumstances& setup) {
    adam_step(buffers.gradient, buffers.value, buffers.first, buffers.second, operands_of(buffers, setup),
              AdamParams{.weight_decay = 0.1});
}

void step_sgd(Buffers& buffers, const Circumstances& setup, const SgdParams& params) {
    sgd_step(buffers.gradient, buffers.value, buffers.first, operands_of(buffers, setup), params);
}

TEST(CudaOptimizer, AdamAgreesWithTheCpuForEveryLengthAndAlignment) {
    for (const int64_t count : {1, 3, 4, 1023, 1024, 4099})
        for (const int64_t offset : {0, 1, 4})
            for (const bool clear : {false, true}) {
                SCOPED_TRACE(testing::Message() << count << " from " << offset << (clear ? ", cleared" : ""));
                Buffers found(gpu, count, offset), expected(cpu_device, count, offset);
                step_adam(found, {.clear = clear});
                step_adam(expected, {.clear = clear});
                expect_same(found, expected);
                EXPECT_GT(difference(found.value, Buffers(cpu_device, count, offset).value).relative, 1e-4);
            }
}

TEST(CudaOptimizer, SgdAgreesWithTheCpu) {
    for (const double momentum : {0.0, 0.9})
        for (const bool nesterov : {false, true}) {
            SCOPED_TRACE(testing::Message() << momentum << (nesterov ? ", Nesterov" : ""));
            const SgdParams params{.momentum = momentum, .nesterov = nesterov, .weight_decay = 0.1};
            Buffers found(gpu, 1501), expected(cpu_device, 1501);
            step_sgd(found, {.factor1 = momentum}, params);
            step_sgd(expected, {.factor1 = momentum}, params);
            expect_same(found, expected);
        }
}

TEST(CudaOptimizer, OnlyClearsGradientsBehindAGuardThatIsNoNumber) {
    for (const double guard : {std::nan(""), HUGE_VAL, -HUGE_VAL, 0.0, 1e38}) {
        SCOPED_TRACE(guard);
        const bool blocked = !std::isfinite(guard);
        const Circumstances setup{.guard = Tensor::full({1}, guard)};
        Buffers adam(gpu, 1501), sgd(gpu, 1501);
        const Buffers before(gpu, 1501);
        step_adam(adam, setup);
        step_sgd(sgd, setup, {.momentum = 0.9});
        for (const Buffers* after : {&adam, &sgd}) {
            EXPECT_EQ(same_bytes(after->value, before.value), blocked);
            EXPECT_EQ(same_bytes(after->first, before.first), blocked);
            EXPECT_TRUE(same_bytes(after->copy.to(cpu_device), after->value.to(cpu_device).to(DType::bf16)));
            EXPECT_TRUE(same_bytes(after->gradient, Tensor::zeros({1501}, DType::f32, gpu)));
        }
        EXPECT_EQ(same_bytes(adam.second, before.second), blocked);
    }
}

TEST(CudaOptimizer, WorksWithoutCopies) {
    Buffers plain(gpu, 2051), copied(gpu, 2051);
    plain.copy = Tensor();
    step_adam(plain, {});
    step_adam(copied, {});
    EXPECT_TRUE(same_bytes(plain.value, copied.value));
}

TEST(CudaOptimizer, SameBytesInAnyOrderOfThreads) {
    const auto expect_one_result = [](const auto& step) {
        Buffers forward(gpu, 2051);
        step(forward);
        for (const simt::Order order : {simt::Order::reversed, simt::Order::shuffled}) {
            simt::set_order(order);
            Buffers other(gpu, 2051);
            step(other);
            simt::set_order(simt::Order::forward);
            for (const auto part :
                 {&Buffers::gradient, &Buffers::value, &Buffers::first, &Buffers::second, &Buffers::copy})
                EXPECT_TRUE(same_bytes(other.*part, forward.*part));
        }
    };
    for (const double guard : {1.0, HUGE_VAL}) {
        SCOPED_TRACE(guard);
        const Circumstances guarded{.guard = Tensor::full({1}, guard), .factor1 = 0.9};
        expect_one_result([&](Buffers& buffers) { step_adam(buffers, guarded); });
        expect_one_result(
            [&](Buffers& buffers) { step_sgd(buffers, guarded, {.momentum = 0.9, .nesterov = true}); });
    }
    expect_one_result([](Buffers& buffers) { step_adam(buffers, {}); });
}

TEST(CudaOptimizer, CapturedUpdatesFollowTheFactorsOnTheDevice) {
    Variable x(drawn("x", 37, gpu), true), y(drawn("x", 37, cpu_device), true);
    FlatParameters flat_x({{"x", x}}), flat_y({{"y", y}});
    const auto captured = make_adam(flat_x), plain = make_adam(flat_y);
    const auto work = flat_x.values().buffer()->context()->capture([&] { captured->apply(); });
    for (int step = 0; step < 3; ++step) {
        Tensor(x.gradient()).copy_from(drawn("g", 37, gpu));
        Tensor(y.gradient()).copy_from(drawn("g", 37, cpu_device));
        captured->prepare();
        work->run();
        plain->step();
    }
    EXPECT_LE(difference(x.value(), y.value()).relative, 3e-7);
}

TEST(CudaOptimizer, RefusesParametersThatAreNotFloat32) {
    Tensor values = Tensor::zeros({4}, DType::bf16, gpu);
    expect_error([&] { adam_step(values, values, values, values, UpdateOperands{}, AdamParams{}); },
                 {"adam_step", "f32", "bf16"});
}

// Sizes around those of a thread and of a block, more than one launch's table, addresses that are not
// aligned.
TEST(Averages, AreMovedAsOnTheCpuInFewLaunches) {
    constexpr int count = 110;
    for (const int64_t offset : {0, 1}) {
        const auto parts_on = [&](Device device) {
            std::vector<MovedAverage> parts;
            for (int i = 0; i < count; ++i) {
                const int64_t size = i == 0 ? 5000 : i % 20;
                const auto part = [&](const char* name) {
                    return drawn(name, size + offset, device).rows(offset, size + offset);
                };
                parts.push_back({part("value"), part("average")});
            }
            return parts;
        };
        const std::vector<MovedAverage> found = parts_on(gpu), expected = parts_on(cpu_device);
        Tensor share = Tensor::full({}, 0.25, DType::f32, gpu);
        const int64_t before = simt::launches();
        move_averages(share, found);
        EXPECT_EQ(simt::launches() - before, 2);
        move_averages(Tensor::full({}, 0.25), expected);
        for (size_t i = 0; i < found.size(); ++i) {
            EXPECT_LE(difference(found[i].average, expected[i].average).relative, 2e-7) << i;
            EXPECT_TRUE(same_bytes(found[i].value.to(cpu_device), expected[i].value)) << i;
        }
    }
}

TEST(Averages, SameBytesInAnyOrderOfThreads) {
    const auto moved = [](simt::Order order) {
        const simt::OrderScope scope(order);
        std::vector<MovedAverage> parts;
        for (const int64_t size : {5000, 7, 1})
            parts.push_back({drawn("value", size, gpu), drawn("average", size, gpu)});
        move_averages(Tensor::full({}, 0.25, DType::f32, gpu), parts);
        return parts;
    };
    const std::vector<MovedAverage> forward = moved(simt::Order::forward);
    for (const simt::Order order : {simt::Order::reversed, simt::Order::shuffled}) {
        const std::vector<MovedAverage> found = moved(order);
        for (size_t i = 0; i < found.size(); ++i)
            EXPECT_TRUE(same_bytes(found[i].average, forward[i].average)) << simt::name_of(order) << " " << i;
    }
}

TEST(Averages, RecordedWorkReadsTheShareThatIsThere) {
    const Tensor average = Tensor::full({3}, 1.0, DType::f32, gpu),
                 value = Tensor::full({3}, 3.0, DType::f32, gpu);
    Tensor share = Tensor::full({}, 0.0, DType::f32, gpu);
    const auto work = context_of(gpu)->capture([&] {
        move_averages(share, std::vector<MovedAverage>{{value, average}});
    });
    share.copy_from(Tensor::full({}, 0.5));
    work->run();
    EXPECT_EQ(average.to_floats(), std::vector<float>(3, 2.0f));
}

}  // namespace
}  // namespace unmask
