// SPDX-License-Identifier: Apache-2.0
// Random changes to training pictures that leave the label as it is. Each is one file (augment_*.cpp) and one
// line in the table; all are functions of the picture and the draws alone.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/image.h"
#include "engine/philox.h"

namespace unmask {

// A number of an augmentation that can be set.
struct AugmentationParameter {
    const char* name;
    double value;      // the default
    double low, high;  // what is accepted
    const char* text;
};

// What an augmentation does to a picture: `parameters` in the table's order, `strength` in [0, 1] scales how
// far the picture may move from itself, 0 leaves it as it is.
using AugmentationFunction = void (*)(Image& image, std::span<const double> parameters, double strength,
                                      PhiloxSequence& random);

struct AugmentationEntry {
    const char* name;
    const char* text;
    double probability;  // the default
    AugmentationFunction apply;
    std::vector<AugmentationParameter> parameters;
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

    // Changes the picture by what (seed, epoch, sample) draws.
    void apply(Image& image, uint64_t seed, int64_t epoch, uint64_t sample) const;

  private:
    Item& item(std::string_view name);
    std::vector<Item> items_;
    double strength_ = 1.0;
};

// The augmentations.
void augment_jpeg(Image&, std::span<const double>, double, PhiloxSequence&);
void augment_noise(Image&, std::span<const double>, double, PhiloxSequence&);
void augment_blur(Image&, std::span<const double>, double, PhiloxSequence&);
void augment_flip(Image&, std::span<const double>, double, PhiloxSequence&);
void augment_brightness_contrast(Image&, std::span<const double>, double, PhiloxSequence&);
void augment_hue_saturation(Image&, std::span<const double>, double, PhiloxSequence&);
void augment_grey(Image&, std::span<const double>, double, PhiloxSequence&);
void augment_affine(Image&, std::span<const double>, double, PhiloxSequence&);

}  // namespace unmask
