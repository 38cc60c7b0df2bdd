// SPDX-License-Identifier: Apache-2.0
// Random changes to training pictures that leave the label as it is. Here they are drawn: each is one file
// and one line in the table, a function of the settings and the random numbers alone. What a draw makes of a
// picture is the work of the device (engine/ops/augment.h), on the CPU of cpu/augment_picture.h.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/image.h"
#include "engine/ops/augment.h"
#include "engine/philox.h"

namespace unmask {

// A number of an augmentation that can be set.
struct AugmentationParameter {
    const char* name;
    double value;      // the default
    double low, high;  // what is accepted
    const char* text;
};

// Draws what happens to a picture of that size and puts it into its part of `draw`: `parameters` in the
// table's order, `strength` in [0, 1] scales how far the picture may move from itself, 0 leaves it as it is.
using AugmentationFunction = void (*)(std::span<const double> parameters, double strength,
                                      PhiloxSequence& random, int width, int height, AugmentationDraw& draw);

struct AugmentationEntry {
    const char* name;
    const char* text;
    double probability;  // the default
    AugmentationFunction draw;
    std::vector<AugmentationParameter> parameters;
    bool in_group = false;  // of the colour augmentations that Augmentation::set_one_of draws one of
};

// All augmentations, in the order in which they are applied.
[[nodiscard]] const std::vector<AugmentationEntry>& augmentation_table();

// How the augmentations of the table are applied.
class Augmentation {
  public:
    Augmentation();  // the table's defaults

    // One line of the table with its settings.
    struct Item {
        const AugmentationEntry* entry;
        double probability;
        std::vector<double> parameters;
    };
    [[nodiscard]] const std::vector<Item>& items() const { return items_; }
    // Error lists the names when there is no such augmentation or parameter, and the range when the value is
    // outside.
    void set_probability(std::string_view name, double probability);
    void set_parameter(std::string_view name, std::string_view parameter, double value);
    // Of all of them, in [0, 1] (Error).
    void set_strength(double strength);
    [[nodiscard]] double strength() const { return strength_; }
    // Above 0: with that probability a picture gets exactly one of the group of colour augmentations (see
    // AugmentationEntry), chosen in proportion to their probabilities; else none of them. 0: each of them
    // comes by itself with its own probability. In [0, 1] (Error).
    void set_one_of(double probability);
    [[nodiscard]] double one_of() const { return one_of_; }

    // What (seed, epoch, sample) draws for a picture of that size.
    [[nodiscard]] AugmentationDraw draw(uint64_t seed, int64_t epoch, uint64_t sample, int width,
                                        int height) const;
    // Changes the picture by what was drawn.
    static void apply(Image& image, const AugmentationDraw& draw);
    // Both in one.
    void apply(Image& image, uint64_t seed, int64_t epoch, uint64_t sample) const;

  private:
    Item& item(std::string_view name);
    // The chosen one of the group, or nothing.
    [[nodiscard]] const Item* draw_one_of(uint64_t seed, uint64_t step) const;
    std::vector<Item> items_;
    double strength_ = 1.0, one_of_ = 0.0;
};

// Blurs with that deviation in pixels, at most max_blur_radius / 3.
void set_blur(double sigma, AugmentationDraw& draw);

// The augmentations.
void draw_jpeg(std::span<const double>, double, PhiloxSequence&, int, int, AugmentationDraw&);
void draw_noise(std::span<const double>, double, PhiloxSequence&, int, int, AugmentationDraw&);
void draw_blur(std::span<const double>, double, PhiloxSequence&, int, int, AugmentationDraw&);
void draw_flip(std::span<const double>, double, PhiloxSequence&, int, int, AugmentationDraw&);
void draw_brightness_contrast(std::span<const double>, double, PhiloxSequence&, int, int, AugmentationDraw&);
void draw_pca_colour(std::span<const double>, double, PhiloxSequence&, int, int, AugmentationDraw&);
void draw_hue_saturation(std::span<const double>, double, PhiloxSequence&, int, int, AugmentationDraw&);
void draw_grey(std::span<const double>, double, PhiloxSequence&, int, int, AugmentationDraw&);
void draw_affine(std::span<const double>, double, PhiloxSequence&, int, int, AugmentationDraw&);

}  // namespace unmask
