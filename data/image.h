// SPDX-License-Identifier: Apache-2.0
// A picture in memory: 8-bit RGB, rows from top to bottom, pixels interleaved (HWC), and the few geometric
// operations that the pipeline needs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace unmask {

// An axis-aligned box in pixels; may reach beyond the picture.
struct Box {
    int x = 0, y = 0, width = 0, height = 0;
    [[nodiscard]] int64_t area() const { return int64_t{width} * height; }
    bool operator==(const Box&) const = default;
};

struct Image {
    int width = 0, height = 0;
    std::vector<uint8_t> pixels;  // [height, width, 3], RGB

    Image() = default;
    Image(int width, int height) : width(width), height(height), pixels(size_t(width) * height * 3) {}

    [[nodiscard]] bool empty() const { return pixels.empty(); }
    [[nodiscard]] uint8_t* at(int x, int y) { return &pixels[(size_t(y) * width + x) * 3]; }
    [[nodiscard]] const uint8_t* at(int x, int y) const { return &pixels[(size_t(y) * width + x) * 3]; }
    bool operator==(const Image&) const = default;
};

// Pixels that somebody else owns, in rows of `stride` bytes; an Image is one too.
struct ImageView {
    int width = 0, height = 0;
    size_t stride = 0;  // bytes from one row to the next, at least 3 · width
    const uint8_t* pixels = nullptr;

    ImageView() = default;
    ImageView(const uint8_t* pixels, int width, int height, size_t stride)
        : width(width), height(height), stride(stride), pixels(pixels) {}
    // NOLINTNEXTLINE(google-explicit-constructor): as std::string_view of std::string
    ImageView(const Image& image)
        : ImageView(image.pixels.data(), image.width, image.height, size_t(image.width) * 3) {}

    [[nodiscard]] bool empty() const { return width <= 0 || height <= 0; }
    [[nodiscard]] const uint8_t* at(int x, int y) const {
        return pixels + size_t(y) * stride + size_t(x) * 3;
    }
};

// The part of the image under the box; what lies outside the image repeats its nearest edge pixel. The box
// must not be empty (Error).
[[nodiscard]] Image crop(const ImageView& image, const Box& box);

// Resized to width × height: area averaging (antialiased bilinear, triangle filter scaled by the reduction)
// when shrinking, bilinear with half-pixel centres when enlarging. Target sizes must be positive (Error).
[[nodiscard]] Image resize(const ImageView& image, int width, int height);

// resize(crop(image, box), width, height), the same bytes, without the memory of the crop, which may be far
// larger than the picture.
[[nodiscard]] Image resize_part(const ImageView& image, const Box& box, int width, int height);

// The square around the box's centre whose side is the box's longer side times margin.
[[nodiscard]] Box square_with_margin(const Box& box, double margin);

}  // namespace unmask
