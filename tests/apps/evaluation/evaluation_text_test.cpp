// SPDX-License-Identifier: Apache-2.0
#include "apps/evaluation/evaluation_text.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "data/csv_file.h"
#include "data/prepare/prepare.h"
#include "engine/atomic_file.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

// Two real and four fake videos of two frames, two methods with the same ids.
std::vector<ManifestRow> rows_of(const std::string& dataset) {
    std::vector<ManifestRow> rows;
    for (const char* method : {"original", "swap", "re|enact"})
        for (const char* video : {"1", "2"})
            for (int64_t frame = 0; frame < 2; ++frame)
                rows.push_back({.path = "x.png",
                                .video = video,
                                .split = "test",
                                .dataset = dataset,
                                .method = method,
                                .label = method == std::string("original") ? 0 : 1,
                                .frame = frame});
    return rows;
}

DatasetEvaluation evaluation_of(const std::string& dataset, const std::filesystem::path& manifest) {
    DatasetEvaluation result;
    result.rows = rows_of(dataset);
    for (size_t i = 0; i < result.rows.size(); ++i)
        result.scores.push_back(result.rows[i].label == 1 ? 0.3 + 0.05 * double(i) : 0.15 * double(i));
    result.protocol = {.model = "m.safetensors",
                       .data = manifest.string(),
                       .split = "test",
                       .input_size = 64,
                       .threshold = 0.5,
                       .bootstrap = {200, 5}};
    describe_rows(result.protocol, result.rows, manifest);
    result.evaluation = evaluate_scores(result.rows, result.scores, 0.5, {200, 5});
    return result;
}

class EvaluationText : public testing::Test {
  protected:
    EvaluationText() {
        write_crop_settings(folder_ / "a.csv", {.size = 256, .margin = 1.3, .detector = "dlib"});
        both_ = {evaluation_of("first", folder_ / "a.csv"), evaluation_of("second", folder_ / "a.csv")};
    }
    TemporaryFolder folder_;
    std::vector<DatasetEvaluation> both_;
};

void expect_all(const std::string& text, const std::vector<std::string>& parts) {
    for (const std::string& part : parts)
        EXPECT_NE(text.find(part), std::string::npos) << "expected '" << part << "' in\n" << text;
}

TEST_F(EvaluationText, TheTableNamesProtocolLevelsAndIntervals) {
    const std::string text = evaluation_text(both_);
    expect_all(text,
               {"first: ", "split test, 6 videos of 2 pictures, compression unknown",
                "crop 256 px, margin 1.3, dlib, input 64 px", "model m.safetensors", "ACC at threshold 0.5",
                "200 resamples of the videos, seed 5", "first frames", "second videos",
                "first first/swap frames", "first frames: expected calibration error", "not calibrated"});
    // Each line of figures is followed by its intervals: 2 data sets · 3 groups · 2 levels. A line on the
    // calibration of each data set ends the table.
    EXPECT_EQ(std::ranges::count(text, '\n'), 2 + 1 + 1 + 1 + 24 + 2) << text;
}

TEST_F(EvaluationText, MarkdownHasTheProtocolInEveryLine) {
    const std::string text = evaluation_markdown(both_);
    expect_all(text,
               {"| data | split | frames a video | compression | crop | corruption | level |",
                "| first | test | 2 | unknown | 256 px, margin 1.3, dlib | none | video | all | 2 | 4 |",
                "first/re\\|enact", "model m.safetensors"});
    std::istringstream lines(text);
    int64_t columns = 0;
    for (std::string line; std::getline(lines, line) && line.starts_with("|");) {
        int64_t count = 0;
        for (size_t i = 0; i < line.size(); ++i) count += line[i] == '|' && line[i - (i > 0)] != '\\';
        if (columns == 0) columns = count;
        EXPECT_EQ(count, columns) << line;
    }
    EXPECT_EQ(columns, 16);
}

TEST_F(EvaluationText, CsvAndJsonHoldTheFiguresInFull) {
    measure_calibration(both_[0], {});
    measure_calibration(both_[1], Calibration{.temperature = 2, .thresholds = {}, .data = ""});
    write_file_atomically(folder_ / "out.csv", evaluation_csv(both_));
    const std::vector<CsvRecord> records = read_csv(folder_ / "out.csv");
    ASSERT_EQ(records.size(), 13u);
    const auto column = [&](const std::string& name) {
        const auto found = std::ranges::find(records[0].fields, name);
        EXPECT_NE(found, records[0].fields.end()) << name;
        return size_t(found - records[0].fields.begin());
    };
    const auto json = nlohmann::json::parse(evaluation_answer(both_));
    ASSERT_EQ(json["results"].size(), 2u);
    const auto& result = json["results"][1];
    EXPECT_EQ(result["name"], "second");
    EXPECT_EQ(result["protocol"]["frames_a_video"], (std::vector<int>{2, 2}));
    EXPECT_EQ(result["protocol"]["crop"], "256 px, margin 1.3, dlib");
    EXPECT_EQ(result["protocol"]["bootstrap"]["resamples"], 200);
    EXPECT_EQ(result["video"]["fake"], 4);
    EXPECT_EQ(result["methods"].size(), 2u);
    const EvaluationScores& all = both_[1].evaluation.all;
    EXPECT_EQ(result["video"]["auc"], *all.video.auc);
    EXPECT_EQ(result["video"]["intervals"]["auc"][0], all.video_intervals.auc->low);
    const CsvRecord& line = records[8];  // the second data set's videos
    EXPECT_EQ(line.fields[column("dataset")], "second");
    EXPECT_EQ(line.fields[column("level")], "video");
    EXPECT_EQ(line.fields[column("threshold")], "0.5");
    EXPECT_EQ(std::stod(line.fields[column("auc")]), *all.video.auc);
    EXPECT_EQ(std::stod(line.fields[column("log_loss_high")]), all.video_intervals.log_loss->high);
    // The calibration is that of all frames, and stands in their lines alone.
    const CsvRecord& frames = records[7];
    EXPECT_EQ(frames.fields[column("level")], "frame");
    EXPECT_EQ(frames.fields[column("temperature")], "2");
    EXPECT_EQ(std::stod(frames.fields[column("ece")]), *both_[1].calibration_error.before);
    EXPECT_EQ(std::stod(frames.fields[column("calibrated_ece")]), *both_[1].calibration_error.after);
    EXPECT_NE(*both_[1].calibration_error.before, *both_[1].calibration_error.after);
    EXPECT_EQ(line.fields[column("ece")], "");
    EXPECT_EQ(records[1].fields[column("temperature")], "");  // the first has no calibration
    EXPECT_EQ(records[1].fields[column("calibrated_ece")], "");
    EXPECT_NE(records[1].fields[column("ece")], "");
}

TEST_F(EvaluationText, UnevenVideosAndUnknownCropsAreSaid) {
    std::vector<ManifestRow> rows = rows_of("");
    rows.pop_back();
    Protocol protocol;
    describe_rows(protocol, rows, folder_ / "elsewhere" / "faces.csv");
    EXPECT_EQ(protocol.name, "faces.csv");
    EXPECT_EQ(frames_text(protocol), "1-2");
    EXPECT_EQ(protocol.crop, "unknown");
    EXPECT_EQ(protocol.videos, 6);
}

}  // namespace
}  // namespace unmask
