// SPDX-License-Identifier: Apache-2.0
// The augment slot on the emulated GPU against the CPU's: every stage alone and all together.
#include "engine/ops/augment.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "data/augmentation/augmentation.h"
#include "data/device_input.h"
#include "engine/context.h"
#include "tests/cuda/kernel_coverage.h"
#include "tests/simt/machine.h"
#include "tests/support/compare.h"
#include "tests/support/expect_error.h"

namespace unmask {
namespace {

constexpr Device gpu{DeviceType::cuda, 0};

const testing::Environment* const coverage = testing::AddGlobalTestEnvironment(
    new KernelCoverage([](const std::string& file) { return file.starts_with("augment"); }));

struct Case {
    Tensor pixels, draws;
};

Tensor noisy_pictures(int64_t count, int width, int height) {
    Tensor pixels = Tensor::empty({count, height, width, 3}, DType::u8);
    PhiloxSequence random(7, "augment.test");
    for (int64_t i = 0; i < pixels.numel(); ++i) {
        const int64_t x = i / 3 % width, y = i / 3 / width % height;
        const double value = 120 + 70 * std::sin(0.11 * double(x) + double(i % 3)) +
                             50 * std::cos(0.17 * double(y)) + random.uniform(-15, 15);
        pixels.data<uint8_t>()[i] = uint8_t(std::clamp(value, 0.0, 255.0));
    }
    return pixels;
}

// Pictures with draws of the augmentation named, or of all of them.
Case make_case(const std::string& name, int64_t count, int width, int height, double strength = 1) {
    Augmentation augmentation;
    augmentation.set_strength(strength);
    augmentation.set_parameter("blur", "sigma", 3);
    augmentation.set_parameter("pca_colour", "deviation", 3);
    for (const Augmentation::Item& item : augmentation.items())
        augmentation.set_probability(item.entry->name, name == "all"              ? 0.6
                                                       : name == item.entry->name ? 1
                                                                                  : 0);
    Case made{noisy_pictures(count, width, height),
              Tensor::empty({count, sizeof(AugmentationDraw)}, DType::u8)};
    for (int64_t i = 0; i < count; ++i) {
        const AugmentationDraw draw = augmentation.draw(11, 2, uint64_t(i), width, height);
        std::memcpy(made.draws.data<uint8_t>() + i * int64_t{sizeof(draw)}, &draw, sizeof(draw));
    }
    return made;
}

AugmentParams params_on(Device device) {
    AugmentParams params;
    params.quantiles = Tensor::from<float>({4096}, normal_quantiles(), device);
    return params;
}

Tensor run(const Case& input, Device device, AugmentParams params, DType dtype = DType::f32,
           int channels = 3) {
    const Shape& shape = input.pixels.shape();
    Tensor y = Tensor::empty({shape[0], shape[1], shape[2], channels}, dtype, device);
    augment(input.pixels.to(device), input.draws.to(device), y, params);
    return y;
}

// With mean 0 and deviation 1 / 255 the values are the pixels' bytes.
AugmentParams bytes_on(Device device) {
    AugmentParams params = params_on(device);
    params.mean = {0, 0, 0};
    params.deviation = {1.0 / 255, 1.0 / 255, 1.0 / 255};
    return params;
}

// The share of values that are not the same level; no two may be more than one apart.
double share_of_different(const Tensor& found, const Tensor& expected) {
    const std::vector<float> a = found.to_floats(), b = expected.to_floats();
    int64_t different = 0;
    for (size_t i = 0; i < a.size(); ++i) {
        const float distance = std::abs(std::round(a[i]) - std::round(b[i]));
        if (!(distance <= 1)) {
            ADD_FAILURE() << "value " << i << " is " << a[i] << ", expected " << b[i];
            return 1;
        }
        different += distance != 0 ? 1 : 0;
    }
    return double(different) / double(a.size());
}

class Augment : public testing::Test {
  protected:
    ~Augment() override { simt::set_order(simt::Order::forward); }
};

// Sizes that end within a tile, a block and a pair of pixels, and one that covers several tiles.
constexpr std::pair<int, int> sizes[]{{33, 47}, {47, 33}, {72, 65}, {16, 8}, {5, 1}};

TEST_F(Augment, EveryStageMakesTheCpusPixels) {
    for (const AugmentationEntry& entry : augmentation_table())
        for (const auto& [width, height] : sizes) {
            const Case input = make_case(entry.name, 5, width, height);
            const Tensor expected = run(input, cpu_device, bytes_on(cpu_device));
            const double share = share_of_different(run(input, gpu, bytes_on(gpu)), expected);
            EXPECT_LE(share, 1e-4) << entry.name << " " << width << " x " << height;
            if (width > 5) {
                EXPECT_GT(difference(expected, input.pixels.to(DType::f32)).largest, 1) << entry.name;
            }
        }
}

TEST_F(Augment, AllStagesTogetherMakeTheCpusPixels) {
    for (const auto& [width, height] : sizes) {
        const Case input = make_case("all", 24, width, height);
        const double share =
            share_of_different(run(input, gpu, bytes_on(gpu)), run(input, cpu_device, bytes_on(cpu_device)));
        EXPECT_LE(share, 1e-4) << width << " x " << height;
    }
}

TEST_F(Augment, JpegOfEveryQuality) {
    for (const int quality : {1, 30, 49, 50, 60, 75, 90, 91, 95, 99, 100}) {
        Case input{noisy_pictures(1, 45, 39), Tensor::empty({1, sizeof(AugmentationDraw)}, DType::u8)};
        AugmentationDraw draw{};
        draw.stages = jpeg_stage;
        draw.jpeg_quality = quality;
        std::memcpy(input.draws.raw(), &draw, sizeof(draw));
        EXPECT_TRUE(same_bytes(run(input, gpu, bytes_on(gpu)).to(cpu_device),
                               run(input, cpu_device, bytes_on(cpu_device))))
            << quality;
    }
}

TEST_F(Augment, TheWidestBlur) {
    Case input{noisy_pictures(1, 70, 41), Tensor::empty({1, sizeof(AugmentationDraw)}, DType::u8)};
    AugmentationDraw draw{};
    draw.stages = blur_stage;
    draw.blur_radius = max_blur_radius;
    for (int k = 0; k <= max_blur_radius; ++k) draw.blur_weights[k] = 1.0f / (2 * max_blur_radius + 1);
    std::memcpy(input.draws.raw(), &draw, sizeof(draw));
    EXPECT_LE(
        share_of_different(run(input, gpu, bytes_on(gpu)), run(input, cpu_device, bytes_on(cpu_device))),
        1e-4);
}

TEST_F(Augment, StrengthZeroIsTheIdentity) {
    const Case input = make_case("all", 6, 33, 47, 0);
    for (const Device device : {cpu_device, gpu})
        EXPECT_LT(difference(run(input, device, bytes_on(device)), input.pixels.to(DType::f32)).largest,
                  1e-4);
}

TEST_F(Augment, MixesWithThePartner) {
    const Case input = make_case("all", 6, 33, 21);
    const std::vector<int64_t> partner{3, 0, 5, 1, 2, 4};
    const std::vector<int32_t> narrow(partner.begin(), partner.end());
    for (const float share : {0.0f, 0.3f, 1.0f}) {
        const std::vector<float> plain = run(input, cpu_device, params_on(cpu_device)).to_floats();
        std::vector<float> expected(plain.size());
        const size_t values = plain.size() / 6;
        for (size_t i = 0; i < plain.size(); ++i)
            expected[i] =
                share * plain[i] + (1 - share) * plain[size_t(partner[i / values]) * values + i % values];
        for (const Device device : {cpu_device, gpu})
            for (const bool wide : {false, true}) {
                AugmentParams params = params_on(device);
                params.lambda = Tensor::full({1}, share, DType::f32, device);
                params.partner = wide ? Tensor::from<int64_t>({6}, partner, device)
                                      : Tensor::from<int32_t>({6}, narrow, device);
                const Tensor mixed = run(input, device, params);
                EXPECT_LT(difference(mixed, Tensor::from<float>(mixed.shape(), expected)).relative, 2e-4)
                    << name_of(device) << " " << share;
            }
    }
}

TEST_F(Augment, PadsChannelsAndRoundsToBf16) {
    const Case input = make_case("all", 3, 33, 47);
    const std::vector<float> expected = run(input, gpu, params_on(gpu)).to_floats();
    for (const Device device : {cpu_device, gpu})
        for (const DType dtype : {DType::f32, DType::bf16})
            for (const int channels : {3, 4, 8}) {
                const std::vector<float> found =
                    run(input, device, params_on(device), dtype, channels).to_floats();
                ASSERT_EQ(found.size() / size_t(channels), expected.size() / 3);
                int wrong = 0;
                for (size_t i = 0; i < found.size(); ++i) {
                    const size_t c = i % size_t(channels);
                    const float value = c < 3 ? expected[i / size_t(channels) * 3 + c] : 0.0f;
                    const float rounded = dtype == DType::bf16 ? float(BFloat16(value)) : value;
                    // The CPU may round a pixel the other way; the GPU's are the same kernel's.
                    wrong += std::abs(found[i] - rounded) > (device == gpu ? 0.0f : 0.03f) ? 1 : 0;
                }
                EXPECT_EQ(wrong, 0) << name_of(device) << " " << name_of(dtype) << " " << channels;
            }
}

TEST_F(Augment, SameBytesInAnyOrderOfThreads) {
    const Case input = make_case("all", 10, 47, 39);
    AugmentParams params = params_on(gpu);
    params.lambda = Tensor::full({1}, 0.4, DType::f32, gpu);
    params.partner = Tensor::from<int32_t>({10}, std::vector<int32_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 0}, gpu);
    const Tensor expected = run(input, gpu, params, DType::bf16, 4);
    for (const simt::Order order : {simt::Order::reversed, simt::Order::shuffled}) {
        simt::set_order(order);
        EXPECT_TRUE(same_bytes(run(input, gpu, params, DType::bf16, 4), expected));
    }
}

TEST_F(Augment, CapturedWorkGoesOnWithTheNextBatch) {
    const Case first = make_case("all", 4, 24, 24);
    Batch batch;
    batch.pixels = first.pixels;
    batch.draws = first.draws;
    DeviceInput input({.device = gpu, .channels = 4}), host({.channels = 4});
    Tensor images = input.images(batch);
    const std::unique_ptr<CapturedWork> captured =
        context_of(gpu)->capture([&] { images = input.compute(); });
    std::reverse(batch.pixels.data<uint8_t>(), batch.pixels.data<uint8_t>() + batch.pixels.numel());
    const std::vector<size_t> partner{1, 2, 3, 0};
    input.upload(batch, partner, 0.25);
    captured->run();
    EXPECT_LT(difference(images, host.images(batch, partner, 0.25)).relative, 1e-3);
}

TEST_F(Augment, RefusesWhatDoesNotFit) {
    const Case input = make_case("flip", 2, 8, 6);
    const AugmentParams params = params_on(cpu_device);
    expect_error([&] { run(input, cpu_device, params, DType::f32, 5); }, {"3, 4 or 8", "5"});
    expect_error([&] { run(input, cpu_device, params, DType::f64); }, {"f32 or bf16", "f64"});
    expect_error([&] { run({input.pixels, input.draws.rows(0, 1)}, cpu_device, params); }, {"draws", "360"});
    expect_error([&] { run(input, cpu_device, AugmentParams{}); }, {"quantiles"});
    AugmentParams half = params;
    half.lambda = Tensor::full({1}, 0.5);
    expect_error([&] { run(input, cpu_device, half); }, {"partner and lambda"});
    half.partner = Tensor::from<int64_t>({2}, std::vector<int64_t>{0, 2});
    expect_error([&] { run(input, cpu_device, half); }, {"[0, 2)", "2"});
}

}  // namespace
}  // namespace unmask
