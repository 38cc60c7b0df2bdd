// SPDX-License-Identifier: Apache-2.0
#include "apps/settings/recipe.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "engine/atomic_file.h"
#include "tests/support/expect_error.h"
#include "tests/support/file_bytes.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

class Recipe : public testing::Test {
  protected:
    void read(const std::string& text) {
        write_file_atomically(folder_ / "a.toml", text);
        read_recipe(folder_ / "a.toml", settings_);
    }
    void refuse(const std::string& text, const std::vector<std::string>& parts) {
        expect_error([&] { read(text); }, parts);
    }

    TemporaryFolder folder_;
    TrainOptions options_;
    std::vector<Setting> settings_ = train_settings(options_);
};

TEST_F(Recipe, SetsWhatItSetsAndLeavesTheRest) {
    read(
        "[model]\nbackbone = \"resnet18\"\nwidth = 2\n[objective]\nweights = [1, 2.5, 3]\nlocal_information "
        "= false\n"
        "divergence = \"sinkhorn\"\n[optimization]\nlr = 5e-4\nseed = 17\n[augmentation]\nflip = "
        "0\njpeg_quality = 40\n");
    EXPECT_EQ(options_.model.backbone, "resnet18");
    EXPECT_EQ(options_.model.width, 2.0);
    EXPECT_EQ(options_.model.branches, 4);
    EXPECT_EQ(options_.objective.weights, (std::array<double, 3>{1, 2.5, 3}));
    EXPECT_FALSE(options_.objective.local_information);
    EXPECT_TRUE(options_.objective.global_information);
    EXPECT_EQ(options_.objective.divergence, Divergence::sinkhorn);
    EXPECT_EQ(options_.schedule.learning_rate, 5e-4);
    EXPECT_EQ(options_.seed, 17u);
    for (const Augmentation::Item& item : options_.augmentation.items()) {
        const std::string name = item.entry->name;
        if (name == "flip") {
            EXPECT_EQ(item.probability, 0);
        } else if (name == "jpeg") {
            EXPECT_EQ(item.parameters[0], 40);
        }
    }
}

TEST_F(Recipe, NamesFileAndLineOfWhatItDoesNotKnow) {
    refuse("[model]\nwidth = 1\nbackbones = \"resnet18\"\n",
           {"a.toml:3", "backbones", "[model]", "backbone, branches"});
    refuse("\n[modle]\nwidth = 1\n",
           {"a.toml:2", "modle", "model, objective, optimization, checkpoints, data, augmentation"});
    refuse("epochs = 3\n", {"a.toml:1", "epochs"});
}

TEST_F(Recipe, NamesFileAndLineOfAWrongTypeOrRange) {
    refuse("[model]\nbranches = \"four\"\n",
           {"a.toml:2", "model.branches", "whole number from 1 to 8", "four"});
    refuse("[model]\nbranches = 4.5\n", {"a.toml:2", "model.branches", "4.5"});
    refuse("[model]\nbranches = 9\n", {"a.toml:2", "model.branches", "from 1 to 8", "9"});
    refuse("[model]\n\nbackbone = 18\n", {"a.toml:3", "model.backbone", "18"});
    refuse("[optimization]\nlr = nan\n", {"a.toml:2", "optimization.lr", "nan"});
    refuse("[objective]\nweights = [1, 2]\n", {"a.toml:2", "objective.weights", "three numbers"});
    refuse("[objective]\ndivergence = \"js\"\n", {"a.toml:2", "kl or sinkhorn", "js"});
    refuse("[objective]\nlocal_information = 1\n", {"a.toml:2", "true or false", "1"});
    refuse("[optimization.lr]\nvalue = 1\n", {"a.toml:1", "optimization.lr", "section"});
}

TEST_F(Recipe, BrokenFilesAreNamed) {
    refuse("[model\n", {"a.toml:1"});
    refuse("[model]\nwidth = 1\nwidth = 2\n", {"a.toml:3"});
    expect_error([&] { read_recipe(folder_ / "none.toml", settings_); }, {"none.toml", "No such file"});
    expect_error([&] { read_recipe(folder_.path(), settings_); }, {folder_.path().string(), "folder"});
}

// Each dot is a table in a table, which ended in a stack overflow.
TEST_F(Recipe, KeysWithoutEndAreRefused) {
    std::string key = "a";
    for (int i = 0; i < 200'000; ++i) key += ".a";
    refuse(key + " = 1\n", {"a.toml", "200000 deep"});
    refuse("[" + key + "]\n", {"a.toml", "200000 deep"});
    key.resize(8001);  // as many as are read
    refuse("[" + key + "]\n", {"a.toml", "expected a section"});
    refuse(std::string(2 << 20, '#'), {"a.toml", "at most 1048576 bytes"});
    refuse("a = " + std::string(100'000, '['), {"a.toml", "nested"});
}

TEST_F(Recipe, ItsTextReadsBackAsTheSameSettings) {
    options_.model.width = 0.3;
    options_.initial = "a \"quoted\\\" name";
    options_.objective.weights = {0.1, 2, 3};
    options_.balanced = true;
    const std::string text = recipe_text(settings_);
    TrainOptions others;
    const std::vector<Setting> other_settings = train_settings(others);
    write_file_atomically(folder_ / "b.toml", text);
    read_recipe(folder_ / "b.toml", other_settings);
    EXPECT_EQ(recipe_text(other_settings), text);
    EXPECT_EQ(others.initial, options_.initial);
    EXPECT_EQ(others.model.width, 0.3);
}

TEST_F(Recipe, TextsOfAnyCharactersReadBack) {
    const std::string any = "a\n\t\"b\"\\ \x7f\x01 é#[";
    options_.model.backbone = any;
    read(recipe_text(settings_));
    EXPECT_EQ(options_.model.backbone, any);
}

TEST_F(Recipe, MinusZeroIsZero) {
    read("[objective]\nweights = [-0.0, 1, -0e2]\n[optimization]\nlr = -0e3\n[augmentation]\nflip = -0.0\n");
    const std::string text = recipe_text(settings_);
    for (const char* minus : {"= -0", "[-0", ",-0"}) EXPECT_EQ(text.find(minus), std::string::npos) << text;
    set_from_text(*std::ranges::find(settings_, "lr", &Setting::name), "-0");
    EXPECT_FALSE(std::signbit(options_.schedule.learning_rate));
}

TEST_F(Recipe, TheDefaultRecipeIsTheDefaults) {
    std::string text = bytes_of("recipes/default.toml");
    while (text.starts_with('#')) text.erase(0, text.find('\n') + 1);  // its header
    EXPECT_EQ(text, recipe_text(settings_));
}

TEST_F(Recipe, EveryRecipeOfTheProjectIsReadable) {
    for (const auto& entry : std::filesystem::directory_iterator("recipes")) {
        TrainOptions options;
        EXPECT_NO_THROW(read_recipe(entry.path(), train_settings(options))) << entry.path();
    }
}

TEST_F(Recipe, TextOfTheCommandLineIsCheckedLikeIt) {
    const auto setting = [&](const std::string& flag) -> const Setting& {
        for (const Setting& s : settings_)
            if (s.flag() == flag) return s;
        throw std::runtime_error("no flag " + flag);
    };
    set_from_text(setting("--weights"), "1,0.5,3");
    EXPECT_EQ(options_.objective.weights, (std::array<double, 3>{1, 0.5, 3}));
    set_from_text(setting("--weight-decay"), "0.01");
    EXPECT_EQ(options_.weight_decay, 0.01);
    set_from_text(setting("--augment-jpeg-quality"), "70");
    expect_error([&] { set_from_text(setting("--batch"), "1"); }, {"--batch", "at least 2", "1"});
    expect_error([&] { set_from_text(setting("--batch"), "12x"); }, {"--batch", "12x"});
    expect_error([&] { set_from_text(setting("--lr"), "fast"); }, {"--lr", "fast"});
    expect_error([&] { set_from_text(setting("--weights"), "1,2"); }, {"--weights", "three numbers"});
    expect_error([&] { set_from_text(setting("--augment-flip"), "1.5"); },
                 {"--augment-flip", "from 0 to 1", "1.5"});
}

TEST_F(Recipe, FlagsAreUnique) {
    std::set<std::string> flags;
    for (const Setting& setting : settings_)
        EXPECT_TRUE(flags.insert(setting.flag()).second) << setting.flag();
}

}  // namespace
}  // namespace unmask
