// SPDX-License-Identifier: Apache-2.0
#include "apps/evaluation/corruptions.h"

#include <algorithm>
#include <cmath>

#include "data/augmentation/augmentation.h"
#include "engine/error.h"
#include "engine/philox.h"

namespace unmask {
namespace {

void compress(Image& image, double quality, uint64_t, uint64_t) {
    AugmentationDraw draw{};
    draw.jpeg_quality = int(std::lround(quality));
    draw.stages = jpeg_stage;
    Augmentation::apply(image, draw);
}

// The same share of the face is blurred at every input size.
void blur(Image& image, double deviation, uint64_t, uint64_t) {
    AugmentationDraw draw{};
    set_blur(std::min(deviation * image.width / 224, max_blur_radius / 3.0), draw);
    Augmentation::apply(image, draw);
}

void add_noise_to(Image& image, double deviation, uint64_t seed, uint64_t picture) {
    AugmentationDraw draw{};
    draw.noise_deviation = float(deviation);
    draw.noise_key = Philox(seed, "robustness.noise").key();
    draw.noise_step = picture;
    draw.stages = noise_stage;
    Augmentation::apply(image, draw);
}

void shrink(Image& image, double share, uint64_t, uint64_t) {
    const auto smaller = [share](int side) { return std::max(1, int(std::lround(side * share))); };
    image = resize(resize(image, smaller(image.width), smaller(image.height)), image.width, image.height);
}

void change_light(Image& image, double brightness, double contrast) {
    AugmentationDraw draw{};
    draw.brightness = brightness;
    draw.contrast = contrast;
    draw.stages = brightness_contrast_stage;
    Augmentation::apply(image, draw);
}

void brighten(Image& image, double levels, uint64_t, uint64_t) {
    change_light(image, levels, 1);
}

void flatten(Image& image, double contrast, uint64_t, uint64_t) {
    change_light(image, 0, contrast);
}

}  // namespace

const std::vector<Corruption>& corruption_table() {
    static const std::vector<Corruption> table{
        {"jpeg", "quality", {90, 70, 50, 30, 10}, compress},
        {"blur", "deviation in pixels of an input of 224", {0.5, 1, 1.5, 2, 3}, blur},
        {"noise", "deviation of 255", {4, 8, 12, 20, 32}, add_noise_to},
        {"resize", "share of the side, and back", {0.75, 0.5, 0.375, 0.25, 0.125}, shrink},
        {"brightness", "levels of 255 added", {15, 30, 45, 60, 80}, brighten},
        {"contrast", "factor", {0.85, 0.7, 0.55, 0.4, 0.25}, flatten},
    };
    return table;
}

const Corruption& corruption_named(std::string_view name) {
    std::string names;
    for (const Corruption& corruption : corruption_table()) {
        if (corruption.name == name) return corruption;
        names += (names.empty() ? "" : ", ") + std::string(corruption.name);
    }
    fail("expected a corruption among {}, found \"{}\"", names, name);
}

}  // namespace unmask
