// SPDX-License-Identifier: Apache-2.0
#include "apps/evaluation/score_file.h"

#include <fmt/format.h>

#include <charconv>
#include <string>

#include "data/csv_file.h"
#include "engine/atomic_file.h"
#include "engine/error.h"

namespace unmask {
namespace {

const std::vector<std::string> columns{"path", "dataset", "method", "video", "frame", "label", "score"};

template <class Number>
bool parse(const std::string& text, Number& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

void write_scores(const std::filesystem::path& path, std::span<const ManifestRow> rows,
                  std::span<const double> scores) {
    UNMASK_ASSERT(rows.size() == scores.size());
    std::string text = "path,dataset,method,video,frame,label,score\n";
    for (size_t i = 0; i < rows.size(); ++i)
        text += fmt::format("{},{},{},{},{},{},{}\n", csv_field(rows[i].path), csv_field(rows[i].dataset),
                            csv_field(rows[i].method), csv_field(rows[i].video), rows[i].frame,
                            label_name(rows[i].label), scores[i]);
    write_file_atomically(path, text);
}

ScoredRows read_scores(const std::filesystem::path& path) {
    const std::vector<CsvRecord> records = read_csv(path);
    if (records.empty() || records[0].fields != columns)
        fail("{}: expected the columns path, dataset, method, video, frame, label, score", path.string());
    ScoredRows result;
    for (size_t i = 1; i < records.size(); ++i) {
        const std::vector<std::string>& fields = records[i].fields;
        ManifestRow row;
        double score = 0;
        if (fields.size() != columns.size() || !parse(fields[4], row.frame) || parse_label(fields[5]) < 0 ||
            !parse(fields[6], score) || !(score >= 0 && score <= 1))
            fail("{}:{}: expected a row of scores, found {} fields", path.string(), records[i].line,
                 fields.size());
        row.path = fields[0];
        row.dataset = fields[1];
        row.method = fields[2];
        row.video = fields[3];
        row.label = parse_label(fields[5]);
        result.rows.push_back(std::move(row));
        result.scores.push_back(score);
    }
    return result;
}

}  // namespace unmask
