// SPDX-License-Identifier: Apache-2.0
#include "apps/report/detection_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "apps/explanation/heat_map_picture.h"
#include "apps/report/charts.h"
#include "apps/report/html.h"
#include "apps/report/picture_html.h"
#include "data/picture_header.h"

namespace unmask {
namespace {

constexpr size_t most_thumbnails = 48;
constexpr int picture_width = 192;  // pixels, of faces and heat maps on the page

std::string time_text(double seconds) {
    const auto tenths = int64_t(std::llround(seconds * 10));
    return fmt::format("{}:{:02}.{}", tenths / 600, tenths / 10 % 60, tenths % 10);
}

Image at_page_size(const Image& face) {
    return resize(face, picture_width, std::max(1, picture_width * face.height / face.width));
}

// The faces' boxes over a thumbnail, in percent of it.
std::string boxes_of(const FrameScore& frame) {
    std::string html;
    for (const FaceScore& face : frame.faces) {
        const double left = std::clamp(100.0 * face.box.x / frame.width, 0.0, 100.0),
                     top = std::clamp(100.0 * face.box.y / frame.height, 0.0, 100.0);
        const double right = std::clamp(100.0 * (face.box.x + face.box.width) / frame.width, left, 100.0),
                     bottom = std::clamp(100.0 * (face.box.y + face.box.height) / frame.height, top, 100.0);
        html += fmt::format(
            "<span class=\"box\" style=\"left:{:.1f}%;top:{:.1f}%;width:{:.1f}%;height:{:.1f}%\"></span>",
            left, top, right - left, bottom - top);
    }
    return html;
}

std::string scores_text(const FrameScore& frame) {
    if (frame.faces.empty()) return "no face";
    std::string text;
    for (const FaceScore& face : frame.faces)
        text += fmt::format("{}{:.3f}", text.empty() ? "" : ", ", face.score);
    return text;
}

std::string map_figure(const Image& image, const std::string& caption, const std::string& alt) {
    return fmt::format("<figure>{}<figcaption>{}</figcaption></figure>", picture_html(image, alt),
                       html_escaped(caption));
}

}  // namespace

std::string frame_name(const FrameScore& frame) {
    if (frame.time_seconds >= 0)
        return fmt::format("frame {}, {}", frame.index, time_text(frame.time_seconds));
    return frame.name.empty() ? fmt::format("frame {}", frame.index) : frame.name;
}

std::string timeline_chart(const FileScore& file, const VerdictThresholds& thresholds) {
    const bool timed = file.frames.front().time_seconds >= 0;
    const auto place = [&](const FrameScore& frame) {
        return timed ? frame.time_seconds : double(frame.index);
    };
    ChartSeries scores{"most suspicious face", {}};
    for (const FrameScore& frame : file.frames)
        scores.points.push_back(
            {place(frame), frame.score().value_or(std::numeric_limits<double>::quiet_NaN())});
    const double first = place(file.frames.front()), last = place(file.frames.back());
    const AxisRange band{thresholds.real_up_to, thresholds.fake_from};
    // Both edges of the band, with a gap between the lines; without a band they are one.
    ChartSeries threshold{"threshold", {{first, band.low}, {last, band.low}}, false};
    if (band.low < band.high) {
        constexpr double gap = std::numeric_limits<double>::quiet_NaN();
        threshold = {"undecided band",
                     {{first, band.low, band},
                      {last, band.low, band},
                      {last, gap},
                      {first, band.high},
                      {last, band.high}},
                     false};
    }
    return line_chart(
        {.title = "Scores over time",
         .description = fmt::format("The highest score of each of {} frames; real up to {:.3f}, fake "
                                    "from {:.3f}.",
                                    file.frames.size(), band.low, band.high),
         .x_name = timed ? "seconds" : "frame",
         .y_name = "probability of fake",
         .series = {std::move(scores), std::move(threshold)},
         .whole_x = !timed,
         .dots = file.frames.size() <= 64,
         .x = last > first ? std::optional(AxisRange{first, last}) : std::nullopt,
         .y = AxisRange{0, 1}});
}

std::string thumbnail_strip(const FileScore& file) {
    std::string html =
        "<ol class=\"strip\" tabindex=\"0\" role=\"list\" aria-label=\"Frames and their scores\">\n";
    for (const int64_t i : evenly_spaced(int64_t(file.frames.size()), int64_t(most_thumbnails))) {
        const FrameScore& frame = file.frames[size_t(i)];
        const std::vector<uint8_t>& jpeg = file.pictures.thumbnails[size_t(i)];
        const PictureHeader header = read_picture_header(jpeg);
        const std::string name = frame_name(frame), scores = scores_text(frame);
        html += fmt::format(
            "<li><span class=\"frame-picture\">{}{}</span><b>{}</b> {}</li>\n",
            jpeg_html(jpeg, int(header.width), int(header.height), fmt::format("{}: {}", name, scores)),
            boxes_of(frame), scores, html_escaped(name));
    }
    return html + "</ol>";
}

std::string track_list(const FileScore& file) {
    std::string html = "<div class=\"tracks\">\n";
    for (size_t i = 0; i < file.tracks.size(); ++i) {
        const TrackScore& track = file.tracks[i];
        const auto face = std::ranges::find_if(file.pictures.faces, [&](const TellingFace& kept) {
            return size_t(file.frames[kept.frame].faces[kept.face].track) == i;
        });
        std::string picture;
        if (face != file.pictures.faces.end())
            picture =
                picture_html(at_page_size(face->crop), fmt::format("Face {} at its most suspicious", i + 1));
        const FrameScore &first = file.frames[track.first_frame], &last = file.frames[track.last_frame];
        const std::string where = track.first_frame == track.last_frame
                                      ? frame_name(first)
                                      : frame_name(first) + " to " + frame_name(last);
        html += fmt::format(
            "<div class=\"track\">{}<div><b>Face {}: {:.3f}</b>{}, {}{}</div></div>\n", picture, i + 1,
            track.score, track.faces == 1 ? "one frame" : fmt::format("{} frames", track.faces),
            html_escaped(where), track.counts ? "" : ". Seen once only, it does not count for the file");
    }
    return html + "</div>";
}

std::string telling_faces(const ReportedFile& file) {
    std::string html;
    const std::vector<TellingFace>& faces = file.score.pictures.faces;
    for (size_t i = 0; i < std::min(faces.size(), FilePictures::most); ++i) {
        const FrameScore& frame = file.score.frames[faces[i].frame];
        const FaceScore& score = frame.faces[faces[i].face];
        const HeatMaps& maps = file.maps[i];
        const HeatScale scale = scale_of(maps);
        const Image face = at_page_size(faces[i].crop);
        const std::string name = fmt::format("face {} in {}", score.track + 1, frame_name(frame));
        html += fmt::format("<div class=\"telling\"><p>{}: score {:.3f}</p><div class=\"maps\">",
                            html_escaped("F" + name.substr(1)), score.score);
        html += map_figure(face, "the face", "The " + name);
        html += map_figure(heat_map_picture(face, maps.whole, scale.whole), "the whole",
                           "Heat map of the whole detector over the " + name);
        for (size_t k = 0; k < maps.branches.size(); ++k)
            html += map_figure(heat_map_picture(face, maps.branches[k], scale.branches),
                               fmt::format("branch {}", k + 1),
                               fmt::format("Heat map of branch {} over the {}", k + 1, name));
        html += "</div></div>\n";
    }
    return html;
}

}  // namespace unmask
