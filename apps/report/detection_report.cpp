// SPDX-License-Identifier: Apache-2.0
#include "apps/report/detection_report.h"

#include <fmt/format.h>

#include "apps/build_information.h"
#include "apps/detection/aggregation.h"
#include "apps/report/detection_parts.h"
#include "apps/report/html.h"
#include "apps/report/verdict_card.h"

namespace unmask {
namespace {

using Facts = std::vector<std::pair<std::string, std::string>>;

std::string name_of(const FileScore& file) {
    return file.file == "-" ? "standard input" : file.file.filename().string();
}

std::string score_text(const std::optional<double>& score) {
    return score ? fmt::format("{:.3f}", *score) : "–";
}

// With links to the files' parts.
std::string contents(const std::vector<ReportedFile>& files, const VerdictThresholds& thresholds) {
    std::string html =
        "<div class=\"scroll files\" tabindex=\"0\" role=\"region\" "
        "aria-label=\"Files\"><table><caption>Files</caption>\n"
        "<thead><tr><th scope=\"col\">file</th><th scope=\"col\">verdict</th><th scope=\"col\">score</th>"
        "<th scope=\"col\">faces</th></tr></thead>\n<tbody>\n";
    for (size_t i = 0; i < files.size(); ++i) {
        const FileScore& file = files[i].score;
        html +=
            fmt::format("<tr><td><a href=\"#file-{}\">{}</a></td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                        i + 1, html_escaped(name_of(file)), verdict_title(verdict_of(file, thresholds)),
                        score_text(file.score), file.tracks.size());
    }
    return html + "</tbody></table></div>";
}

std::vector<std::vector<std::string>> frame_rows(const FileScore& file) {
    std::vector<std::vector<std::string>> rows{{"frame", "faces", "scores"}};
    for (const FrameScore& frame : file.frames) {
        std::string scores;
        for (const FaceScore& face : frame.faces)
            scores +=
                fmt::format("{}{:.3f} (face {})", scores.empty() ? "" : ", ", face.score, face.track + 1);
        rows.push_back({frame_name(frame), fmt::format("{}", frame.faces.size()), scores});
    }
    return rows;
}

void add_file(HtmlPage& page, const ReportedFile& reported, size_t number,
              const DetectionProtocol& protocol) {
    const FileScore& file = reported.score;
    page.section(name_of(file), fmt::format("file-{}", number));
    page.block(verdict_card(file, protocol.thresholds));
    if (file.frames.empty()) return;
    page.subsection("What the score means");
    page.paragraph(meaning_of_score(file, protocol.info.calibration) +
                   (file.score ? " It is not a proof: the end of this page says what it leaves open." : ""));
    page.subsection(file.frames.size() > 1 ? "Timeline" : "Picture");
    if (file.frames.size() > 1)
        page.block("<div class=\"wide\">" + timeline_chart(file, protocol.thresholds) + "</div>");
    page.block(thumbnail_strip(file));
    if (file.frames.size() > 1) page.folded_table("Scores of all frames", frame_rows(file));
    if (file.tracks.empty()) return;
    page.subsection(file.tracks.size() == 1 ? "The face" : fmt::format("The {} faces", file.tracks.size()));
    page.block(track_list(file));
    page.subsection("Where the signs are");
    page.paragraph(
        "The most suspicious faces, apart in time, and over them where the whole detector and each of its "
        "local "
        "branches see more signs of a forgery than in the rest of the face (Grad-CAM). The branches of a "
        "face share "
        "one scale, the whole has its own. Every face has a place with the strongest signs, a genuine one "
        "too: the "
        "colours say where the network looked, the score says how much it saw.");
    page.block("<div class=\"legend\">as the rest of the face<span></span>strongest sign</div>");
    page.block(telling_faces(reported));
}

Facts facts_of(const DetectionProtocol& protocol) {
    const DetectorOptions& detector = protocol.detector;
    const Preprocessing& preprocessing = protocol.info.preprocessing;
    Facts facts{{"model", protocol.model},
                {"network", fmt::format("{} × {} branches, width {}, input {} × {} pixels", detector.branches,
                                        detector.backbone, detector.width, detector.size, detector.size)},
                {"faces", protocol.faces == "whole" ? "the pictures as they are"
                                                    : fmt::format("found by {}, cut with margin {}{}",
                                                                  protocol.faces, preprocessing.face_margin,
                                                                  preprocessing.aligned ? ", aligned" : "")},
                {"frames of a file",
                 protocol.frames == 0 ? "all" : fmt::format("up to {}, evenly spread", protocol.frames)},
                {"score of a face track", std::string(find_aggregation(protocol.aggregation).text)},
                {"score of a file", "the highest of its tracks"},
                {"verdict", fmt::format("real up to {:.3f}, fake from {:.3f}, undecided between",
                                        protocol.thresholds.real_up_to, protocol.thresholds.fake_from)}};
    if (protocol.info.calibration)
        facts.emplace_back(
            "calibration",
            fmt::format("temperature {:.3f} and thresholds, from {} ({} real, {} fake)",
                        protocol.info.calibration->temperature, protocol.info.calibration->data,
                        protocol.info.calibration->real, protocol.info.calibration->fake));
    else
        facts.emplace_back("calibration", "none");
    facts.emplace_back("program", "unmask " + version());
    return facts;
}

}  // namespace

DetectionProtocol protocol_of(const OpenModel& opened, const std::string& model) {
    return {.model = model,
            .detector = opened.loaded.detector->options(),
            .info = opened.loaded.info,
            .thresholds = opened.thresholds,
            .faces = opened.detection.faces,
            .aggregation = opened.detection.aggregation,
            .frames = opened.detection.frames};
}

std::string detection_report(const std::vector<ReportedFile>& files, const DetectionProtocol& protocol) {
    HtmlPage page(files.size() == 1 ? "Real or forged?"
                                    : fmt::format("Real or forged? {} files", files.size()));
    if (files.size() != 1) page.block(contents(files, protocol.thresholds));
    for (size_t i = 0; i < files.size(); ++i) add_file(page, files[i], i + 1, protocol);
    page.section("What a score does not mean");
    page.paragraph(limits_of_score());
    page.section("Model and protocol");
    page.facts(facts_of(protocol));
    if (!protocol.info.training.empty()) {
        const Facts training(protocol.info.training.begin(), protocol.info.training.end());
        page.details("What the model file says about its training", training);
    }
    return page.text();
}

}  // namespace unmask
