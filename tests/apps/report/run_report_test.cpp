// SPDX-License-Identifier: Apache-2.0
#include "apps/report/run_report.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "tests/apps/report/browser.h"
#include "tests/apps/report/example_run.h"
#include "tests/support/expect_error.h"
#include "tests/support/text_count.h"

namespace unmask {
namespace {

void expect_all(const std::string& text, const std::vector<std::string>& parts) {
    for (const std::string& part : parts) EXPECT_NE(text.find(part), std::string::npos) << part;
}

const std::vector<std::string> titles{"Whole loss",
                                      "Classification",
                                      "Global information",
                                      "Validation AUC",
                                      "Validation log loss",
                                      "ROC curve",
                                      "Scores of frames",
                                      "Scores of videos",
                                      "Confusion matrix of frames, threshold 0.5",
                                      "Confusion matrix of videos, threshold 0.5",
                                      "Learning rate"};

TEST(RunReport, HoldsTheCurvesTheScoresAndTheProtocol) {
    const TemporaryFolder folder;
    write_example_run(folder / "run");
    const std::string page = run_report(folder / "run");
    for (const std::string& title : titles) expect_all(page, {"<title>" + title + "</title>"});
    EXPECT_EQ(page.find("Local information"), std::string::npos);  // it was switched off
    EXPECT_EQ(count_of("<svg role=\"img\"", page), count_of("<desc>", page));
    expect_all(page, {"60 videos of 4 pictures", "<h1>Training run “run”</h1>", "example &amp; co",
                      "/data/&lt;faces&gt;.csv", "95% interval", "1000 resamples of the videos",
                      "optimization.batch", "0123456789abcdef", "12 of 12"});
    EXPECT_EQ(page.find("http"), std::string::npos);
    EXPECT_EQ(page.find("<script"), std::string::npos);
    EXPECT_EQ(page.find("nan"), std::string::npos);
    EXPECT_LT(page.size(), 200000u);
    expect_all(run_report(folder / "run" / ""), {"<h1>Training run “run”</h1>"});
}

TEST(RunReport, ValidationIsDrawnNoFurtherThanItCanBe) {
    const TemporaryFolder folder;
    write_example_run(folder / "run");
    std::vector<EpochRecord> epochs = example_epochs(3);
    for (EpochRecord& epoch : epochs)
        for (BinaryMetrics* metrics : {&epoch.validation->frame, &epoch.validation->video}) {
            metrics->auc = 1;
            metrics->log_loss = 2;
        }
    TrainOptions options;
    write_file_atomically(
        folder / "run" / "run.json",
        run_json(RunRecord{.status = "done", .best_epoch = 1, .epochs = epochs}, train_settings(options)));
    const std::string page = run_report(folder / "run");
    const auto chart = [&](const std::string& title) {
        const size_t begin = page.find("<title>" + title + "</title>");
        return begin == std::string::npos ? "" : page.substr(begin, page.find("</svg>", begin) - begin);
    };
    expect_all(chart("Validation AUC"), {">1</text>"});
    EXPECT_EQ(chart("Validation AUC").find(">1.0"), std::string::npos);
    expect_all(chart("Validation log loss"), {">2</text>"});
}

TEST(RunReport, ARunWithoutValidationOrEpochsHasOneToo) {
    const TemporaryFolder folder;
    write_example_run(folder / "run", 1);
    std::filesystem::remove(folder / "run" / validation_scores_name);
    expect_all(run_report(folder / "run"), {"validation_scores.csv is not there", "Whole loss"});
    TrainOptions options;
    write_file_atomically(folder / "run" / "run.json",
                          run_json(RunRecord{.status = "step 1: nan"}, train_settings(options)));
    expect_all(run_report(folder / "run"), {"No epoch was finished", "step 1: nan"});
}

TEST(RunReport, WhatIsNoRunIsNamed) {
    const TemporaryFolder folder;
    expect_error([&] { static_cast<void>(run_report(folder / "none")); }, {"none/run.json", "no run"});
    write_file_atomically(folder / "run.json", "{}");
    expect_error([&] { static_cast<void>(run_report(folder.path())); },
                 {"run.json", "not the record of a run"});
    write_example_run(folder.path());
    std::string record = bytes_of(folder / "run.json");
    record.replace(record.find("\"build\""), 7, "\"other\"");
    write_file_atomically(folder / "run.json", record);
    expect_error([&] { static_cast<void>(run_report(folder.path())); },
                 {"run.json: is not the record of a run: a part is missing or of another kind: key 'build'"});
}

// The share of pixels that differ from the picture's first one, and how bright that one is.
double drawn_share(const Image& image) {
    int64_t drawn = 0;
    for (int y = 0; y < image.height; ++y)
        for (int x = 0; x < image.width; ++x)
            drawn += !std::equal(image.at(x, y), image.at(x, y) + 3, image.at(0, 0));
    return double(drawn) / (double(image.width) * image.height);
}

// With UNMASK_PAGES=FOLDER the page and its pictures stay there, to be looked at.
TEST(RunReport, ChromiumShowsItLightAndDarkWideAndNarrow) {
    const std::string program = find_browser();
    if (program.empty()) GTEST_SKIP() << "no Chromium here (Debian: chromium): the page is not opened";
    const TemporaryFolder folder;
    write_example_run(folder / "run");
    const std::filesystem::path page = folder / "report.html";
    write_file_atomically(page, run_report(folder / "run"));
    Browser browser(program);
    const std::string document = browser.document(page);
    ASSERT_FALSE(document.empty()) << program << " failed";
    for (const std::string& title : titles) expect_all(document, {"<title>" + title + "</title>"});
    EXPECT_EQ(count_of("<svg ", document), count_of("</svg>", document));
    EXPECT_GE(count_of("<svg ", document), 12u);
    const char* const pages = std::getenv("UNMASK_PAGES");
    for (const bool dark : {false, true}) {
        for (const int width : {390, 1280}) {
            const std::optional<Image> image = browser.picture(page, width, 2400, dark);
            ASSERT_TRUE(image) << program << " failed";
            EXPECT_EQ(image->width, width);
            EXPECT_GT(drawn_share(*image), 0.2) << width;
            EXPECT_EQ(*image->at(0, 0) < 100, dark) << width;
            if (pages)
                write_png(std::filesystem::path(pages) /
                              fmt::format("run-{}-{}.png", width, dark ? "dark" : "light"),
                          *image);
        }
    }
    if (pages)
        std::filesystem::copy_file(page, std::filesystem::path(pages) / "run.html",
                                   std::filesystem::copy_options::overwrite_existing);
}

}  // namespace
}  // namespace unmask
