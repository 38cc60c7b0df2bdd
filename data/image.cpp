// SPDX-License-Identifier: Apache-2.0
#include "data/image.h"

#include <algorithm>
#include <cmath>

#include "engine/error.h"

namespace unmask {
namespace {

// Output pixel i of a resized line is sum_k weight[k] * input[first + k].
struct Taps {
    int first = 0;
    std::vector<float> weights;
};

// Triangle filter of half-width max(1, input/output) around the half-pixel centre, cut at the borders and
// normalized.
std::vector<Taps> triangle_taps(int input, int output) {
    const double scale = double(input) / output;
    const double support = std::max(1.0, scale);
    std::vector<Taps> taps(static_cast<size_t>(output));
    for (int i = 0; i < output; ++i) {
        const double centre = (i + 0.5) * scale;
        const int first = std::max(0, int(std::floor(centre - support)));
        const int last = std::min(input - 1, int(std::ceil(centre + support)));
        std::vector<double> weights;
        double sum = 0;
        for (int k = first; k <= last; ++k) {
            weights.push_back(std::max(0.0, 1.0 - std::abs(k + 0.5 - centre) / support));
            sum += weights.back();
        }
        Taps& tap = taps[size_t(i)];
        tap.first = first;
        for (double weight : weights) tap.weights.push_back(float(weight / sum));
    }
    return taps;
}

uint8_t to_byte(float value) {
    return uint8_t(std::clamp(value + 0.5f, 0.0f, 255.0f));
}

// [height, input, 3] -> [height, output, 3] for one row.
void resize_row(const uint8_t* row, const std::vector<Taps>& taps, float* out) {
    for (const Taps& tap : taps) {
        float red = 0, green = 0, blue = 0;
        const uint8_t* pixel = row + size_t(tap.first) * 3;
        for (float weight : tap.weights) {
            red += weight * float(pixel[0]);
            green += weight * float(pixel[1]);
            blue += weight * float(pixel[2]);
            pixel += 3;
        }
        *out++ = red;
        *out++ = green;
        *out++ = blue;
    }
}

void check_not_empty(const ImageView& image, const char* what) {
    if (image.empty()) fail("{}: expected a picture, found an empty one", what);
    UNMASK_ASSERT(image.pixels != nullptr && image.stride >= size_t(image.width) * 3);
}

Image copy_of(const ImageView& view) {
    Image image(view.width, view.height);
    for (int y = 0; y < view.height; ++y) std::copy_n(view.at(0, y), size_t(view.width) * 3, image.at(0, y));
    return image;
}

int clamped(int64_t value, int size) {
    return int(std::clamp<int64_t>(value, 0, size - 1));
}

// Row y of the box.
void crop_row(const ImageView& image, const Box& box, int y, uint8_t* out) {
    const uint8_t* row = image.at(0, clamped(int64_t{box.y} + y, image.height));
    for (int x = 0; x < box.width; ++x, out += 3)
        std::copy_n(row + size_t(clamped(int64_t{box.x} + x, image.width)) * 3, 3, out);
}

void check_box(const Box& box) {
    if (box.width <= 0 || box.height <= 0)
        fail("crop: expected a box with a positive size, found {} x {}", box.width, box.height);
}

void check_size(int width, int height) {
    if (width <= 0 || height <= 0) fail("resize: expected a positive size, found {} x {}", width, height);
}

// Of an input of this size whose rows are asked for from top to bottom, once each.
template <class Row>
Image resize_rows(int input_width, int input_height, const Row& row_of, int width, int height) {
    const std::vector<Taps> columns = triangle_taps(input_width, width);
    const std::vector<Taps> rows = triangle_taps(input_height, height);
    const size_t stride = size_t(width) * 3;

    // Rows that are already narrowed, kept in a ring that holds as many as one output row needs.
    size_t ring_size = 0;
    for (const Taps& tap : rows) ring_size = std::max(ring_size, tap.weights.size());
    std::vector<float> ring(ring_size * stride), sum(stride);
    int narrowed = 0;
    Image result(width, height);
    for (int y = 0; y < height; ++y) {
        const Taps& tap = rows[size_t(y)];
        const int end = tap.first + int(tap.weights.size());
        for (narrowed = std::max(narrowed, tap.first); narrowed < end; ++narrowed)
            resize_row(row_of(narrowed), columns, &ring[size_t(narrowed) % ring_size * stride]);
        std::fill(sum.begin(), sum.end(), 0.0f);
        for (size_t k = 0; k < tap.weights.size(); ++k) {
            const float weight = tap.weights[k];
            const float* row = &ring[(size_t(tap.first) + k) % ring_size * stride];
            for (size_t i = 0; i < stride; ++i) sum[i] += weight * row[i];
        }
        std::transform(sum.begin(), sum.end(), result.at(0, y), to_byte);
    }
    return result;
}

}  // namespace

Image crop(const ImageView& image, const Box& box) {
    check_not_empty(image, "crop");
    check_box(box);
    Image result(box.width, box.height);
    for (int y = 0; y < box.height; ++y) crop_row(image, box, y, result.at(0, y));
    return result;
}

Image resize(const ImageView& image, int width, int height) {
    check_not_empty(image, "resize");
    check_size(width, height);
    if (width == image.width && height == image.height) return copy_of(image);
    return resize_rows(
        image.width, image.height, [&](int y) { return image.at(0, y); }, width, height);
}

Image resize_part(const ImageView& image, const Box& box, int width, int height) {
    check_not_empty(image, "crop");
    check_box(box);
    check_size(width, height);
    if (width == box.width && height == box.height) return crop(image, box);
    std::vector<uint8_t> row(size_t(box.width) * 3);
    const auto row_of = [&](int y) {
        crop_row(image, box, y, row.data());
        return row.data();
    };
    return resize_rows(box.width, box.height, row_of, width, height);
}

Box square_with_margin(const Box& box, double margin) {
    if (box.width <= 0 || box.height <= 0 || !(margin > 0) || !std::isfinite(margin))
        fail("square_with_margin: expected a positive box and margin, found {} x {} and {}", box.width,
             box.height, margin);
    const int side = std::max(1, int(std::lround(std::max(box.width, box.height) * margin)));
    const double centre_x = box.x + box.width / 2.0, centre_y = box.y + box.height / 2.0;
    return {int(std::floor(centre_x - side / 2.0)), int(std::floor(centre_y - side / 2.0)), side, side};
}

}  // namespace unmask
