// SPDX-License-Identifier: Apache-2.0
#include "data/landmarks/alignment.h"

#include <algorithm>
#include <cmath>

#include "engine/error.h"

namespace unmask {
namespace {

Point mean_of(std::span<const Point> points) {
    Point sum;
    for (const Point& p : points) {
        sum.x += p.x;
        sum.y += p.y;
    }
    return {sum.x / double(points.size()), sum.y / double(points.size())};
}

// The part of the picture that a crop shows, made smaller where the crop is smaller than it.
struct Part {
    Image image;
    Point offset;                     // of its first pixel in the picture
    double scale_x = 1, scale_y = 1;  // its pixels over the picture's
    // From the picture's coordinates.
    [[nodiscard]] Point operator()(Point p) const {
        return {(p.x - offset.x + 0.5) * scale_x - 0.5, (p.y - offset.y + 0.5) * scale_y - 0.5};
    }
};

Part part_under(const ImageView& image, const Similarity& from_crop, int crop_width, int crop_height) {
    constexpr double largest = 1 << 20;
    double left = largest, top = largest, right = -largest, bottom = -largest;
    for (const Point& corner : {Point{0, 0}, Point{crop_width - 1.0, 0}, Point{0, crop_height - 1.0},
                                Point{crop_width - 1.0, crop_height - 1.0}}) {
        const Point p = from_crop(corner);
        left = std::min(left, p.x);
        right = std::max(right, p.x);
        top = std::min(top, p.y);
        bottom = std::max(bottom, p.y);
    }
    // Only the picture: what is beyond it is its edge again.
    const auto first = [](double low, int count) {
        return int(std::clamp(std::floor(low) - 2, 0.0, count - 1.0));
    };
    const auto last = [](double high, int count) {
        return int(std::clamp(std::ceil(high) + 2, 0.0, count - 1.0));
    };
    const Box box{first(left, image.width), first(top, image.height), 0, 0};
    Part part;
    part.offset = {double(box.x), double(box.y)};
    part.image = crop(
        image, {box.x, box.y, last(right, image.width) - box.x + 1, last(bottom, image.height) - box.y + 1});
    const double scale = 1 / from_crop.scale();
    if (3 * scale >= 2) return part;
    const auto smaller = [&](int length) { return std::max(1, int(std::lround(length * scale))); };
    const int width = smaller(part.image.width), height = smaller(part.image.height);
    part.scale_x = double(width) / part.image.width;
    part.scale_y = double(height) / part.image.height;
    part.image = resize(part.image, width, height);
    return part;
}

void sample(const Image& image, Point p, uint8_t* out) {
    const double x = std::clamp(p.x, 0.0, image.width - 1.0), y = std::clamp(p.y, 0.0, image.height - 1.0);
    const int x0 = int(x), y0 = int(y);
    const int x1 = std::min(x0 + 1, image.width - 1), y1 = std::min(y0 + 1, image.height - 1);
    const double u = x - x0, v = y - y0;
    const uint8_t *a = image.at(x0, y0), *b = image.at(x1, y0), *c = image.at(x0, y1), *d = image.at(x1, y1);
    for (int i = 0; i < 3; ++i)
        out[i] = uint8_t((1 - v) * ((1 - u) * a[i] + u * b[i]) + v * ((1 - u) * c[i] + u * d[i]) + 0.5);
}

}  // namespace

double Similarity::scale() const {
    return std::hypot(a, b);
}

Similarity Similarity::inverse() const {
    const double square = a * a + b * b;
    Similarity result{a / square, -b / square, 0, 0};
    const Point origin = result({x0, y0});
    result.x0 = -origin.x;
    result.y0 = -origin.y;
    return result;
}

Similarity fit_similarity(std::span<const Point> from, std::span<const Point> to) {
    if (from.size() != to.size() || from.size() < 2)
        fail("alignment: expected at least two points and as many places, found {} and {}", from.size(),
             to.size());
    const Point from_mean = mean_of(from), to_mean = mean_of(to);
    double spread = 0, along = 0, across = 0;
    for (size_t i = 0; i < from.size(); ++i) {
        const Point p{from[i].x - from_mean.x, from[i].y - from_mean.y};
        const Point q{to[i].x - to_mean.x, to[i].y - to_mean.y};
        spread += p.x * p.x + p.y * p.y;
        along += p.x * q.x + p.y * q.y;
        across += p.x * q.y - p.y * q.x;
    }
    if (!(spread > 0)) fail("alignment: expected different points, found {} times the same", from.size());
    Similarity result{along / spread, across / spread, 0, 0};
    const Point turned = result(from_mean);
    result.x0 = to_mean.x - turned.x;
    result.y0 = to_mean.y - turned.y;
    return result;
}

std::array<Point, 5> alignment_points(const Landmarks& landmarks) {
    if (landmarks.size() != size_t(landmark_count))
        fail("alignment: expected {} landmarks, found {}", landmark_count, landmarks.size());
    return {landmarks[37], landmarks[44], landmarks[30], landmarks[49], landmarks[55]};
}

std::array<Point, 5> alignment_target(int size, double margin) {
    // In a face of 96 × 112, which stands in the middle of the square of 112.
    constexpr std::array<Point, 5> places{
        {{30.2946, 51.6963}, {65.5318, 51.5014}, {48.0252, 71.7366}, {33.5493, 92.3655}, {62.7299, 92.2041}}};
    std::array<Point, 5> target;
    const double border = (margin - 1) / 2;
    for (size_t i = 0; i < places.size(); ++i)
        target[i] = {size * ((places[i].x + 8) / 112 + border) / margin,
                     size * (places[i].y / 112 + border) / margin};
    return target;
}

Similarity alignment_of(const Landmarks& landmarks, int size, double margin) {
    const std::array<Point, 5> points = alignment_points(landmarks), target = alignment_target(size, margin);
    return fit_similarity(points, target);
}

Image warp(const ImageView& image, const Similarity& to_crop, int width, int height) {
    if (image.empty()) fail("warp: expected a picture, found an empty one");
    if (width < 1 || height < 1 || !(to_crop.scale() > 0) || !std::isfinite(to_crop.scale()))
        fail("warp: expected a positive size and scale, found {} x {} and {}", width, height,
             to_crop.scale());
    const Similarity from_crop = to_crop.inverse();
    const Part part = part_under(image, from_crop, width, height);
    Image result(width, height);
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
            sample(part.image, part(from_crop({double(x), double(y)})), result.at(x, y));
    return result;
}

}  // namespace unmask
