// SPDX-License-Identifier: Apache-2.0
// Augmentation of one picture in place on the CPU: 8-bit RGB, interleaved. Shared by the augment slot and by
// data/, which augments on its worker threads.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/ops/augment.h"

namespace unmask {

struct Pixel;

struct PictureView {
    uint8_t* pixels;  // [height, width, 3]
    int width, height;
    [[nodiscard]] uint8_t* at(int x, int y) const {
        return pixels + (size_t(y) * size_t(width) + size_t(x)) * 3;
    }
    [[nodiscard]] size_t values() const { return size_t(width) * size_t(height) * 3; }
};

// All stages of the draw, in their order.
void augment_picture(const PictureView& picture, const AugmentationDraw& draw);

// One stage each, whether the draw has its bit or not.
void apply_jpeg(const PictureView& picture, int quality);
void apply_noise(const PictureView& picture, const AugmentationDraw& draw);
void apply_blur(const PictureView& picture, const AugmentationDraw& draw);
void apply_flip(const PictureView& picture);
void apply_brightness_contrast(const PictureView& picture, const AugmentationDraw& draw);
// What the PCA colour stage adds to a picture that looks like this before its first stage.
[[nodiscard]] Pixel pca_step_of(const PictureView& picture, const AugmentationDraw& draw);
void apply_pca_colour(const PictureView& picture, const Pixel& step);
void apply_hue_saturation(const PictureView& picture, const AugmentationDraw& draw);
void apply_grey(const PictureView& picture, const AugmentationDraw& draw);
void apply_affine(const PictureView& picture, const AugmentationDraw& draw);

}  // namespace unmask
