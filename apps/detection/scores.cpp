// SPDX-License-Identifier: Apache-2.0
#include "apps/detection/scores.h"

#include <algorithm>

namespace unmask {

std::optional<double> FrameScore::score() const {
    if (faces.empty()) return {};
    return std::ranges::max_element(faces, {}, &FaceScore::score)->score;
}

const char* to_string(Verdict verdict) {
    switch (verdict) {
        case Verdict::real:
            return "real";
        case Verdict::fake:
            return "fake";
        case Verdict::undecided:
            return "undecided";
        case Verdict::no_face:
            return "no_face";
        case Verdict::error:
            return "error";
    }
    return "?";
}

Verdict verdict_of(const FileScore& file, const VerdictThresholds& thresholds) {
    if (!file.score) return file.frames.empty() ? Verdict::error : Verdict::no_face;
    if (*file.score >= thresholds.fake_from) return Verdict::fake;
    return *file.score <= thresholds.real_up_to ? Verdict::real : Verdict::undecided;
}

int64_t frames_with_face(const FileScore& file) {
    return std::ranges::count_if(file.frames, [](const FrameScore& frame) { return !frame.faces.empty(); });
}

}  // namespace unmask
