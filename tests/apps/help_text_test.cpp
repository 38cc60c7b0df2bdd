// SPDX-License-Identifier: Apache-2.0
#include "apps/help_text.h"

#include <gtest/gtest.h>

#include "apps/number_range.h"

namespace unmask {
namespace {

TEST(HelpText, ShowsTheValuesThatAreTaken) {
    EXPECT_EQ(values_text("INT:INT in [0 - 1000]"), "0..1000");
    EXPECT_EQ(values_text("FLOAT:[0.5 - 10]"), "0.5..10");
    EXPECT_EQ(values_text("INT:INT in [-3 - 4]"), "-3..4");
    EXPECT_EQ(values_text("TEXT:{dlib,whole}"), "dlib|whole");
    EXPECT_EQ(values_text("UINT:SEED"), "SEED");
    EXPECT_EQ(values_text("TEXT"), "TEXT");
}

TEST(HelpText, NamesAFlagWithoutWhatItStandsForAlone) {
    CLI::App app;
    std::string stages;
    const CLI::Option* flag = app.add_flag("--recompute{all}", stages)->option_text("[=N]");
    EXPECT_EQ(HelpText().make_option_name(flag, false) + HelpText().make_option_opts(flag),
              "--recompute [=N]");
}

TEST(HelpText, ShowsDefaultsAndWhatIsRequired) {
    CLI::App app;
    int frames = 32;
    double margin = 0;
    std::string faces = "dlib", folder, device = "cpu";
    bool one = false, other = false;
    const auto shown = [](const CLI::Option* option) { return HelpText().make_option_opts(option); };
    EXPECT_EQ(shown(app.add_option("--frames", frames)->capture_default_str()->check(CLI::Range(0, 1000))),
              " 0..1000 [32]");
    EXPECT_EQ(shown(app.add_option("--margin", margin)->check(number_range(0.5, 10))), " 0.5..10");
    EXPECT_EQ(
        shown(
            app.add_option("--faces", faces)->capture_default_str()->check(CLI::IsMember({"dlib", "whole"}))),
        " dlib|whole [dlib]");
    EXPECT_EQ(shown(app.add_option("--out", folder)->required()->option_text("DIR")), " DIR REQUIRED");
    EXPECT_EQ(shown(app.add_option("--device", device)->capture_default_str()->option_text("NAME")),
              " NAME [cpu]");
    EXPECT_EQ(shown(app.add_option("--size", frames)->capture_default_str()->option_text("N [the file's]")),
              " N [the file's]");
    EXPECT_EQ(shown(app.add_flag("--one", one)->excludes(app.add_flag("--other", other))),
              " (not with --other)");
}

}  // namespace
}  // namespace unmask
