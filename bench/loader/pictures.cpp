// SPDX-License-Identifier: Apache-2.0
#include "bench/loader/pictures.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>

#include "data/picture.h"
#include "data/synthetic/face.h"
#include "engine/error.h"

namespace unmask {
namespace {

constexpr size_t pictures = 64;

std::vector<Image> pictures_of(const std::filesystem::path& folder, int size) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        if (looks_like_picture(entry.path())) files.push_back(entry.path());
    if (files.empty()) fail("{}: no pictures to measure with", folder.string());
    std::ranges::sort(files);
    std::vector<Image> result;
    for (size_t i = 0; i < pictures; ++i) {
        const Image picture = read_picture(files[i % files.size()]);
        const int side = std::min(picture.width, picture.height);
        const Box square{(picture.width - side) / 2, (picture.height - side) / 2, side, side};
        result.push_back(resize(crop(picture, square), size, size));
    }
    return result;
}

std::vector<Image> drawn(int size) {
    std::vector<Image> result;
    for (size_t i = 0; i < pictures; ++i)
        result.push_back(draw_face(make_identity(i), make_view(i), size).image);
    return result;
}

}  // namespace

const std::vector<Image>& bench_pictures(int size) {
    static std::map<int, std::vector<Image>> made;
    const auto [place, fresh] = made.try_emplace(size);
    if (fresh) {
        const char* folder = std::getenv("UNMASK_BENCH_PICTURES");
        place->second = folder != nullptr ? pictures_of(folder, size) : drawn(size);
    }
    return place->second;
}

}  // namespace unmask
