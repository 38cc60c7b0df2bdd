// SPDX-License-Identifier: Apache-2.0
// Circumstances of a picture, and how they move in a video.
#include <numbers>

#include "data/synthetic/face.h"
#include "engine/philox.h"

namespace unmask {
namespace {

// A smooth wandering around 0 with values mostly in [-1, 1]: four sines of incommensurable periods, phases
// and frequencies from the seed; longest period in seconds.
class Wandering {
  public:
    Wandering(uint64_t seed, std::string_view name, double period) {
        PhiloxSequence random(seed, name);
        for (int k = 0; k < 4; ++k) {
            frequency_[k] = 2 * std::numbers::pi / period * (1 + 0.83 * k) * random.uniform(0.8, 1.2);
            phase_[k] = random.uniform(0, 2 * std::numbers::pi);
        }
    }
    // 0 at the start, so that the view itself is the first frame.
    float operator()(double seconds) const { return float(sum(seconds) - sum(0)); }

  private:
    double sum(double seconds) const {
        double total = 0;
        for (int k = 0; k < 4; ++k) total += std::sin(frequency_[k] * seconds + phase_[k]) / (1.6 * (k + 1));
        return total;
    }
    double frequency_[4], phase_[4];
};

// One blink of 0.3 s per period of about 3.5 s, at a drawn place in it.
float blink_at(uint64_t seed, double seconds) {
    constexpr double period = 3.5;
    const double count = std::floor(seconds / period);
    PhiloxSequence random(seed, "synthetic_blink", uint64_t(int64_t(count)));
    const double start = random.uniform(0.2, period - 0.5);
    const double t = (seconds - count * period - start) / 0.3;
    return t > 0 && t < 1 ? float(std::pow(std::sin(std::numbers::pi * t), 2)) : 0.0f;
}

}  // namespace

FaceView make_view(uint64_t seed) {
    PhiloxSequence random(seed, "synthetic_view");
    const auto between = [&](double low, double high) { return float(random.uniform(low, high)); };
    const auto around = [&](double value, double deviation) {
        return float(value + deviation * std::clamp(random.normal(), -2.0, 2.0));
    };
    FaceView view;
    view.seed = seed;
    view.noise_seed = (uint64_t(random.bits()) << 32) | random.bits();
    view.yaw = around(0, 0.14);
    view.pitch = around(0.01, 0.06);
    view.roll = around(0, 0.05);
    view.head_height = between(0.64, 0.74);
    view.center_x = around(0.5, 0.015);
    view.center_y = around(0.52, 0.012);

    view.light_azimuth = between(-1, 1);
    view.light_elevation = between(0.25, 0.9);
    view.light_intensity = between(0.8, 1.2);
    view.fill = between(0.10, 0.40);
    view.ambient = between(0.26, 0.52);
    view.temperature = around(0, 0.45);

    view.smile = random.chance(0.5) ? between(0.2, 1) : between(-0.15, 0.2);
    view.mouth_open = random.chance(0.3) ? between(0.1, 0.7) : 0;
    view.brow_raise = random.chance(0.3) ? between(0.1, 0.8) : 0;
    view.blink = random.chance(0.15) ? between(0.1, 0.5) : between(0, 0.08);
    view.gaze_x = around(-0.6 * view.yaw, 0.10);
    view.gaze_y = around(0, 0.06);

    view.background_seed = random.bits();
    view.clothes_seed = random.bits();

    view.blur = between(0.25, 0.85);
    view.noise = between(0.005, 0.018);
    view.exposure = around(1, 0.08);
    view.contrast = around(1, 0.06);
    view.saturation = around(1, 0.08);
    view.vignette = between(0, 0.25);
    return view;
}

FaceView animate(const FaceView& view, double seconds) {
    const auto wander = [&](std::string_view name, double period, double amplitude) {
        return float(amplitude) * Wandering(view.seed, name, period)(seconds);
    };
    FaceView now = view;
    // A frame's noise belongs to its time in milliseconds.
    now.noise_seed =
        Philox(view.noise_seed, "synthetic_frame").block(0, uint64_t(std::llround(seconds * 1000)))[0];
    now.yaw += wander("yaw", 6, 0.09);
    now.pitch += wander("pitch", 5, 0.04);
    now.roll += wander("roll", 7, 0.03);
    now.center_x += wander("center_x", 8, 0.012);
    now.center_y += wander("center_y", 7, 0.008);
    now.head_height *= 1 + wander("head_height", 9, 0.015);
    now.gaze_x += wander("gaze_x", 4, 0.10);
    now.gaze_y += wander("gaze_y", 5, 0.05);
    now.smile = std::clamp(view.smile + wander("smile", 6, 0.25), -0.15f, 1.0f);
    now.brow_raise = saturate(view.brow_raise + wander("brow_raise", 5, 0.2));
    // Talking: syllables of about 0.3 s under phrases of some seconds.
    const float phrase = std::abs(wander("phrase", 4, 0.5));
    const float syllable = std::abs(wander("syllable", 0.9, 0.5));
    now.mouth_open = saturate(view.mouth_open + std::min(phrase, 1.0f) * syllable);
    now.blink = std::max(view.blink, blink_at(view.seed, seconds));
    return now;
}

}  // namespace unmask
