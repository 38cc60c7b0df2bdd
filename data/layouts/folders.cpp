// SPDX-License-Identifier: Apache-2.0
// The plain layout: whatever lies below a folder named real is real, below a folder named fake is fake; the
// first folder below fake names the method where there is one above the video.
#include "data/layouts/layout.h"
#include "data/layouts/listing.h"

namespace unmask {
namespace {

namespace fs = std::filesystem;

class FoldersLayout : public Layout {
  public:
    explicit FoldersLayout(const fs::path& root)
        : root_(fs::is_directory(root) ? root : root.parent_path()) {}

    bool describe(const fs::path& path, SourceVideo& video) const override {
        // The given folder's own name counts too: "prepare data/real".
        const fs::path relative = root_.filename() / path.lexically_relative(root_);
        const std::vector<std::string> parts = path_parts(relative);
        for (size_t i = parts.size() - 1; i-- > 0;) {
            const int label = label_of(parts[i]);
            if (label < 0) continue;
            const bool named_method = label == 1 && i + 2 < parts.size();
            video.label = label;
            video.dataset = i > 0 ? parts[0] : root_.parent_path().filename().string();
            if (video.dataset.empty()) video.dataset = "folders";
            video.method = label == 0 ? "original" : named_method ? parts[i + 1] : "fake";
            fs::path id;
            for (size_t k = 1; k < parts.size(); ++k) id /= parts[k];
            if (i == 0) id = parts[0] / id;
            if (video.kind != SourceKind::folder) id.replace_extension();
            video.video = id.generic_string();
            video.identities = {video.dataset + ":" + video.video};
            return true;
        }
        return false;
    }

  private:
    static int label_of(const std::string& folder) {
        const std::string name = lower_case(folder);
        return name == "real" ? 0 : name == "fake" ? 1 : -1;
    }

    fs::path root_;
};

}  // namespace

std::unique_ptr<Layout> open_folders_layout(const fs::path& root) {
    return std::make_unique<FoldersLayout>(root);
}

}  // namespace unmask
