// SPDX-License-Identifier: Apache-2.0
#include "data/layouts/picture_folders.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "data/layouts/listing.h"
#include "engine/error.h"

namespace unmask {
namespace {

namespace fs = std::filesystem;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// The name with "#" for every number.
std::string without_numbers(const std::string& name) {
    std::string text;
    for (const char c : name) {
        if (!is_digit(c))
            text += c;
        else if (text.empty() || text.back() != '#')
            text += '#';
    }
    return text;
}

bool is_named(const fs::path& folder, const char* name) {
    return lower_case(folder.filename().string()) == name;
}

}  // namespace

PictureRule parse_picture_rule(std::string_view text) {
    if (text == "auto") return PictureRule::automatic;
    if (text == "photos") return PictureRule::photos;
    if (text == "frames") return PictureRule::frames;
    fail("expected auto, photos or frames, found \"{}\"", text);
}

bool are_numbered(const std::vector<fs::path>& pictures) {
    std::map<std::string, size_t> counts;
    size_t most = 0;
    for (const fs::path& picture : pictures) {
        const std::string name = without_numbers(picture.stem().string());
        if (name.find('#') != std::string::npos) most = std::max(most, ++counts[name]);
    }
    return most > 0 && 2 * most >= pictures.size();
}

void PictureFolders::add_photo(const fs::path& picture) {
    const fs::path folder = picture.parent_path();
    if (is_named(folder, "real")) beside_photos_.insert(folder.parent_path());
}

void PictureFolders::add_folder(const fs::path& folder) {
    const fs::path above = folder.parent_path();
    if (is_named(above, "real")) beside_clips_.insert(above.parent_path());
}

bool PictureFolders::holds_photos(const fs::path& folder, const std::vector<fs::path>& pictures) {
    if (rule_ != PictureRule::automatic) return rule_ == PictureRule::photos;
    if (!are_numbered(pictures)) return true;
    if (!is_named(folder.parent_path(), "fake")) return false;
    // fake/METHOD/ with photos, or fake/CLIP/ with frames: real/ tells.
    const fs::path set = folder.parent_path().parent_path();
    const bool photos = beside_photos_.contains(set), clips = beside_clips_.contains(set);
    if (photos && clips) as_photos_.add(folder);
    if (!photos && !clips && pictures.size() > 1) as_clips_.add(folder);
    return photos;
}

void PictureFolders::add_notices(std::vector<std::string>& notices) const {
    if (as_clips_.count > 0)
        notices.push_back(fmt::format(
            "{}: its numbered pictures are taken as the frames of one clip ({} such {} below fake/); "
            "--pictures photos takes each for itself, with the folder as method",
            as_clips_.first.string(), as_clips_.count, as_clips_.count == 1 ? "folder" : "folders"));
    if (as_photos_.count > 0)
        notices.push_back(fmt::format(
            "{}: its numbered pictures are taken as photos, since real/ holds photos beside folders ({} such "
            "{} below fake/); --pictures frames makes each folder a clip",
            as_photos_.first.string(), as_photos_.count, as_photos_.count == 1 ? "folder" : "folders"));
}

}  // namespace unmask
