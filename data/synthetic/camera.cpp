// SPDX-License-Identifier: Apache-2.0
#include "data/synthetic/camera.h"

#include <array>

#include "engine/philox.h"

namespace unmask {
namespace {

// out[i] = Σ_k kernel[|k|] in[i + k·stride] over count values; index 0 of the kernel is its centre.
void convolve(const float* in, float* out, size_t count, ptrdiff_t stride, const std::vector<float>& kernel) {
    for (size_t i = 0; i < count; ++i) out[i] = kernel[0] * in[i];
    for (size_t k = 1; k < kernel.size(); ++k) {
        const float weight = kernel[k];
        const float* before = in - ptrdiff_t(k) * stride;
        const float* after = in + ptrdiff_t(k) * stride;
        for (size_t i = 0; i < count; ++i) out[i] += weight * (before[i] + after[i]);
    }
}

// sRGB's curve with a soft shoulder from highlight values on, tabulated over linear values in [0, 4).
class ToneCurve {
  public:
    ToneCurve() {
        for (size_t i = 0; i < table_.size(); ++i) {
            const float linear = 4 * (float(i) + 0.5f) / float(table_.size());
            const float soft = linear < 0.6f ? linear : 0.6f + 0.4f * (1 - std::exp(-(linear - 0.6f) / 0.4f));
            table_[i] = soft <= 0.0031308f ? 12.92f * soft : 1.055f * std::pow(soft, 1 / 2.4f) - 0.055f;
        }
    }
    float operator()(float linear) const {
        const float place = std::clamp(linear * (float(table_.size()) / 4), 0.0f, float(table_.size()) - 1);
        return table_[size_t(place)];
    }

  private:
    std::array<float, 8192> table_;
};

// Approximately normal, mean 0 and deviation 1: the sum of a word's four bytes.
float byte_normal(uint32_t word) {
    const uint32_t sum = (word & 255) + (word >> 8 & 255) + (word >> 16 & 255) + (word >> 24);
    return (float(sum) - 510) * (1 / 147.8f);
}

// Grain of a sensor whose neighbouring colours were interpolated: mostly brightness, some colour, slightly
// smooth.
std::vector<float> sensor_noise(int width, int height, uint64_t seed) {
    const Philox random(seed, "synthetic_noise_grain");
    std::vector<float> noise(size_t(width) * height * 3);
    for (size_t i = 0; i < size_t(width) * height; ++i) {
        const PhiloxBlock words = random.block(0, i);
        const float brightness = byte_normal(words[0]);
        for (size_t channel = 0; channel < 3; ++channel)
            noise[i * 3 + channel] = 0.8f * brightness + 0.6f * byte_normal(words[channel + 1]);
    }
    gaussian_blur(noise.data(), height, width, 3, 0.45f);
    return noise;
}

}  // namespace

void gaussian_blur(float* values, int rows, int columns, int channels, float sigma) {
    if (sigma < 0.05f) return;
    const int radius = std::max(1, int(std::ceil(3 * sigma)));
    std::vector<float> kernel(size_t(radius) + 1);
    float sum = 0;
    for (int k = 0; k <= radius; ++k) {
        kernel[size_t(k)] = std::exp(-0.5f * float(k * k) / (sigma * sigma));
        sum += (k == 0 ? 1 : 2) * kernel[size_t(k)];
    }
    for (float& weight : kernel) weight /= sum;
    // Down the columns: the plane with its first and last row repeated, then along the rows likewise.
    const size_t line = size_t(columns) * channels;
    std::vector<float> padded((size_t(rows) + 2 * radius) * line);
    for (int row = -radius; row < rows + radius; ++row)
        std::copy_n(values + size_t(std::clamp(row, 0, rows - 1)) * line, line,
                    &padded[size_t(row + radius) * line]);
    for (int row = 0; row < rows; ++row)
        convolve(&padded[size_t(row + radius) * line], values + size_t(row) * line, line, ptrdiff_t(line),
                 kernel);
    for (int row = 0; row < rows; ++row) {
        float* at = values + size_t(row) * line;
        for (int column = -radius; column < columns + radius; ++column)
            std::copy_n(at + size_t(std::clamp(column, 0, columns - 1)) * channels, channels,
                        &padded[size_t(column + radius) * channels]);
        convolve(&padded[size_t(radius) * channels], at, line, channels, kernel);
    }
}

Image photograph(LightPlane light, const FaceView& view) {
    static const ToneCurve tone;
    const int width = light.width, height = light.height;
    static_assert(sizeof(Vec3) == 3 * sizeof(float));
    gaussian_blur(&light.values[0].x, height, width, 3, view.blur * float(width) / 160);
    const std::vector<float> noise =
        view.noise > 0 ? sensor_noise(width, height, view.noise_seed) : std::vector<float>{};
    Image image(width, height);
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
            const float dx = (float(x) + 0.5f) / float(width) - 0.5f,
                        dy = (float(y) + 0.5f) / float(height) - 0.5f;
            const float gain = view.exposure * (1 - view.vignette * 1.6f * (dx * dx + dy * dy));
            const Vec3 v = light.at(x, y) * gain;
            const Vec3 toned{tone(v.x), tone(v.y), tone(v.z)};
            const float grey = 0.30f * toned.x + 0.59f * toned.y + 0.11f * toned.z;
            const float channels[3] = {toned.x, toned.y, toned.z};
            uint8_t* pixel = image.at(x, y);
            for (int channel = 0; channel < 3; ++channel) {
                float value = mix(grey, channels[channel], view.saturation);
                value = 0.45f + (value - 0.45f) * view.contrast;
                // Darker parts are noisier after the tone curve.
                if (!noise.empty())
                    value += view.noise * (1.35f - 0.7f * grey) *
                             noise[(size_t(y) * width + x) * 3 + size_t(channel)];
                pixel[channel] = uint8_t(std::clamp(value, 0.0f, 1.0f) * 255 + 0.5f);
            }
        }
    }
    return image;
}

}  // namespace unmask
