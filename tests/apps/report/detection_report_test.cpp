// SPDX-License-Identifier: Apache-2.0
#include "apps/report/detection_report.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "engine/atomic_file.h"
#include "tests/apps/report/accessibility.h"
#include "tests/apps/report/browser.h"
#include "tests/apps/report/example_detection.h"
#include "tests/support/text_count.h"

namespace unmask {
namespace {

std::vector<ReportedFile> example_files() {
    std::vector<ReportedFile> files{example_detection("clips/swapped.mp4", 0.93),
                                    example_detection("clips/<genuine>.mp4", 0.08),
                                    example_detection("clips/blurred.mp4", 0.5)};
    ReportedFile without_face = example_detection("clips/landscape.mp4", 0.5);
    for (FrameScore& frame : without_face.score.frames) frame.faces.clear();
    without_face.score.tracks.clear();
    without_face.score.score.reset();
    without_face.score.pictures.faces.clear();
    without_face.maps.clear();
    files.push_back(std::move(without_face));
    ReportedFile broken;
    broken.score.file = "clips/broken.mp4";
    broken.score.error = "clips/broken.mp4: not a video & not a picture";
    files.push_back(std::move(broken));
    return files;
}

TEST(DetectionReport, HoldsVerdictTimelineTracksMapsAndProtocol) {
    const std::string page =
        detection_report({example_detection("clips/swapped.mp4", 0.93)}, example_protocol());
    for (const char* text :
         {"<h2 id=\"file-1\">swapped.mp4</h2>", "class=\"verdict fake\"", "Scores over time",
          "Scores of all frames", "Face 1: 0.930", "23 frames", "The score of 0.930 is", "does not count",
          "the whole", "branch 1", "branch 2", "about 93 in 100", "not a proof",
          "runs/&lt;first&gt;/best.safetensors", "2 × resnet18 branches", "temperature 1.400",
          "mean of the faces&#39; log odds", "0123456789abcdef"})
        EXPECT_NE(page.find(text), std::string::npos) << text;
    EXPECT_EQ(count_of("class=\"telling\"", page), FilePictures::most);
    EXPECT_EQ(count_of("<img ", page), 24 + 2 + FilePictures::most * (1 + 1 + 2));
    EXPECT_EQ(count_of("<img ", page), count_of(" alt=\"", page));
    EXPECT_EQ(count_of("alt=\"\"", page), 0u);
    for (const char* alt :
         {"Heat map of the whole detector over the face 1 in", "Heat map of branch 1 over the",
          "Heat map of branch 2 over the", "at its most suspicious"})
        EXPECT_NE(page.find(alt), std::string::npos) << alt;
    EXPECT_EQ(page.find("http"), std::string::npos);
    EXPECT_EQ(page.find("<script"), std::string::npos);
    EXPECT_EQ(page.find("nan"), std::string::npos);
}

TEST(DetectionReport, AModelWithoutCalibrationGivesNoProbability) {
    DetectionProtocol protocol = example_protocol();
    protocol.info.calibration.reset();
    const std::string page = detection_report({example_detection("a.mp4", 0.93)}, protocol);
    EXPECT_NE(page.find("has not been calibrated"), std::string::npos);
    EXPECT_EQ(page.find("in 100"), std::string::npos);
}

// The picture that has an alternative text that begins so.
std::string picture_of(const std::string& page, const std::string& alt) {
    const size_t begin = page.find("src=\"", page.find("alt=\"" + alt)), end = page.find('>', begin);
    return begin == std::string::npos ? "" : page.substr(begin, end - begin);
}

TEST(DetectionReport, EveryHeatMapIsThatOfItsBranch) {
    ReportedFile file = example_detection("a.mp4", 0.93);
    const std::string page = detection_report({file}, example_protocol());
    for (HeatMaps& maps : file.maps) std::swap(maps.branches[0], maps.branches[1]);
    const std::string swapped = detection_report({file}, example_protocol());
    const std::string whole = "Heat map of the whole", one = "Heat map of branch 1 ",
                      two = "Heat map of branch 2 ";
    ASSERT_NE(picture_of(page, one), "");
    EXPECT_EQ(picture_of(page, whole), picture_of(swapped, whole));
    EXPECT_EQ(picture_of(page, one), picture_of(swapped, two));
    EXPECT_EQ(picture_of(page, two), picture_of(swapped, one));
    EXPECT_NE(picture_of(page, one), picture_of(page, two));
    EXPECT_NE(picture_of(page, one), picture_of(page, whole));
}

TEST(DetectionReport, AModelThatWasCalibratedOnFewPicturesPromisesNoShare) {
    DetectionProtocol protocol = example_protocol();
    protocol.info.calibration->real = 12;
    const std::string page = detection_report({example_detection("a.mp4", 0.93)}, protocol);
    EXPECT_NE(page.find("checked on few pictures"), std::string::npos);
    EXPECT_EQ(page.find("in 100"), std::string::npos);
}

TEST(DetectionReport, TheTimelineShowsTheEdgesOfTheUndecidedBand) {
    const auto threshold_of = [](double low, double high) {
        DetectionProtocol protocol = example_protocol();
        protocol.thresholds = {low, high};
        const std::string page = detection_report({example_detection("a.mp4", 0.93)}, protocol);
        const size_t path = page.find("<path class=\"two\" d=\"");
        return path == std::string::npos ? "" : page.substr(path, page.find("/>", path) - path);
    };
    // 26 is the plot's top, 198 its bottom.
    const std::string edges = threshold_of(0.25, 0.75), line = threshold_of(0.5, 0.5);
    EXPECT_EQ(count_of("M", edges), 2u) << edges;
    EXPECT_EQ(count_of(" 155.0", edges), 2u) << edges;
    EXPECT_EQ(count_of(" 69.0", edges), 2u) << edges;
    EXPECT_EQ(count_of("M", line), 1u) << line;
    EXPECT_EQ(count_of(" 112.0", line), 2u) << line;
}

TEST(DetectionReport, TheScoreStandsWithinItsPictureAtBothEnds) {
    for (const auto& [score, place] : {std::pair{0.0, "36.0"}, {1.0, "324.0"}}) {
        const std::string page = detection_report({example_detection("a.mp4", score)}, example_protocol());
        EXPECT_NE(page.find(fmt::format("x=\"{}\" y=\"17\" text-anchor=\"middle\">{:.3f}<", place, score)),
                  std::string::npos)
            << score;
    }
}

TEST(DetectionReport, FilesWithoutFacesAndBrokenOnesHaveTheirPart) {
    const std::string page = detection_report(example_files(), example_protocol());
    for (const char* text :
         {"&lt;genuine&gt;.mp4", "class=\"verdict real\"", "class=\"verdict undecided\"",
          "class=\"verdict no_face\"", "class=\"verdict error\"", "not a video &amp; not", "href=\"#file-5\"",
          "No face was found in the frames that were looked at", "Without a face there is no score.</p>"})
        EXPECT_NE(page.find(text), std::string::npos) << text;
    ReportedFile one = example_files()[3];
    one.score.frames.resize(1);
    EXPECT_NE(detection_report({one}, example_protocol()).find("in the one frame that was looked at"),
              std::string::npos);
}

// With UNMASK_PAGES=FOLDER the page and its pictures stay there, to be looked at.
class DetectionPage : public testing::Test {
  protected:
    void SetUp() override {
        const std::string program = find_browser();
        if (program.empty()) GTEST_SKIP() << "no Chromium here (Debian: chromium): the page is not opened";
        write_file_atomically(folder_ / "page.html", detection_report(example_files(), example_protocol()));
        browser_.emplace(program);
    }
    void open(int width, bool dark) {
        browser_->set_screen(width, 900, dark);
        browser_->open("file://" + (folder_ / "page.html").string());
    }
    TemporaryFolder folder_;
    std::optional<DevTools> browser_;
};

TEST_F(DetectionPage, ReadsWellOnEveryScreenAndHasNoAccessibilityFaults) {
    const char* const pages = std::getenv("UNMASK_PAGES");
    for (const int width : {390, 1280}) {
        for (const bool dark : {false, true}) {
            open(width, dark);
            browser_->evaluate("document.querySelectorAll('details').forEach((d) => d.open = true)");
            EXPECT_EQ(accessibility_faults(*browser_), std::vector<std::string>{}) << width << dark;
            browser_->evaluate("document.querySelectorAll('details').forEach((d) => d.open = false)");
            const std::vector<uint8_t> png = browser_->screenshot();
            const Image image = read_picture_from_memory(png);
            EXPECT_EQ(image.width, width);
            EXPECT_GT(image.height, 2000);
            EXPECT_EQ(*image.at(2, 2) < 100, dark);
            EXPECT_EQ(browser_->requests().size(), 1u);  // the page itself
            if (pages)
                write_png(std::filesystem::path(pages) /
                              fmt::format("detection-{}-{}.png", width, dark ? "dark" : "light"),
                          image);
        }
    }
}

// What a phone shows can be read there: the list of files as a whole, no text smaller than 11 pixels.
TEST_F(DetectionPage, FitsANarrowPhone) {
    std::vector<ReportedFile> files = example_files();
    files.front().score.file =
        "one-of-the-very-long-names-that-cameras-and-messengers-give-20260131-174455.mp4";
    write_file_atomically(folder_ / "page.html", detection_report(files, example_protocol()));
    for (const int width : {360, 400}) {
        open(width, false);
        EXPECT_EQ(accessibility_faults(*browser_), std::vector<std::string>{}) << width;
        EXPECT_EQ(browser_->evaluate("(() => { const e = document.querySelector('.files'); "
                                     "return e.scrollWidth - e.clientWidth; })()"),
                  0)
            << width;
        const double least = browser_->evaluate(R"js((() => {
            let least = 100;
            const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
            for (let node; (node = walker.nextNode());) {
                const element = node.parentElement, svg = element.ownerSVGElement;
                if (!node.textContent.trim() || ['title', 'desc'].includes(element.tagName)) continue;
                const scale = svg ? svg.getScreenCTM().a : 1;
                least = Math.min(least, scale * parseFloat(getComputedStyle(element).fontSize));
            }
            return least;
        })())js");
        EXPECT_GE(least, 11) << width;
        // No words of a chart lie over each other or outside of it.
        EXPECT_EQ(browser_->evaluate(R"js((() => {
            const faults = [];
            for (const svg of document.querySelectorAll('svg')) {
                const around = svg.getBoundingClientRect();
                const places = [...svg.querySelectorAll('text')].map((t) => [t.textContent, t.getBoundingClientRect()]);
                places.forEach(([text, a], i) => {
                    if (a.left < around.left - 1 || a.right > around.right + 1 || a.bottom > around.bottom + 4)
                        faults.push(text + ' is cut');
                    for (const [other, b] of places.slice(i + 1))
                        if (a.left < b.right && b.left < a.right && a.top + 3 < b.bottom - 3 && b.top + 3 < a.bottom - 3)
                            faults.push(text + ' over ' + other);
                });
            }
            return faults.join(', ');
        })())js"),
                  "")
            << width;
    }
}

TEST_F(DetectionPage, LinksLeadToTheFilesAndFoldedPartsOpen) {
    open(390, false);
    const auto top = [&] {
        return browser_->evaluate("document.querySelector('#file-3').getBoundingClientRect().top")
            .get<double>();
    };
    EXPECT_GT(top(), 900);
    browser_->click("a[href='#file-3']");
    EXPECT_EQ(browser_->evaluate("location.hash"), "#file-3");
    EXPECT_NEAR(top(), 0, 2);
    EXPECT_EQ(browser_->evaluate("document.querySelector('details').open"), false);
    browser_->click("summary");
    EXPECT_EQ(browser_->evaluate("document.querySelector('details').open"), true);
    EXPECT_EQ(browser_->evaluate("document.querySelectorAll('details table')[0].rows.length"), 25);
    EXPECT_EQ(browser_->evaluate("[...document.images].every((i) => i.complete && i.naturalWidth > 0)"),
              true);
}

}  // namespace
}  // namespace unmask
