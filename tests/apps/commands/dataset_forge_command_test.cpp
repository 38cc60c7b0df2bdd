// SPDX-License-Identifier: Apache-2.0
// From real pictures alone to a detector: the program forges while it trains, while it evaluates, and to
// files, each time the same forgeries.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "data/manifest.h"
#include "data/picture.h"
#include "data/self_blend/forger.h"
#include "tests/apps/run_program.h"
#include "tests/apps/tiny_faces.h"

namespace unmask {
namespace {

class ForgeProgram : public testing::Test {
  protected:
    void SetUp() override {
        // The rows of fake pictures must play no part: their files are gone.
        data = write_tiny_faces(folder.path(), 32, 8, 12);
        const Manifest manifest = read_manifest(data);
        for (const ManifestRow& row : manifest.rows)
            if (row.label == 1) std::filesystem::remove(manifest.file(row));
    }
    [[nodiscard]] std::string path(const std::string& name) const { return (folder / name).string(); }
    [[nodiscard]] Outcome train(const std::string& run) const {
        return run_program("train --data " + data.string() + " --out " + path(run) +
                           " --forge self-blend --backbone resnet18 --branches 2 --width 0.125 --size 32"
                           " --epochs 1 --batch 16 --threads 1 --seed 3 --quiet");
    }
    [[nodiscard]] nlohmann::json evaluate(const std::string& rest) const {
        const Outcome outcome = run_program("evaluate --model " + path("run/best.safetensors") +
                                            " --quiet --bootstrap 0 --json - " + rest);
        EXPECT_EQ(outcome.code, 0) << outcome.errors;
        nlohmann::json result = nlohmann::json::parse(outcome.output)["results"][0];
        return {{"frame", result["frame"]}, {"video", result["video"]}};
    }
    TemporaryFolder folder;
    std::filesystem::path data;
};

TEST_F(ForgeProgram, TrainsAndMeasuresOnRealPicturesAlone) {
    const Outcome trained = train("run");
    ASSERT_EQ(trained.code, 0) << trained.errors;
    EXPECT_EQ(trained.errors, "") << "no warning of a single class";
    ASSERT_EQ(train("again").code, 0);
    EXPECT_EQ(bytes_of(path("run/best.safetensors")), bytes_of(path("again/best.safetensors")));

    const std::string forging = "--data " + data.string() + " --forge self-blend ";
    const nlohmann::json measured = evaluate(forging + "--seed 5");
    EXPECT_EQ(measured["frame"]["real"], 6);
    EXPECT_EQ(measured["frame"]["fake"], 6);
    EXPECT_FALSE(measured["frame"]["auc"].is_null());
    EXPECT_EQ(evaluate(forging + "--seed 5 --threads 2"), measured);
    EXPECT_NE(evaluate(forging + "--seed 6")["frame"], measured["frame"]);
    EXPECT_NE(evaluate(forging + "--seed 5 --split all")["frame"], measured["frame"]);
    const Outcome verified = run_program("verify " + path("run") + " --quiet");
    EXPECT_EQ(verified.code, 0) << verified.output << verified.errors;
    // Without forging the pictures of the fake rows are missing.
    const Outcome missing =
        run_program("evaluate --quiet --model " + path("run/best.safetensors") + " --data " + data.string());
    EXPECT_EQ(missing.code, 2);
    EXPECT_NE(missing.errors.find("6 of the manifest's 12 rows name files that do not exist"),
              std::string::npos)
        << missing.errors;

    // The same forgeries as files are measured the same.
    const Outcome forged = run_program("dataset forge --data " + data.string() + " --out " + path("forged") +
                                       " --split test --seed 5 --threads 2 --quiet");
    ASSERT_EQ(forged.code, 0) << forged.errors;
    EXPECT_NE(forged.output.find("6 forgeries of 6 real faces"), std::string::npos) << forged.output;
    EXPECT_EQ(evaluate("--data " + path("forged/faces.csv"))["frame"], measured["frame"]);
    EXPECT_EQ(evaluate("--data " + path("forged/faces.csv"))["video"], measured["video"]);
}

TEST_F(ForgeProgram, ForgedFilesSayWhereTheyComeFrom) {
    for (const char* threads : {"1", "2"})
        ASSERT_EQ(run_program("dataset forge --data " + data.string() + " --out " + path(threads) +
                              " --threads " + threads)
                      .code,
                  0);
    const Manifest source = rows_to_read(read_manifest(data), Forge::self_blend),
                   forged = read_manifest(path("1/faces.csv"));
    check_files(forged);
    ASSERT_EQ(forged.rows.size(), 2 * source.rows.size());
    int changed = 0;
    for (size_t i = 0; i < forged.rows.size(); ++i) {
        const ManifestRow &row = forged.rows[i], &from = source.rows[i / 2];
        EXPECT_EQ(row.label, int(i % 2));
        EXPECT_EQ(row.method, i % 2 == 1 ? "SelfBlend" : from.method);
        EXPECT_EQ(row.video, from.video);
        EXPECT_EQ(row.split, from.split);
        EXPECT_EQ(row.frame, from.frame);
        const bool same = read_picture(forged.file(row)) == read_picture(source.file(from));
        if (i % 2 == 1) {
            EXPECT_FALSE(same) << row.path;
        }
        changed += i % 2 == 0 && !same ? 1 : 0;
        if (std::filesystem::path(row.path).is_relative()) {
            EXPECT_EQ(bytes_of(path("1/" + row.path)), bytes_of(path("2/" + row.path)));
        }
    }
    EXPECT_GT(changed, 4);
    EXPECT_LT(changed, 22);
    EXPECT_EQ(bytes_of(path("1/faces.csv")), bytes_of(path("2/faces.csv")));
    // Not over another set.
    const Outcome again = run_program("dataset forge --data " + data.string() + " --out " + path("1"));
    EXPECT_EQ(again.code, 2);
    EXPECT_NE(again.errors.find("without a manifest"), std::string::npos) << again.errors;
}

TEST_F(ForgeProgram, SaysWhatIsWrong) {
    const auto expect_failure = [&](const std::string& arguments, const std::string& text) {
        const Outcome outcome = run_program(arguments + " --quiet");
        EXPECT_EQ(outcome.code, 2) << arguments;
        EXPECT_NE(outcome.errors.find(text), std::string::npos) << outcome.errors;
    };
    Manifest manifest = read_manifest(data);
    for (ManifestRow& row : manifest.rows) row.label = 1;
    write_manifest(path("fake.csv"), manifest);
    expect_failure("dataset forge --data " + path("fake.csv") + " --out " + path("x"), "found none among 52");
    expect_failure("train --forge self-blend --data " + path("fake.csv") + " --out " + path("x"),
                   "real faces");
    expect_failure("train --forge gan --data " + data.string() + " --out " + path("x"), "none or self-blend");
    std::filesystem::remove(folder / "test-0.png");
    expect_failure("dataset forge --data " + data.string() + " --out " + path("y"), "test-0.png");
    EXPECT_FALSE(std::filesystem::exists(path("y/faces.csv")));
}

}  // namespace
}  // namespace unmask
