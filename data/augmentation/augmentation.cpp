// SPDX-License-Identifier: Apache-2.0
#include "data/augmentation/augmentation.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "cpu/augment_picture.h"
#include "engine/error.h"

namespace unmask {

const std::vector<AugmentationEntry>& augmentation_table() {
    static const std::vector<AugmentationEntry> table{
        {"jpeg", "compress as JPEG", 0.5, draw_jpeg, {{"quality", 60, 1, 100, "lowest quality"}}},
        {"noise",
         "add Gaussian noise",
         0.1,
         draw_noise,
         {{"deviation", 7, 0, 255, "largest deviation, of 255"}}},
        {"blur", "Gaussian blur", 0.05, draw_blur, {{"sigma", 0.8, 0, 20, "largest deviation in pixels"}}},
        {"flip", "flip left and right", 0.5, draw_flip, {}},
        {"brightness_contrast",
         "change brightness and contrast",
         0.35,
         draw_brightness_contrast,
         {{"brightness", 0.2, 0, 1, "largest change, share of the full range"},
          {"contrast", 0.2, 0, 1, "largest change of the contrast's factor"}},
         true},
        {"pca_colour",
         "shift the colours along the picture's own principal components",
         0,
         draw_pca_colour,
         {{"deviation", 0.1, 0, 10, "of the normal number that multiplies each eigenvalue"}},
         true},
        {"hue_saturation",
         "change hue and saturation",
         0.35,
         draw_hue_saturation,
         {{"hue", 20, 0, 180, "largest turn of the hue in degrees"},
          {"saturation", 0.3, 0, 1, "largest change of the saturation's factor"}},
         true},
        {"grey", "take the colour away", 0.2, draw_grey, {}},
        {"affine",
         "shift, scale and rotate",
         0.5,
         draw_affine,
         {{"shift", 0.1, 0, 1, "largest shift, share of the side"},
          {"scale", 0.2, 0, 0.9, "largest change of the size's factor"},
          {"rotate", 10, 0, 180, "largest rotation in degrees"}}},
    };
    return table;
}

Augmentation::Augmentation() {
    for (const AugmentationEntry& entry : augmentation_table()) {
        Item item{.entry = &entry, .probability = entry.probability, .parameters = {}};
        for (const AugmentationParameter& parameter : entry.parameters)
            item.parameters.push_back(parameter.value);
        items_.push_back(std::move(item));
    }
}

Augmentation::Item& Augmentation::item(std::string_view name) {
    const auto found =
        std::ranges::find_if(items_, [&](const Item& item) { return item.entry->name == name; });
    if (found != items_.end()) return *found;
    std::vector<std::string_view> names;
    for (const Item& item : items_) names.emplace_back(item.entry->name);
    fail("expected an augmentation among {}, found \"{}\"", fmt::join(names, ", "), name);
}

void Augmentation::set_probability(std::string_view name, double probability) {
    Item& target = item(name);
    if (!(probability >= 0 && probability <= 1))
        fail("the probability of {} must be between 0 and 1, found {}", name, probability);
    target.probability = probability;
}

void Augmentation::set_parameter(std::string_view name, std::string_view parameter, double value) {
    Item& target = item(name);
    const auto& known = target.entry->parameters;
    const auto found = std::ranges::find_if(known, [&](const auto& p) { return p.name == parameter; });
    if (found == known.end()) fail("the augmentation {} has no parameter \"{}\"", name, parameter);
    if (!(value >= found->low && value <= found->high))
        fail("{} of {} must be between {} and {}, found {}", parameter, name, found->low, found->high, value);
    target.parameters[size_t(found - known.begin())] = value;
}

void Augmentation::set_strength(double strength) {
    if (!(strength >= 0 && strength <= 1))
        fail("the strength of the augmentation must be between 0 and 1, found {}", strength);
    strength_ = strength;
}

void Augmentation::set_one_of(double probability) {
    if (!(probability >= 0 && probability <= 1))
        fail("the probability of one of the colour augmentations must be between 0 and 1, found {}",
             probability);
    one_of_ = probability;
}

const Augmentation::Item* Augmentation::draw_one_of(uint64_t seed, uint64_t step) const {
    PhiloxSequence random(seed, "augmentation.one_of", step);
    if (!random.chance(one_of_)) return nullptr;
    double total = 0;
    for (const Item& item : items_) total += item.entry->in_group ? item.probability : 0;
    double place = random.uniform(0, total);
    const Item* chosen = nullptr;
    for (const Item& item : items_) {
        if (!item.entry->in_group || item.probability <= 0) continue;
        chosen = &item;
        if (place < item.probability) break;
        place -= item.probability;
    }
    return chosen;
}

AugmentationDraw Augmentation::draw(uint64_t seed, int64_t epoch, uint64_t sample, int width,
                                    int height) const {
    AugmentationDraw draw{};
    if (strength_ <= 0) return draw;
    // An epoch has far fewer than 2^40 samples, so that (epoch, sample) is one step of the stream.
    const uint64_t step = (uint64_t(epoch) << 40) | sample;
    const Item* chosen = one_of_ > 0 ? draw_one_of(seed, step) : nullptr;
    for (const Item& item : items_) {
        const bool grouped = one_of_ > 0 && item.entry->in_group;
        if (grouped ? chosen != &item : item.probability <= 0) continue;
        PhiloxSequence random(seed, std::string("augmentation.") + item.entry->name, step);
        if (grouped || random.chance(item.probability))
            item.entry->draw(item.parameters, strength_, random, width, height, draw);
    }
    return draw;
}

void Augmentation::apply(Image& image, const AugmentationDraw& draw) {
    augment_picture({image.pixels.data(), image.width, image.height}, draw);
}

void Augmentation::apply(Image& image, uint64_t seed, int64_t epoch, uint64_t sample) const {
    apply(image, draw(seed, epoch, sample, image.width, image.height));
}

}  // namespace unmask
