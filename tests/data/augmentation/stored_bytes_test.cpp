// SPDX-License-Identifier: Apache-2.0
// What the augmentations make of fixed pictures, against hashes that were taken when each was one function
// that drew and changed the picture at once. A changed hash means that a run with the same seed trains on
// other pixels.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "data/augmentation/augmentation.h"

namespace unmask {
namespace {

// Smooth areas with texture, all values occur.
Image stored_picture(int width, int height) {
    Image image(width, height);
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
            for (int c = 0; c < 3; ++c)
                image.at(x, y)[c] = uint8_t(40 * c + 5 * x + 3 * y + (x * x * y + 17 * c * x) % 23);
    return image;
}

// FNV-1a over the bytes of pictures of two sizes, 12 draws each, with nothing but the one augmentation; "all"
// takes every one but jpeg.
uint64_t hash_of(const std::string& name, double strength) {
    Augmentation augmentation;
    augmentation.set_strength(strength);
    for (const Augmentation::Item& item : augmentation.items()) {
        const std::string each = item.entry->name;
        if (name != "all") augmentation.set_probability(each, each == name ? 1 : 0);
    }
    if (name == "all") augmentation.set_probability("jpeg", 0);
    std::string bytes;
    for (uint64_t sample = 0; sample < 12; ++sample)
        for (const auto& [width, height] : {std::pair{33, 47}, std::pair{64, 40}}) {
            Image image = stored_picture(width, height);
            augmentation.apply(image, 77, 3, sample);
            bytes.append(image.pixels.begin(), image.pixels.end());
        }
    return fnv1a64(bytes);
}

struct Stored {
    const char* name;
    double strength;
    uint64_t hash;
};

TEST(AugmentationBytes, AreThoseThatWereStored) {
    for (const Stored& stored : std::vector<Stored>{
             {"noise", 1, 11331274339888596148u},
             {"noise", 0.6, 15640942017242382070u},
             {"blur", 1, 10604663362008320189u},
             {"blur", 0.6, 3435894887067364695u},
             {"flip", 1, 223088881437264197u},
             {"brightness_contrast", 1, 15018003851212837643u},
             {"brightness_contrast", 0.6, 5177535168050060877u},
             {"hue_saturation", 1, 15592527227763017035u},
             {"hue_saturation", 0.6, 2736021414922043060u},
             {"grey", 1, 11055463824055366981u},
             {"grey", 0.6, 8867563538038393141u},
             {"affine", 1, 16144837705542234844u},
             {"affine", 0.5, 259250020030566274u},
             {"all", 1, 6157807251647698756u},
         })
        EXPECT_EQ(hash_of(stored.name, stored.strength), stored.hash)
            << stored.name << " " << stored.strength;
}

}  // namespace
}  // namespace unmask
