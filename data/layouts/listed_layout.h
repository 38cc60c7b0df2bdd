// SPDX-License-Identifier: Apache-2.0
// What layouts have in common whose dataset lists its videos.
#pragma once

#include <nlohmann/json.hpp>

#include "data/json_file.h"
#include "data/layouts/layout.h"
#include "data/layouts/listing.h"
#include "engine/error.h"

namespace unmask {

// A layout with a list of videos in some folders. What lists name and nobody met is told in a notice.
template <class Entry>
class ListedLayout : public Layout {
  public:
    void add_notices(std::vector<std::string>& notices) const override {
        for (const auto& [folder, list] : lists_.all()) add_listing_notice(list, root_, notices);
    }

  protected:
    // `read` gives a folder's list, without a file where it has none.
    ListedLayout(std::filesystem::path root, typename PerFolder<Listing<Entry>>::Read read)
        : root_(std::move(root)), lists_(std::move(read)) {}

    [[nodiscard]] const Listing<Entry>& list_of(const std::filesystem::path& folder) const {
        return lists_.of(folder);
    }
    // Error for a video that the list does not name: nothing else says what it is.
    static const Entry& listed(const Listing<Entry>& list, const std::string& video,
                               const std::filesystem::path& path) {
        const Entry* entry = list.find(video);
        if (entry == nullptr)
            fail("{}: the video is not in {}, which says what is real and fake", path.string(),
                 list.file().string());
        return *entry;
    }
    // Error for a video that the list names twice.
    static void add_once(Listing<Entry>& list, const std::string& video, Entry entry) {
        if (!list.add(video, std::move(entry)))
            fail("{}: two videos are named \"{}\"", list.file().string(), video);
    }

  private:
    std::filesystem::path root_;
    PerFolder<Listing<Entry>> lists_;
};

// The lower-case text below `key` in what the list says of a video: `first` or `second`, in any case. Error
// for anything else.
[[nodiscard]] std::string one_of(const std::filesystem::path& file, const std::string& video,
                                 const nlohmann::json& value, const char* key, const char* first,
                                 const char* second);

}  // namespace unmask
