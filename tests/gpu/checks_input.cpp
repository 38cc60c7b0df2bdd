// SPDX-License-Identifier: Apache-2.0
// Augmented input and the optimizers' updates on a device; declared in checks.h.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "data/augmentation/augmentation.h"
#include "engine/context.h"
#include "engine/optimizer.h"
#include "engine/philox.h"
#include "tests/gpu/checks.h"
#include "tests/support/compare.h"

namespace unmask {
namespace {

constexpr int64_t pictures = 6;

struct Input {
    Tensor pixels, draws;
};

// Pictures with draws of the augmentation named, or of all of them.
Input make_input(const std::string& name, int width, int height) {
    Augmentation augmentation;
    for (const Augmentation::Item& item : augmentation.items())
        augmentation.set_probability(item.entry->name, name == "all"              ? 0.6
                                                       : name == item.entry->name ? 1
                                                                                  : 0);
    Input input{Tensor::empty({pictures, height, width, 3}, DType::u8),
                Tensor::empty({pictures, sizeof(AugmentationDraw)}, DType::u8)};
    PhiloxSequence random(7, "check_input");
    for (int64_t i = 0; i < input.pixels.numel(); ++i) {
        const double x = double(i / 3 % width), y = double(i / 3 / width % height);
        const double value = 120 + 70 * std::sin(0.11 * x + double(i % 3)) + 50 * std::cos(0.17 * y);
        input.pixels.data<uint8_t>()[i] = uint8_t(std::clamp(value + random.uniform(-15, 15), 0.0, 255.0));
    }
    for (int64_t i = 0; i < pictures; ++i) {
        const AugmentationDraw draw = augmentation.draw(11, 2, uint64_t(i), width, height);
        std::memcpy(input.draws.data<uint8_t>() + i * int64_t{sizeof(draw)}, &draw, sizeof(draw));
    }
    return input;
}

struct Form {
    DType dtype;
    int channels;
    bool mixed;
};

// Values are the levels of pixels, 0 to 255, so that a rounding is a step of one.
Tensor run(const Input& input, Device device, const Form& form) {
    const Shape& shape = input.pixels.shape();
    AugmentParams params;
    params.mean = {0, 0, 0};
    params.deviation = {1.0 / 255, 1.0 / 255, 1.0 / 255};
    params.quantiles = Tensor::from<float>({4096}, normal_quantiles(), device);
    if (form.mixed) {
        params.partner = Tensor::from<int32_t>({pictures}, std::vector<int32_t>{3, 0, 5, 1, 2, 4}, device);
        params.lambda = Tensor::full({1}, 0.3, DType::f32, device);
    }
    Tensor y = Tensor::empty({shape[0], shape[1], shape[2], form.channels}, form.dtype, device);
    augment(input.pixels.to(device), input.draws.to(device), y, params);
    return y.to(cpu_device);
}

// Pixels may be rounded the other way now and then, by one level; after that bf16 keeps 8 bits.
void compare_pixels(CheckResult& result, const std::string& what, const Tensor& found, const Tensor& expected,
                    DType dtype) {
    ++result.cases;
    const std::vector<float> a = found.to_floats(), b = expected.to_floats();
    const double exact = 0.01, most = dtype == DType::bf16 ? 2.01 : 1.01;
    int64_t different = 0;
    double largest = 0;
    for (size_t i = 0; i < a.size(); ++i) {
        const double distance = std::abs(double(a[i]) - double(b[i]));
        largest = distance <= largest ? largest : distance;  // NaN is the largest
        different += distance <= exact ? 0 : 1;
    }
    const double share = double(different) / double(a.size());
    result.worst = std::max(result.worst, share / augment_share);
    if (!(share <= augment_share && largest <= most))
        result.failed(fmt::format(
            "{}: found a share of {:.1e} values that differ, by at most {:.3g}, expected {:.0e} by at "
            "most {}",
            what, share, largest, augment_share, most));
}

Tensor drawn(const char* name, int64_t count, double least) {
    PhiloxSequence random(5, name);
    std::vector<float> values(static_cast<size_t>(count));
    for (float& value : values) value = static_cast<float>(random.uniform(least, 1.0));
    return Tensor::from<float>({count}, values);
}

struct State {
    Tensor gradient, value, first, second, copy;
    State(Device device, int64_t count, int64_t offset) {
        const auto part = [&](const char* name, double least) {
            return drawn(name, count + offset, least).to(device).rows(offset, count + offset);
        };
        gradient = part("gradient", -1);
        value = part("value", -1);
        first = part("first", -1);
        second = part("second", 0);
        copy = Tensor::zeros({count + offset}, DType::bf16, device).rows(offset, count + offset);
    }
};

State updated(Device device, int64_t count, int64_t offset, bool adam, double guard) {
    State state(device, count, offset);
    const UpdateOperands operands{Tensor::from<double>({2}, std::vector<double>{0.01, 0.9}).to(device),
                                  state.copy, Tensor::full({1}, guard, DType::f32, device), true};
    if (adam)
        adam_step(state.gradient, state.value, state.first, state.second, operands,
                  AdamParams{.weight_decay = 0.1});
    else
        sgd_step(state.gradient, state.value, state.first, operands,
                 SgdParams{.momentum = 0.9, .nesterov = true, .weight_decay = 0.1});
    return state;
}

}  // namespace

CheckResult check_input(Device device) {
    CheckResult result{.name = fmt::format("augmented input on {}", name_of(device))};
    std::vector<std::string> names{"all"};
    for (const AugmentationEntry& entry : augmentation_table()) names.push_back(entry.name);
    for (const std::string& name : names)
        for (const Form& form : {Form{DType::f32, 3, false}, Form{DType::f32, 4, false},
                                 Form{DType::bf16, 8, false}, Form{DType::bf16, 8, true}})
            for (const auto& [width, height] : {std::pair{33, 47}, std::pair{72, 64}}) {
                // Every stage as it is; in the form that training takes with mixup all of them together.
                if (form.mixed && name != "all") continue;
                const std::string what =
                    fmt::format("{}, {} x {}, {} x {}{}", name, width, height, name_of(form.dtype),
                                form.channels, form.mixed ? ", mixed" : "");
                try {
                    const Input input = make_input(name, width, height);
                    compare_pixels(result, what, run(input, device, form), run(input, cpu_device, form),
                                   form.dtype);
                } catch (const std::exception& error) {
                    result.failed(what + ": " + error.what());
                }
            }
    return result;
}

CheckResult check_optimizer(Device device) {
    CheckResult result{.name = fmt::format("optimizers on {}", name_of(device))};
    for (const bool adam : {true, false})
        for (const int64_t count : {1, 1023, 4099, 300000})
            for (const int64_t offset : {0, 1, 4})
                for (const double guard : {1.0, HUGE_VAL}) {
                    const std::string what = fmt::format("{}, {} values from {}, guard {}",
                                                         adam ? "Adam" : "SGD", count, offset, guard);
                    ++result.cases;
                    try {
                        const State found = updated(device, count, offset, adam, guard),
                                    expected = updated(cpu_device, count, offset, adam, guard);
                        for (const auto part :
                             {&State::gradient, &State::value, &State::first, &State::second}) {
                            const double error =
                                difference((found.*part).to(cpu_device), expected.*part).relative;
                            result.worst = std::max(result.worst, error / optimizer_bound);
                            if (!(error <= optimizer_bound))
                                result.failed(
                                    fmt::format("{}: found a relative error of {:.2e}, expected "
                                                "at most {:.0e}",
                                                what, error, optimizer_bound));
                        }
                        if (std::isfinite(guard) && !same_bytes(found.copy.to(cpu_device),
                                                                found.value.to(cpu_device).to(DType::bf16)))
                            result.failed(what + ": expected the rounded values in the copy");
                    } catch (const std::exception& error) {
                        result.failed(what + ": " + error.what());
                    }
                }
    return result;
}

}  // namespace unmask
