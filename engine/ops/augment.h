// SPDX-License-Identifier: Apache-2.0
// Augmentation of a batch of pictures on the device that trains: 8-bit RGB in, what the networks take out.
// What happens to a picture is drawn on the host (data/augmentation) and travels as an AugmentationDraw;
// every device makes the same pixels of it, stage after stage in the order of AugmentationStage, each rounded
// to 8 bits. Then, with the partner p of picture i and the share λ of mixup:
//     y_i = λ · norm(x_i) + (1 - λ) · norm(x_p),   norm(x) = (x / 255 - mean) / deviation per channel.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <type_traits>

#include "engine/kernel.h"
#include "engine/philox.h"

namespace unmask {

// The stages in the order in which they are applied; the bits of AugmentationDraw::stages.
enum AugmentationStage : uint32_t {
    jpeg_stage = 1u << 0,
    noise_stage = 1u << 1,
    blur_stage = 1u << 2,
    flip_stage = 1u << 3,
    brightness_contrast_stage = 1u << 4,
    pca_colour_stage = 1u << 5,
    hue_saturation_stage = 1u << 6,
    grey_stage = 1u << 7,
    affine_stage = 1u << 8,
};

inline constexpr int max_blur_radius = 60;  // pixels; three deviations of at most 20

// What happens to one picture: plain numbers, copied to devices as bytes. All zero: nothing.
struct AugmentationDraw {
    double brightness, contrast;  // value ← contrast · (value - 127.5) + 127.5 + brightness
    // From a target pixel to its source: the offset from the centre, less the shift in pixels, times
    // ((cosine, sine), (-sine, cosine)).
    double cosine, sine, shift_x, shift_y;
    // Value i of the picture takes the low (i even) or high half of word noise_element + i / 2 of this Philox
    // stream's step; its low 12 bits choose one of the normal_quantiles.
    uint64_t noise_step, noise_element;
    PhiloxKey noise_key;
    float noise_deviation;
    float hue_cosine, hue_sine;               // rotation and scale of (Cb, Cr)
    float grey_share;                         // of the way to the luma
    float pca_weights[3];                     // what the covariance of the picture's colours is multiplied by
    uint32_t stages;                          // bits of AugmentationStage
    int32_t jpeg_quality;                     // 1 to 100
    int32_t blur_radius;                      // at most max_blur_radius
    float blur_weights[max_blur_radius + 1];  // of the neighbours at distance 0, 1, …, along each axis
    uint32_t unused;                          // 0; instead of padding, since draws are compared as bytes
};
static_assert(sizeof(AugmentationDraw) == 360 && std::is_trivially_copyable_v<AugmentationDraw>);

// Whether a JPEG of that quality halves its chroma in both directions (4:2:0) or keeps it whole (4:4:4); as
// the encoder of data/picture.h chooses.
constexpr bool jpeg_halves_chroma(int quality) {
    return quality <= 90;
}

// The normal distribution's values at 4096 evenly spaced quantiles: a lookup with 12 random bits costs a
// small part of a logarithm and a cosine.
[[nodiscard]] std::span<const float, 4096> normal_quantiles();

struct AugmentParams {
    std::array<double, 3> mean{0.485, 0.456, 0.406}, deviation{0.229, 0.224, 0.225};  // RGB
    Tensor quantiles{};  // [4096], f32: normal_quantiles() on the pixels' device
    // Mixup when both are defined: partner [N], i64 or i32, each in [0, N) (not checked on a GPU), and lambda
    // [1], f32; both on the pixels' device, so that captured work can go on with other values.
    Tensor partner{}, lambda{};
};

// Kernel slot.
inline constinit Kernel<void(const Tensor& pixels, const Tensor& draws, Tensor& y,
                             const AugmentParams& params)>
    augment_forward{"augment_forward"};

// pixels [N, H, W, 3], u8; draws [N, sizeof(AugmentationDraw)], u8; y [N, H, W, C], f32 or bf16, C one of 3,
// 4 and 8: channels beyond the third become 0. All on one device. Error when they do not fit.
void augment(const Tensor& pixels, const Tensor& draws, Tensor& y, const AugmentParams& params);

}  // namespace unmask
