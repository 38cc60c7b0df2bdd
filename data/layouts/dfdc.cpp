// SPDX-License-Identifier: Apache-2.0
// The Deepfake Detection Challenge's data (Dolhansky et al. 2020):
//   dfdc_train_part_N/{metadata.json,NAME.mp4}, any folder with such a metadata.json:
//       {"x.mp4": {"label": "FAKE", "split": "train", "original": "y.mp4"}, …}, original missing or null for
//       REAL
//   test/{labels.csv,NAME.mp4}: filename,label where 1 is fake
// Who can be seen is not published: a forgery is tied to its original, nothing else. With the test folder
// beside them the training videos are train or val.
#include <algorithm>

#include "data/csv_file.h"
#include "data/json_file.h"
#include "data/layouts/listed_layout.h"
#include "engine/error.h"

namespace unmask {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

struct Entry {
    int label = 0;
    std::string original;  // the name of the video that it was made from, or its own
    std::string official;
};
using Entries = Listing<Entry>;

class DfdcLayout : public ListedLayout<Entry> {
  public:
    explicit DfdcLayout(fs::path root) : ListedLayout(std::move(root), read_list) {}

    bool describe(const fs::path& path, SourceVideo& video) const override {
        const fs::path folder = group_folder(path);
        const Entries& list = list_of(folder);
        if (list.file().empty()) return false;
        const std::string name = video_name(path, video.kind);
        const Entry& entry = listed(list, name, path);
        video.label = entry.label;
        video.dataset = "DFDC";
        video.method = entry.label == 0 ? "original" : "DFDC";
        video.video = folder.filename().string() + "/" + name;
        video.identities = {"dfdc:" + entry.original};
        video.official = entry.official;
        return true;
    }

  private:
    static Entries read_list(const fs::path& folder) {
        std::error_code ignored;
        if (fs::is_regular_file(folder / "metadata.json", ignored))
            return read_metadata(folder / "metadata.json");
        if (fs::is_regular_file(folder / "labels.csv", ignored)) return read_labels(folder / "labels.csv");
        return {};
    }

    // Empty for a file that is none of this dataset.
    static Entries read_metadata(const fs::path& file) {
        const Json json = read_json(file);
        const bool ours =
            json.is_object() && !json.empty() &&
            std::ranges::any_of(json, [](const Json& value) { return value.contains("label"); });
        if (!ours && !lower_case(file.parent_path().filename().string()).starts_with("dfdc")) return {};
        if (!ours)
            fail("{}: expected {{\"x.mp4\": {{\"label\": \"FAKE\", …}}, …}}, found {}", file.string(),
                 excerpt(json));
        std::error_code ignored;
        const fs::path above = file.parent_path().parent_path();
        const bool has_test = fs::is_regular_file(above / "test" / "labels.csv", ignored);
        Entries list(file);
        for (const auto& [name, value] : json.items()) {
            const std::string own = fs::path(name).stem().string();
            const bool fake = one_of(file, name, value, "label", "real", "fake") == "fake";
            Entry entry{fake ? 1 : 0, own, has_test ? official_rest : ""};
            if (const auto original = value.find("original"); original != value.end() && !original->is_null())
                entry.original = fs::path(text_of(file, name, "original", *original)).stem().string();
            if (const auto split = value.find("split"); split != value.end()) {
                const std::string official = text_of(file, name, "split", *split);
                if (official == "test") entry.official = "test";
                if (official == "val" || official == "validation") entry.official = "val";
            }
            add_once(list, own, entry);
        }
        return list;
    }

    static std::string text_of(const fs::path& file, const std::string& name, const char* key,
                               const Json& value) {
        if (!value.is_string())
            fail("{}: expected a text as \"{}\" of \"{}\", found {}", file.string(), key, name,
                 excerpt(value));
        return value.get<std::string>();
    }

    // Empty for a file with other columns.
    static Entries read_labels(const fs::path& file) {
        const std::vector<CsvRecord> records = read_csv(file);
        if (records.empty()) fail("{}: expected a header filename,label, found an empty file", file.string());
        const std::vector<std::string>& header = records.front().fields;
        const auto name_column = std::ranges::find(header, "filename") - header.begin();
        const auto label_column = std::ranges::find(header, "label") - header.begin();
        if (std::max(name_column, label_column) == std::ssize(header)) return {};
        Entries list(file);
        for (size_t i = 1; i < records.size(); ++i) {
            const CsvRecord& record = records[i];
            if (record.fields.size() != header.size())
                fail("{}:{}: expected {} fields as in the header, found {}", file.string(), record.line,
                     header.size(), record.fields.size());
            const std::string& label = record.fields[size_t(label_column)];
            if (label != "0" && label != "1")
                fail("{}:{}: expected label 0 (real) or 1 (fake), found \"{}\"", file.string(), record.line,
                     label);
            const std::string name = fs::path(record.fields[size_t(name_column)]).stem().string();
            if (!list.add(name, {label == "1" ? 1 : 0, name, "test"}))
                fail("{}:{}: video \"{}\" is there twice", file.string(), record.line, name);
        }
        return list;
    }
};

}  // namespace

std::unique_ptr<Layout> open_dfdc_layout(const fs::path& root) {
    return std::make_unique<DfdcLayout>(root);
}

}  // namespace unmask
