// SPDX-License-Identifier: Apache-2.0
// A data set for tests that a small network learns in a few steps: noise around grey, the fake ones with a
// brighter square.
#pragma once

#include <fmt/format.h>

#include <filesystem>

#include "data/manifest.h"
#include "data/picture.h"
#include "engine/philox.h"

namespace unmask {

inline Image tiny_face(bool fake, uint64_t number, int size = 32) {
    PhiloxSequence random(5, fake ? "tiny.fake" : "tiny.real", number);
    Image image(size, size);
    for (uint8_t& value : image.pixels) value = uint8_t(90 + random.below(60));
    if (!fake) return image;
    const int left = int(random.below(uint64_t(size / 4))), top = int(random.below(uint64_t(size / 4)));
    for (int y = top; y < top + size / 2; ++y)
        for (int x = left; x < left + size / 2; ++x)
            for (int c = 0; c < 3; ++c) image.at(x, y)[c] = uint8_t(image.at(x, y)[c] + 40);
    return image;
}

// Pictures and folder/faces.csv, half of each split fake, two frames a video; returns the manifest's path.
inline std::filesystem::path write_tiny_faces(const std::filesystem::path& folder, int train, int val,
                                              int test) {
    Manifest manifest{.directory = folder, .rows = {}};
    const auto add = [&](const char* split, int count) {
        for (int i = 0; i < count; ++i) {
            const bool fake = i % 2 == 1;
            const std::string name = fmt::format("{}-{}.png", split, i);
            write_png(folder / name, tiny_face(fake, fnv1a64(name)));
            manifest.rows.push_back({.path = name,
                                     .video = fmt::format("{}-{}", split, i / 4),
                                     .split = split,
                                     .dataset = "tiny",
                                     .method = fake ? "square" : "original",
                                     .label = fake ? 1 : 0,
                                     .frame = i / 2 % 2});
        }
    };
    add("train", train);
    add("val", val);
    add("test", test);
    write_manifest(folder / "faces.csv", manifest);
    return folder / "faces.csv";
}

}  // namespace unmask
