// SPDX-License-Identifier: Apache-2.0
#include "apps/report/verdict_card.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/report/html.h"
#include "apps/report/svg.h"

namespace unmask {
namespace {

// Pictures of a class, below which "about 93 in 100 were fake" would be more than they can show.
constexpr int64_t few_pictures = 50;

const char* thing(const FileScore& file) {
    if (!file.kind) return "file";
    switch (*file.kind) {
        case SourceKind::picture:
            return "picture";
        case SourceKind::video:
            return "video";
        case SourceKind::folder:
            return "clip";
    }
    return "file";
}

std::string sentence(const FileScore& file, Verdict verdict) {
    switch (verdict) {
        case Verdict::fake:
            return fmt::format("The detector takes at least one face in this {} for a forgery.", thing(file));
        case Verdict::real:
            return fmt::format(
                "The detector sees no sign of the kinds of forgery that it knows. That does not show that "
                "the {} "
                "is genuine.",
                thing(file));
        case Verdict::undecided:
            return "The score lies where the detector is wrong too often, or has seen too little, to decide.";
        case Verdict::no_face:
            return fmt::format("No face was found in the {} looked at: there is nothing to judge.",
                               file.frames.size() == 1 ? "one frame that was" : "frames that were");
        case Verdict::error:
            return "The file could not be read.";
    }
    return "";
}

// A scale from 0 to 1 with the undecided band and the score's mark.
std::string score_scale(double score, const VerdictThresholds& thresholds) {
    constexpr double left = 14, right = 346, top = 34, height = 12;
    const auto place = [&](double value) { return left + (right - left) * value; };
    std::string svg =
        fmt::format("<rect class=\"scale\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"6\"/>\n",
                    coordinate(left), coordinate(top), coordinate(right - left), coordinate(height));
    const double band = place(thresholds.fake_from) - place(thresholds.real_up_to);
    svg += fmt::format("<rect class=\"undecided-band\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>\n",
                       coordinate(place(thresholds.real_up_to) - (band < 2 ? 1 : 0)), coordinate(top - 4),
                       coordinate(std::max(band, 2.0)), coordinate(height + 8));
    svg += fmt::format("<path class=\"score-mark\" d=\"M{0} {1}l-7 -11h14Z\"/>\n", coordinate(place(score)),
                       coordinate(top - 1));
    // Within the picture, of 360 units, of which a score's digits take 65.
    const double text = std::clamp(place(score), 36.0, 324.0);
    svg += fmt::format("<text class=\"count\" x=\"{}\" y=\"17\" text-anchor=\"middle\">{:.3f}</text>\n",
                       coordinate(text), score);
    for (const auto& [value, name, anchor] :
         {std::tuple{0.0, "0 real", "start"}, {0.5, "½", "middle"}, {1.0, "1 fake", "end"}})
        svg += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"{}\">{}</text>\n",
                           coordinate(value == 0.5 ? place(value)
                                      : value == 0 ? left
                                                   : right),
                           coordinate(top + height + 20), anchor, name);
    return fmt::format(
        "<svg role=\"img\" viewBox=\"0 0 360 72\"><title>Score {:.3f}</title><desc>On a scale from 0, real, "
        "to 1, "
        "fake; real up to {:.3f}, fake from {:.3f}, undecided between.</desc>\n{}</svg>",
        score, thresholds.real_up_to, thresholds.fake_from, svg);
}

}  // namespace

const char* verdict_title(Verdict verdict) {
    switch (verdict) {
        case Verdict::real:
            return "Real";
        case Verdict::fake:
            return "Fake";
        case Verdict::undecided:
            return "Undecided";
        case Verdict::no_face:
            return "No face";
        case Verdict::error:
            return "Not read";
    }
    return "?";
}

std::string verdict_card(const FileScore& file, const VerdictThresholds& thresholds) {
    const Verdict verdict = verdict_of(file, thresholds);
    std::string card =
        fmt::format("<div class=\"verdict {}\"><div><strong>{}</strong><p>{}</p>", to_string(verdict),
                    verdict_title(verdict), html_escaped(sentence(file, verdict)));
    if (!file.error.empty()) card += fmt::format("<p>{}</p>", html_escaped(file.error));
    card += "</div>";
    if (file.score) card += "<div>" + score_scale(*file.score, thresholds) + "</div>";
    return card + "</div>";
}

std::string meaning_of_score(const FileScore& file, const std::optional<Calibration>& calibration) {
    if (!file.score) return "Without a face there is no score.";
    if (!calibration)
        return fmt::format(
            "The score of {:.3f} is the model's own and has not been calibrated: a higher score is more "
            "suspicious "
            "than a lower one, but it is no share of forgeries.",
            *file.score);
    if (std::min(calibration->real, calibration->fake) < few_pictures)
        return fmt::format(
            "The score of {:.3f} is the model's own, checked on few pictures ({}; {} real and {} fake): a "
            "higher "
            "score is more suspicious than a lower one, but so few do not show what share of such faces is "
            "fake.",
            *file.score, calibration->data, calibration->real, calibration->fake);
    const double share = std::clamp(100 * *file.score, 1.0, 99.0);
    return fmt::format(
        "The score of {:.3f} is a probability under the data that the model was calibrated on ({}; {} real "
        "and {} "
        "fake pictures): of faces like those with such a score, about {:.0f} in 100 were fake.",
        *file.score, calibration->data, calibration->real, calibration->fake, share);
}

std::string limits_of_score() {
    return "A score is not a proof. It says nothing about sound, about what surrounds a face, about who made "
           "the file "
           "or why, and little about cameras, people, compression and kinds of forgery that the model was "
           "not "
           "trained on: there a detector can be wrong in most of its answers, in either direction. Do not "
           "decide "
           "about a person on the score alone.";
}

}  // namespace unmask
