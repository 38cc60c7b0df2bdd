// SPDX-License-Identifier: Apache-2.0
// What layouts have in common: names, and lists that come with a dataset.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "data/frame_source.h"

namespace unmask {

[[nodiscard]] std::string lower_case(std::string text);

// "a", "b" and "c.mp4" of a/b/c.mp4; the first part of an absolute path is "/".
[[nodiscard]] std::vector<std::string> path_parts(const std::filesystem::path& path);

// The path of the first parts.
[[nodiscard]] std::filesystem::path first_parts(const std::vector<std::string>& parts, size_t count);

// The name of a video: of a file without its ending, of a folder of frames also without ".mp4" and the like
// (the paper's folders are named as the videos).
[[nodiscard]] std::string video_name(const std::filesystem::path& path, SourceKind kind);

// The video's folder, or the one above it where that is named videos or frames.
[[nodiscard]] std::filesystem::path group_folder(const std::filesystem::path& video);

// The file of that name in the folder, whatever the case of its letters; empty when there is none.
[[nodiscard]] std::filesystem::path file_ignoring_case(const std::filesystem::path& folder,
                                                       const std::string& name);

// Whether everything in `folder` lies in `root`, so that all that a list there names should have been found.
[[nodiscard]] bool lies_below(const std::filesystem::path& folder, const std::filesystem::path& root);

// A dataset's list of videos: entries by the video's name, and which of them were met on disk.
template <class Entry>
class Listing {
  public:
    Listing() = default;
    explicit Listing(std::filesystem::path file) : file_(std::move(file)) {}

    // False when the video is there already.
    bool add(const std::string& video, Entry entry) {
        return entries_.emplace(video, std::move(entry)).second;
    }

    // The video's entry, or nothing.
    const Entry* find(const std::string& video) const {
        const auto entry = entries_.find(video);
        if (entry == entries_.end()) return nullptr;
        met_.insert(video);
        return &entry->second;
    }
    [[nodiscard]] const std::filesystem::path& file() const { return file_; }  // empty: there is no list
    [[nodiscard]] size_t size() const { return entries_.size(); }

    // The first video that was never asked for; nothing when all were.
    [[nodiscard]] std::string first_missing(size_t& count) const {
        count = entries_.size() - met_.size();
        for (const auto& [video, entry] : entries_)
            if (met_.count(video) == 0) return video;
        return {};
    }

  private:
    std::filesystem::path file_;
    std::map<std::string, Entry> entries_;
    mutable std::set<std::string> met_;
};

// Something that is read once for each folder that it is asked for.
template <class Value>
class PerFolder {
  public:
    using Read = std::function<Value(const std::filesystem::path& folder)>;
    explicit PerFolder(Read read) : read_(std::move(read)) {}
    const Value& of(const std::filesystem::path& folder) const {
        const auto known = values_.find(folder);
        return known != values_.end() ? known->second : values_.emplace(folder, read_(folder)).first->second;
    }
    [[nodiscard]] const std::map<std::filesystem::path, Value>& all() const { return values_; }

  private:
    Read read_;
    mutable std::map<std::filesystem::path, Value> values_;
};

// "N of M videos that FILE lists are not there, such as …" for each list that lies in `root` and misses some.
template <class Entry>
void add_listing_notice(const Listing<Entry>& listing, const std::filesystem::path& root,
                        std::vector<std::string>& notices) {
    size_t missing = 0;
    const std::string first = listing.first_missing(missing);
    if (missing == 0 || !lies_below(listing.file().parent_path(), root)) return;
    notices.push_back(std::to_string(missing) + " of " + std::to_string(listing.size()) + " videos that " +
                      listing.file().string() + " lists are not there, such as " + first);
}

}  // namespace unmask
