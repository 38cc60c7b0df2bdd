// SPDX-License-Identifier: Apache-2.0
// Frames that carry their own number, readable after lossy compression, and files made of them.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "data/video_writer.h"

namespace unmask {

// The number as ten bars, white for a set bit, the lowest on the left; the top half brightens with the
// number.
inline Image numbered_frame(int number, int width = 160, int height = 96) {
    Image image(width, height);
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x) {
            const bool bar = y >= height / 2 && (number >> (x * 10 / width) & 1);
            std::fill_n(image.at(x, y), 3, uint8_t(y < height / 2 ? 40 + number % 160 : bar ? 235 : 20));
        }
    return image;
}

inline int read_number(const Image& image) {
    int number = 0;
    for (int bit = 0; bit < 10; ++bit)
        if (*image.at((2 * bit + 1) * image.width / 20, image.height * 3 / 4) > 128) number |= 1 << bit;
    return number;
}

inline void write_numbered_video(const std::filesystem::path& path, int frames,
                                 const VideoWriterOptions& options = {}, int first = 0) {
    VideoWriter writer(path, 160, 96, 25, options);
    for (int i = 0; i < frames; ++i) writer.add(numbered_frame(first + i));
    writer.finish();
}

inline std::string file_content(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

inline void write_content(const std::filesystem::path& path, const std::string& content) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << content;
}

}  // namespace unmask
