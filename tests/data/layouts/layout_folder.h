// SPDX-License-Identifier: Apache-2.0
// A dataset's layout, built in a temporary folder.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "data/layouts/layout.h"
#include "data/picture.h"
#include "tests/data/numbered_frames.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace unmask {

using Names = std::vector<std::string>;

class LayoutFolder : public ::testing::Test {
  protected:
    // A file that is a video by its name; finding does not open it.
    void add(const std::string& name, const std::string& content = "x") {
        write_content(folder / name, content);
    }
    void add_picture(const std::string& name) {
        std::filesystem::create_directories((folder / name).parent_path());
        write_png(folder / name, Image(4, 4));
    }
    std::map<std::string, SourceVideo> find(const std::string& below = "", std::optional<int> label = {}) {
        std::map<std::string, SourceVideo> by_id;
        notices.clear();
        for (const SourceVideo& video : find_videos(folder / below, label, {}, &notices))
            by_id[video.video] = video;
        return by_id;
    }
    Names ids(const std::string& below = "", std::optional<int> label = {}) {
        Names names;
        for (const auto& [id, video] : find(below, label)) names.push_back(id);
        return names;
    }
    TemporaryFolder folder;
    std::vector<std::string> notices;
};

}  // namespace unmask
