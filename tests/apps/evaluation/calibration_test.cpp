// SPDX-License-Identifier: Apache-2.0
#include "apps/evaluation/calibration.h"

#include <gtest/gtest.h>

#include <cmath>

#include "apps/evaluation/metrics.h"
#include "engine/philox.h"

namespace unmask {
namespace {

struct Scored {
    std::vector<double> scores;
    std::vector<int> labels;

    // Every picture is a video of its own, or each has so many.
    [[nodiscard]] std::optional<CalibrationFit> fit(int64_t pictures = 1) const {
        std::vector<int64_t> videos;
        for (size_t i = 0; i < scores.size(); ++i) videos.push_back(int64_t(i) / pictures);
        return fit_calibration(scores, labels, videos, "drawn");
    }
};

// Labels that are drawn with the probabilities σ(z), and scores σ(z · sharpness), for z uniform in [-4, 4].
Scored drawn(double sharpness, int count = 20000) {
    PhiloxSequence random(3, "calibration");
    Scored result;
    for (int i = 0; i < count; ++i) {
        const double z = random.uniform(-4, 4);
        result.labels.push_back(random.uniform(0, 1) < 1 / (1 + std::exp(-z)) ? 1 : 0);
        result.scores.push_back(1 / (1 + std::exp(-z * sharpness)));
    }
    return result;
}

TEST(Calibration, ErrorIsTheGapBetweenScoresAndShares) {
    // Two bins of five: mean score 0.1 with 1 fake of 2, mean 0.9 with both.
    EXPECT_NEAR(
        *expected_calibration_error(std::vector<double>{0.1, 0.1, 0.9, 0.9}, std::vector<int>{0, 1, 1, 1}, 5),
        0.5 * 0.4 + 0.5 * 0.1, 1e-12);
    EXPECT_NEAR(*expected_calibration_error(std::vector<double>{1, 0}, std::vector<int>{1, 0}), 0, 1e-12);
    EXPECT_FALSE(expected_calibration_error({}, {}).has_value());
}

TEST(Calibration, FindsTheTemperatureThatTheScoresWereSpoiltWith) {
    for (const double sharpness : {0.4, 1.0, 3.0}) {
        const Scored data = drawn(sharpness);
        const auto fit = data.fit();
        ASSERT_TRUE(fit);
        const Calibration* calibration = &fit->calibration;
        EXPECT_NEAR(calibration->temperature, sharpness, 0.05 * sharpness);
        EXPECT_EQ(calibration->real + calibration->fake, 20000);
        EXPECT_EQ(calibration->data, "drawn");
        const std::vector<double> after = calibrated(data.scores, calibration->temperature);
        EXPECT_LT(*expected_calibration_error(after, data.labels), 0.015);
        if (sharpness != 1.0) {
            EXPECT_GT(*expected_calibration_error(data.scores, data.labels), 0.05);
        }
        EXPECT_LE(*log_loss(after, data.labels), *log_loss(data.scores, data.labels) + 1e-6);
    }
}

TEST(Calibration, StaysFiniteWhereTheClassesAreToldApartWithoutAnError) {
    Scored data;
    for (int i = 0; i < 40; ++i) {
        data.labels.push_back(i % 2);
        data.scores.push_back(i % 2 == 1 ? 0.95 : 0.02);
    }
    const auto fit = data.fit();
    ASSERT_TRUE(fit);
    const Calibration* calibration = &fit->calibration;
    EXPECT_GT(calibration->temperature, 0.5);
    // Where neither class was seen there is no verdict.
    const double low = calibrated(0.02, calibration->temperature),
                 high = calibrated(0.95, calibration->temperature);
    EXPECT_NEAR(calibration->thresholds.real_up_to, low, 1e-12);
    EXPECT_NEAR(calibration->thresholds.fake_from, high, 1e-12);
}

TEST(Calibration, BeyondTheBandAtMostATwentiethOfEachClassIsOnTheWrongSide) {
    const Scored data = drawn(3);
    const auto fit = data.fit();
    ASSERT_TRUE(fit);
    const Calibration* calibration = &fit->calibration;
    const auto [real_up_to, fake_from] = calibration->thresholds;
    EXPECT_LT(real_up_to, fake_from);
    const std::vector<double> scores = calibrated(data.scores, calibration->temperature);
    int64_t wrong_real = 0, wrong_fake = 0, undecided = 0;
    for (size_t i = 0; i < scores.size(); ++i) {
        if (scores[i] >= fake_from)
            wrong_real += data.labels[i] == 0;
        else if (scores[i] <= real_up_to)
            wrong_fake += data.labels[i] == 1;
        else
            ++undecided;
    }
    EXPECT_NEAR(double(wrong_real) / double(calibration->real), threshold_error, 0.002);
    EXPECT_NEAR(double(wrong_fake) / double(calibration->fake), threshold_error, 0.002);
    EXPECT_GT(undecided, 0);
}

TEST(Calibration, NeedsBothClassesAndForThresholdsEnoughOfThem) {
    EXPECT_FALSE(Scored({{0.2, 0.3}, {0, 0}}).fit());
    const auto few = Scored({{0.2, 0.9}, {0, 1}}).fit();
    ASSERT_TRUE(few);
    EXPECT_EQ(few->calibration.thresholds, VerdictThresholds{});
    EXPECT_EQ(few->folds, 0);
    EXPECT_EQ(few->calibration.temperature, 1);
    EXPECT_NE(temperature_line(*few).find("not fitted"), std::string::npos);
}

// 24 pictures that the model tells apart without an error: Platt's targets doubt them, which makes them
// worse.
TEST(Calibration, ATemperatureThatDoesNotProveItselfOnHeldOutVideosIsNotKept) {
    Scored few;
    PhiloxSequence random(1, "few");
    for (int i = 0; i < 24; ++i) {
        few.labels.push_back(i % 2);
        few.scores.push_back(i % 2 == 1 ? random.uniform(0.95, 0.999) : random.uniform(0.001, 0.05));
    }
    const auto fit = few.fit();
    ASSERT_TRUE(fit);
    EXPECT_EQ(fit->folds, 5);
    EXPECT_GE(fit->held_out_with, fit->held_out_without);
    EXPECT_NEAR(fit->held_out_without, *log_loss(few.scores, few.labels), 1e-12);
    EXPECT_FALSE(fit->is_fitted());
    EXPECT_EQ(fit->calibration.temperature, 1);
    EXPECT_NE(temperature_line(*fit).find("temperature 1: a fitted one is no better"), std::string::npos);
    // So many that are as sharp and often wrong need one.
    const auto many = drawn(3, 400).fit();
    ASSERT_TRUE(many);
    EXPECT_TRUE(many->is_fitted());
    EXPECT_GT(many->calibration.temperature, 2);
    EXPECT_LT(many->held_out_with, many->held_out_without);
    EXPECT_NE(temperature_line(*many).find("on held-out videos log loss"), std::string::npos);
}

// Of two real and two fake videos one each is held out: pictures of one video are not on both sides.
TEST(Calibration, VideosAreHeldOutWhole) {
    Scored data;
    std::vector<int64_t> videos;
    for (int i = 0; i < 40; ++i) {
        const int video = i / 10;
        videos.push_back(video);
        data.labels.push_back(video % 2);
        // The first two videos are told apart, the other two are taken for the other class.
        const bool called_fake = (video % 2 == 1) == (video < 2);
        data.scores.push_back(called_fake ? 0.99 : 0.01);
    }
    const auto fit = fit_calibration(data.scores, data.labels, videos, "");
    ASSERT_TRUE(fit);
    EXPECT_EQ(fit->folds, 2);
    // Fitted on the wrong pair the answers of the right one lose all their weight, fitted on the right pair
    // the wrong one's keep it. Mixed folds would find a temperature that makes all of them better.
    const auto mixed = data.fit();
    EXPECT_LT(mixed->held_out_with, 0.75);
    EXPECT_GT(fit->held_out_with, 1.2);
}

TEST(Calibration, ScoresThatSayNothingBecomeNoLouder) {
    Scored data;
    for (int i = 0; i < 1000; ++i) {  // labels against the scores
        data.labels.push_back(i % 2);
        data.scores.push_back(i % 2 == 1 ? 0.1 : 0.9);
    }
    const auto fit = data.fit();
    ASSERT_TRUE(fit);
    const Calibration* calibration = &fit->calibration;
    EXPECT_NEAR(calibrated(0.9, calibration->temperature), 0.5, 0.01);
    EXPECT_EQ(calibrated(1.0, 3), 1);
    EXPECT_EQ(calibrated(0.0, 3), 0);
}

}  // namespace
}  // namespace unmask
