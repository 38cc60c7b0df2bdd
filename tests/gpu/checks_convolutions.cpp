// SPDX-License-Identifier: Apache-2.0
// Convolutions as training computes them, by the algorithms that timing chose; declared in checks.h.
#include <fmt/format.h>

#include <cmath>

#include "engine/context.h"
#include "engine/ops/activation.h"
#include "engine/ops/cast.h"
#include "engine/ops/conv2d.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/reduce.h"
#include "tests/gpu/checks.h"
#include "tests/support/compute_mode_scope.h"
#include "tests/support/op_case.h"

namespace unmask {
namespace {

struct Geometry {
    int64_t size, in, out;
    int kernel, stride;
    [[nodiscard]] std::string name() const {
        return fmt::format("{}x{}x{} to {}, kernel {}, stride {}", size, size, in, out, kernel, stride);
    }
};

// Those of resnet34 at 224 pixels, two of mobilenet_v1 and two of efficientnet_b0.
constexpr Geometry geometries[] = {
    {56, 64, 64, 3, 1},   {56, 64, 128, 3, 2},  {56, 64, 128, 1, 2},  {28, 128, 128, 3, 1},
    {28, 128, 256, 3, 2}, {28, 128, 256, 1, 2}, {14, 256, 256, 3, 1}, {14, 256, 512, 3, 2},
    {14, 256, 512, 1, 2}, {7, 512, 512, 3, 1},  {224, 4, 64, 7, 2},   {112, 32, 64, 1, 1},
    {14, 512, 512, 1, 1}, {56, 144, 24, 1, 1},  {14, 112, 672, 1, 1},
};

Geometry as_held_in(DType dtype, Geometry geometry) {
    if (geometry.size == 224)
        geometry.in = gpu_image_channels(dtype == DType::bf16 ? Precision::bf16 : Precision::f32);
    return geometry;
}

enum class Part : uint8_t { forward, data, added_data, weight, relu, residual, silu };
constexpr std::pair<Part, const char*> parts[] = {{Part::forward, "forward"},
                                                  {Part::data, "gradient of x"},
                                                  {Part::added_data, "gradient of x that is added to"},
                                                  {Part::weight, "gradient of the weight"},
                                                  {Part::relu, "with bias and relu"},
                                                  {Part::residual, "with bias, residual and relu"},
                                                  {Part::silu, "with bias and silu"}};

bool is_forward(Part part) {
    return part == Part::forward || part >= Part::relu;
}

class Convolutions {
  public:
    Convolutions(const Geometry& geometry, int64_t images, DType dtype, Device device)
        : params_(conv2d_params({images, geometry.size, geometry.size, geometry.in}, weight_of(geometry),
                                {.stride = {geometry.stride, geometry.stride},
                                 .padding = {geometry.kernel / 2, geometry.kernel / 2}})) {
        const Shape x{images, geometry.size, geometry.size, geometry.in}, weight = weight_of(geometry);
        x_ = repeated(x, dtype, device);
        weight_ = projection(weight, DType::f32).to(dtype).to(device);
        y_ = repeated(conv2d_shape(x, weight, params_), dtype, device);
        bias_ = projection({geometry.out}, DType::f32).to(dtype).to(device);
    }
    [[nodiscard]] Tensor compute(Part part) const {
        Tensor result;
        Conv2dParams fused = params_;
        switch (part) {
            case Part::forward:
                result = Tensor::empty_like(y_);
                conv2d_forward(x_, weight_, Tensor(), Tensor(), result, params_);
                break;
            case Part::relu:
            case Part::residual:
            case Part::silu:
                result = Tensor::empty_like(y_);
                fused.activation = part == Part::silu ? Activation::silu : Activation::relu;
                conv2d_forward(x_, weight_, bias_, part == Part::residual ? y_ : Tensor(), result, fused);
                break;
            case Part::data:
                result = Tensor::empty_like(x_);
                conv2d_backward_data(y_, weight_, result, params_, false);
                break;
            case Part::added_data:
                result = x_.clone();
                conv2d_backward_data(y_, weight_, result, params_, true);
                break;
            case Part::weight:
                result = Tensor::empty_like(weight_);
                conv2d_backward_weight(y_, x_, result, params_);
                break;
        }
        return result;
    }
    // What is fused, one after the other.
    [[nodiscard]] Variable expected(Part part) const {
        if (part == Part::added_data) return in_float32(x_) + in_float32(compute(Part::data));
        if (part < Part::relu) return in_float32(compute(part));
        Variable y = in_float32(compute(Part::forward)) + in_float32(bias_);
        if (part == Part::residual) y = y + in_float32(y_);
        return part == Part::silu ? silu(y) : relu(y);
    }
    static Variable in_float32(const Tensor& tensor) { return cast(Variable(tensor), DType::f32); }

  private:
    // A few images over and over, since drawing on the host takes long.
    static Tensor repeated(const Shape& shape, DType dtype, Device device) {
        Shape few = shape;
        few.set(0, std::min<int64_t>(shape[0], 3));
        const Tensor drawn = projection(few, DType::f32).to(dtype).to(device);
        Tensor result = Tensor::empty(shape, dtype, device);
        for (int64_t begin = 0; begin < shape[0]; begin += few[0]) {
            const int64_t count = std::min(few[0], shape[0] - begin);
            result.rows(begin, begin + count).copy_from(drawn.rows(0, count));
        }
        return result;
    }
    static Shape weight_of(const Geometry& geometry) {
        return {geometry.out, geometry.kernel, geometry.kernel, geometry.in};
    }
    Conv2dParams params_;
    Tensor x_, weight_, y_, bias_;
};

// ‖found - expected‖ / ‖expected‖, reckoned where they are.
double distance(const Variable& found, const Variable& expected) {
    const double apart = sum(square(found - expected)).value().item(),
                 whole = sum(square(expected)).value().item();
    return std::sqrt(apart / whole);
}

// Where an epilogue by itself was faster, the fused engines are not what was checked.
int choices_of_no_engine(Device device) {
    const std::string text = context_of(device)->tuning(), pattern = R"("engine":-1)";
    int count = 0;
    for (size_t at = text.find(pattern); at != std::string::npos; at = text.find(pattern, at + 1)) ++count;
    return count;
}

}  // namespace

CheckResult check_convolutions(Device device, int64_t images) {
    CheckResult result{.name = fmt::format("convolutions of {} images on {}", images, name_of(device))};
    const NoGrad nothing_recorded;
    for (const DType dtype : {DType::bf16, DType::f32})
        for (const Geometry& some : geometries) {
            const Geometry geometry = as_held_in(dtype, some);
            const Convolutions convolutions(geometry, images, dtype, device);
            for (const auto& [part, what] : parts) {
                // In training it is the residual branches' that is added to: not the stem's.
                if (geometry.size == 224 && !is_forward(part) && part != Part::weight) continue;
                ++result.cases;
                const std::string name = fmt::format("{} {}, {}", name_of(dtype), geometry.name(), what);
                try {
                    Variable expected;
                    {
                        const ComputeModeScope any({.deterministic = false});
                        expected = convolutions.expected(part);
                    }
                    const ComputeModeScope timed({.time_algorithms = true});
                    const double bound = dtype == DType::bf16   ? bf16_convolution_bound
                                         : part == Part::weight ? f32_weight_bound
                                                                : f32_convolution_bound;
                    const double found =
                        distance(Convolutions::in_float32(convolutions.compute(part)), expected);
                    result.worst = std::max(result.worst, found / bound);
                    if (!(found <= bound))
                        result.failed(
                            fmt::format("{}: found a relative error of {:.2e}, expected at most {:.1e}", name,
                                        found, bound));
                } catch (const std::exception& error) {
                    result.failed(name + ": " + error.what());
                }
            }
        }
    if (const int unfused = choices_of_no_engine(device); unfused > 0)
        result.name += fmt::format(", {} epilogues not fused", unfused);
    return result;
}

}  // namespace unmask
