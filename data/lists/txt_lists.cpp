// SPDX-License-Identifier: Apache-2.0
// The frame lists of the paper's code.
#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <system_error>

#include "data/file_magic.h"
#include "data/lists/listed_video.h"
#include "data/lists/path_mapping.h"
#include "engine/error.h"

namespace unmask {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view corrupt = "manipulated_sequenceswap/",
                           repaired = "manipulated_sequences/FaceSwap/";

const TxtList* list_named(const std::string& file) {
    const auto found = std::ranges::find(txt_lists(), file, &TxtList::file);
    return found == txt_lists().end() ? nullptr : &*found;
}

// No CSV: nothing is quoted, and the folder may hold commas.
ListedVideo read_line(const std::string& where, const std::string& line, const TxtList& list) {
    const size_t first = line.find(','), last = line.rfind(',');
    const std::string label = line.substr(0, std::min(first, line.size()));
    const std::string count = last == std::string::npos ? "" : line.substr(last + 1);
    if (first == last || (label != "0" && label != "1") || count.empty() ||
        count.find_first_not_of("0123456789") != std::string::npos)
        fail("{}: expected label,folder,frame count such as \"1,/data/071_054.mp4,270\", found \"{}\"", where,
             line.substr(0, 200));
    if (label != (list.label == 0 ? "0" : "1"))
        fail("{}: expected label {} in {}, found {}", where, list.label, list.file, label);
    ListedVideo video;
    video.where = where;
    video.split = list.split;
    video.label = list.label;
    video.folder = line.substr(first + 1, last - first - 1);
    return video;
}

void read_list(const fs::path& file, const TxtList& list, ListContent& content) {
    const std::vector<uint8_t> bytes = read_file(file, uintmax_t{1} << 30);
    std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    int64_t number = 0, repairs = 0, first_repair = 0;
    while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size());
        std::string line(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        ++number;
        while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
        if (line.empty()) continue;
        ListedVideo video = read_line(fmt::format("{}:{}", file.string(), number), line, list);
        video.folder = plain_path(video.folder, video.where);
        if (const size_t at = video.folder.find(corrupt); at != std::string::npos) {
            video.folder.replace(at, corrupt.size(), repaired);
            if (repairs++ == 0) first_repair = number;
        }
        content.videos.push_back(std::move(video));
    }
    if (repairs > 0)
        content.notices.push_back(fmt::format("{}: {} lines from line {} on read {} and were repaired to {}",
                                              file.string(), repairs, first_repair, corrupt, repaired));
}

}  // namespace

const std::vector<TxtList>& txt_lists() {
    static const std::vector<TxtList> lists{{"train_real.txt", "train", 0}, {"train_fake.txt", "train", 1},
                                            {"val_real.txt", "val", 0},     {"val_fake.txt", "val", 1},
                                            {"test_real.txt", "test", 0},   {"test_fake.txt", "test", 1}};
    return lists;
}

bool has_txt_lists(const fs::path& path) {
    std::error_code ignored;
    if (!fs::is_directory(path, ignored)) return list_named(path.filename().string()) != nullptr;
    return std::ranges::any_of(txt_lists(),
                               [&](const TxtList& list) { return fs::exists(path / list.file, ignored); });
}

ListContent read_txt_lists(const fs::path& path) {
    ListContent content;
    std::error_code ignored;
    if (!fs::is_directory(path, ignored)) {
        const TxtList* list = list_named(path.filename().string());
        if (list == nullptr)
            fail(
                "{}: expected a list named {{train,val,test}}_{{real,fake}}.txt, which says its split and "
                "label",
                path.string());
        content.folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
        read_list(path, *list, content);
        return content;
    }
    content.folder = path;
    std::string missing;
    for (const TxtList& list : txt_lists()) {
        if (fs::exists(path / list.file, ignored))
            read_list(path / list.file, list, content);
        else
            missing += (missing.empty() ? "" : ", ") + std::string(list.file);
    }
    if (!missing.empty()) content.notices.push_back(fmt::format("{}: no {}", path.string(), missing));
    return content;
}

}  // namespace unmask
