// SPDX-License-Identifier: Apache-2.0
// Whether the pictures in a folder are the frames of one clip, or photos that stand each for itself.
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace unmask {

// automatic: as PictureFolders decides; photos, frames: all folders of no known dataset alike.
enum class PictureRule { automatic, photos, frames };

// "auto", "photos" and "frames"; Error for other texts.
[[nodiscard]] PictureRule parse_picture_rule(std::string_view text);

// Whether at least half of the names are one name with other numbers, as frames are called.
[[nodiscard]] bool are_numbered(const std::vector<std::filesystem::path>& pictures);

// Decides about the folders of a dataset that no known layout describes. Numbered pictures are frames: photos
// taken for a clip are said by a notice, while a clip taken for photos would lie on several sides of a split
// unseen. Only numbered pictures in fake/METHOD/ are photos where photos lie in real/ beside that fake/.
class PictureFolders {
  public:
    explicit PictureFolders(PictureRule rule) : rule_(rule) {}

    // What was found, all of it before the first question: a picture that stands for itself, a folder with
    // pictures.
    void add_photo(const std::filesystem::path& picture);
    void add_folder(const std::filesystem::path& folder);

    // Whether the folder's pictures are photos.
    [[nodiscard]] bool holds_photos(const std::filesystem::path& folder,
                                    const std::vector<std::filesystem::path>& pictures);

    // After the questions: the decisions that real/ does not bear out, and how to decide otherwise.
    void add_notices(std::vector<std::string>& notices) const;

  private:
    struct Doubtful {
        int64_t count = 0;
        std::filesystem::path first;
        void add(const std::filesystem::path& folder) {
            if (count++ == 0) first = folder;
        }
    };

    PictureRule rule_;
    std::set<std::filesystem::path> beside_photos_, beside_clips_;  // folders that hold such a real/
    Doubtful as_clips_, as_photos_;
};

}  // namespace unmask
