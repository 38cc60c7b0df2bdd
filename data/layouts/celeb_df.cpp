// SPDX-License-Identifier: Apache-2.0
// Celeb-DF v1 and v2 (Li et al. 2020), their folders' names in any case, `videos` or `frames` below or not:
//   Celeb-real/idA_NNNN.mp4   YouTube-real/NNNNN.mp4   Celeb-synthesis/idA_idB_NNNN.mp4
// List_of_testing_videos.txt beside them holds lines "1 YouTube-real/00170.mp4", where 1 is real and 0 fake.
// It is the only official list: the other videos are train or val. A_B shows A with B's face.
#include <fstream>

#include "data/file_magic.h"
#include "data/layouts/listed_layout.h"
#include "engine/error.h"

namespace unmask {
namespace {

namespace fs = std::filesystem;

struct Group {
    const char* name;
    int label;
};
constexpr Group groups[] = {{"Celeb-real", 0}, {"YouTube-real", 0}, {"Celeb-synthesis", 1}};

const Group* group_of(const std::string& folder) {
    for (const Group& group : groups)
        if (lower_case(folder) == lower_case(group.name)) return &group;
    return nullptr;
}

struct Testing {};  // that a video is in the list says everything

class CelebLayout : public ListedLayout<Testing> {
  public:
    explicit CelebLayout(fs::path root) : ListedLayout(std::move(root), read_list) {}

    bool describe(const fs::path& path, SourceVideo& video) const override {
        const std::vector<std::string> parts = path_parts(path);
        const Group* group = nullptr;
        size_t top = 0;
        for (size_t i = 0; i + 1 < parts.size(); ++i)
            if (const Group* found = group_of(parts[i])) {
                group = found;
                top = i;
            }
        if (group == nullptr) return false;
        const fs::path folder = first_parts(parts, top);
        const Listing<Testing>& list = list_of(folder);
        const std::string name = video_name(path, video.kind);
        video.label = group->label;
        video.dataset = dataset_name(folder, list.size());
        video.method = group->label == 0 ? "original" : group->name;
        video.video = std::string(group->name) + "/" + name;
        video.identities = identities(*group, name);
        const bool tested = list.find(lower_case(video.video)) != nullptr;
        video.official = tested ? "test" : list.size() > 0 ? official_rest : "";
        return true;
    }

  private:
    // The second version holds the first one's people under the same numbers: both say "celeb".
    static std::vector<std::string> identities(const Group& group, const std::string& name) {
        const bool celebrity = &group != &groups[1];
        std::vector<std::string> found;
        for (size_t start = 0; celebrity && start < name.size();) {
            const size_t end = std::min(name.find('_', start), name.size());
            if (name.compare(start, 2, "id") == 0)
                found.push_back("celeb:" + name.substr(start, end - start));
            start = end + 1;
        }
        if (found.empty()) found.push_back("celeb:" + std::string(group.name) + "/" + name);
        return found;
    }

    static std::string dataset_name(const fs::path& folder, size_t testing) {
        const std::string name = lower_case(folder.filename().string());
        if (name.find("v2") != std::string::npos || testing == 518) return "Celeb-DF-v2";
        if (name.find("v1") != std::string::npos || testing == 100) return "Celeb-DF-v1";
        return "Celeb-DF";
    }

    static Listing<Testing> read_list(const fs::path& folder) {
        const fs::path file = file_ignoring_case(folder, "List_of_testing_videos.txt");
        if (file.empty()) return {};
        check_readable_file(file);
        Listing<Testing> list(file);
        std::ifstream stream(file);
        int64_t number = 0;
        for (std::string line; std::getline(stream, line);) {
            ++number;
            while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
            if (line.empty()) continue;
            const fs::path video = line.substr(std::min<size_t>(line.size(), 2));
            const Group* group = group_of(video.parent_path().string());
            if (line.size() < 3 || (line[0] != '0' && line[0] != '1') || line[1] != ' ' || group == nullptr)
                fail("{}:{}: expected a line such as \"1 YouTube-real/00170.mp4\", found \"{}\"",
                     file.string(), number, line);
            if ((line[0] == '1') != (group->label == 0))
                fail("{}:{}: expected 1 for real and 0 for fake videos, found \"{}\"", file.string(), number,
                     line);
            list.add(lower_case(std::string(group->name) + "/" + video.stem().string()), {});
        }
        if (list.size() == 0) fail("{}: expected the names of videos, found none", file.string());
        return list;
    }
};

}  // namespace

std::unique_ptr<Layout> open_celeb_df_layout(const fs::path& root) {
    return std::make_unique<CelebLayout>(root);
}

}  // namespace unmask
