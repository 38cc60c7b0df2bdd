// SPDX-License-Identifier: Apache-2.0
// unmask dataset as its users meet it: exit codes, messages, files.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "data/manifest.h"
#include "tests/apps/run_program.h"
#include "tests/apps/tiny_faces.h"

namespace unmask {
namespace {

using nlohmann::json;

class DatasetProgram : public testing::Test {
  protected:
    void SetUp() override { data_ = write_tiny_faces(folder_.path(), 8, 8, 8).string(); }
    [[nodiscard]] std::string path(const std::string& name) const { return (folder_ / name).string(); }
    // The tiny faces, changed.
    template <class Change>
    std::string changed(const std::string& name, const Change& change) {
        Manifest manifest = read_manifest(data_);
        change(manifest.rows);
        write_manifest(path(name), manifest);
        return path(name);
    }
    static void expect_failure(const std::string& arguments, const std::vector<std::string>& texts) {
        const Outcome outcome = run_program("dataset " + arguments + " --quiet");
        EXPECT_EQ(outcome.code, 2) << arguments << "\n" << outcome.errors;
        EXPECT_EQ(std::ranges::count(outcome.errors, '\n'), 1) << outcome.errors;
        for (const std::string& text : texts)
            EXPECT_NE(outcome.errors.find(text), std::string::npos)
                << "expected '" << text << "' in " << outcome.errors;
    }
    TemporaryFolder folder_;
    std::string data_;
};

TEST_F(DatasetProgram, WrongUsageEndsWithTwo) {
    expect_failure("", {"expected a subcommand among", "import, export, check, pack"});
    expect_failure("chek", {"expected a subcommand among", "\"chek\""});
    expect_failure("check", {"manifests"});
    expect_failure("check " + path("none.csv"), {"none.csv", "no such file"});
    expect_failure("import " + path("none") + " --out x", {"none", "no such file"});
    expect_failure("import " + data_, {"--out"});
    expect_failure("export " + data_, {"--deepfakebench", "--lists"});
    expect_failure("export " + data_ + " --lists a --deepfakebench b", {"expected one of"});
    expect_failure("export " + data_ + " --lists a --compression c99", {"--compression", "c99"});
    for (const char* arguments : {"dataset --help", "dataset check --help", "dataset import --help"}) {
        const Outcome outcome = run_program(arguments);
        EXPECT_EQ(outcome.code, 0) << arguments;
        EXPECT_EQ(outcome.errors, "");
    }
    EXPECT_NE(run_program("dataset --help").output.find("check"), std::string::npos);
    expect_failure("check " + data_ + " --bogus", {"--bogus", "see unmask dataset check --help"});
}

TEST_F(DatasetProgram, PacksAndTakesTheShardForAManifest) {
    const std::string shard = path("faces.shard");
    const Outcome packed = run_program("dataset pack " + data_ + " --quiet --out " + shard);
    EXPECT_EQ(packed.code, 0) << packed.errors;
    EXPECT_NE(packed.output.find(shard + ": "), std::string::npos) << packed.output;
    EXPECT_EQ(run_program("dataset check " + shard).code, run_program("dataset check " + data_).code);
    expect_failure("pack " + data_ + " --out " + shard, {"faces.shard", "--overwrite"});
    expect_failure("pack " + data_ + " --out " + path("a.shard") + " --size 0", {"--size", "0"});
    expect_failure("pack " + path("none.csv") + " --out " + path("a.shard"), {"none.csv", "no such file"});
    const Outcome small = run_program("dataset pack " + shard + " --size 16 --overwrite --out " + shard);
    EXPECT_EQ(small.code, 0) << small.errors;
    EXPECT_EQ(read_manifest(shard).rows, read_manifest(data_).rows);
    // Lists name pictures that are files of their own.
    for (const std::string& format : {"--lists " + path("lists"), "--deepfakebench " + path("bench.json")})
        expect_failure("export " + shard + " " + format, {"faces.shard", "no picture files", "its manifest"});
    EXPECT_FALSE(std::filesystem::exists(path("lists")));
    EXPECT_FALSE(std::filesystem::exists(path("bench.json")));
    // A byte of the first picture changed.
    std::fstream file(shard, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(200);
    file.put('\x55').put('\xaa');
    file.close();
    const Outcome broken = run_program("dataset check " + shard);
    EXPECT_EQ(broken.code, 1) << broken.output;
    EXPECT_NE(broken.output.find("checksum"), std::string::npos) << broken.output;
}

TEST_F(DatasetProgram, CleanDataEndsWithZero) {
    const Outcome table = run_program("dataset check " + data_);
    EXPECT_EQ(table.code, 0) << table.errors << table.output;
    EXPECT_NE(table.output.find("24 rows, 24 files: nothing found"), std::string::npos) << table.output;
    EXPECT_NE(table.errors.find("24 of 24 rows name no identity"), std::string::npos) << table.errors;
    const Outcome answer = run_program("dataset check " + data_ + " --json - --quiet");
    EXPECT_EQ(answer.code, 0);
    const json report = json::parse(answer.output);
    EXPECT_EQ(report["clean"], true);
    EXPECT_EQ(report["rows"], 24);
    EXPECT_EQ(report["sides"][0]["name"], "train");
    EXPECT_EQ(report["sides"][0]["real_rows"], 4);
    EXPECT_TRUE(report["findings"].empty());
}

TEST_F(DatasetProgram, AMissingFileEndsWithOneAndIsNamedWithTheNearest) {
    std::filesystem::rename(path("val-3.png"), path("val_3.png"));
    const Outcome outcome = run_program("dataset check " + data_);
    EXPECT_EQ(outcome.code, 1);
    EXPECT_NE(outcome.output.find("PROBLEM: missing files (1)"), std::string::npos) << outcome.output;
    EXPECT_NE(outcome.output.find(path("val-3.png") + "; nearest: " + path("val_3.png")), std::string::npos)
        << outcome.output;
}

TEST_F(DatasetProgram, ALeakEndsWithOne) {
    const std::string leaky = changed("leaky.csv", [](auto& rows) {
        rows.back().video = rows.front().video;
        rows.back().method = rows.front().method;
    });
    EXPECT_EQ(run_program("dataset check --quick " + leaky).code, 1);
    const std::string people =
        changed("people.csv", [](auto& rows) { rows.back().identity = rows.front().identity = "me"; });
    const Outcome outcome = run_program("dataset check --quick " + people + " --json " + path("report.json"));
    EXPECT_EQ(outcome.code, 1);
    const json report = json::parse(bytes_of(path("report.json")));
    EXPECT_EQ(report["clean"], false);
    ASSERT_EQ(report["findings"].size(), 1u);
    EXPECT_EQ(report["findings"][0]["kind"], "identity_leak");
    EXPECT_EQ(report["findings"][0]["items"][0]["what"], "me");
    // Across manifests: the second is the test of the first.
    const std::string train = changed("train.csv", [](auto& rows) {
        for (auto& row : rows) row.split = "";
    });
    EXPECT_EQ(run_program("dataset check --quick " + train).code, 0);
    EXPECT_EQ(run_program("dataset check --quick " + train + " " + train).code, 1);
    // A warning is no problem.
    const std::string one_class = changed(
        "real.csv", [](auto& rows) { std::erase_if(rows, [](const auto& row) { return row.label == 1; }); });
    const Outcome warned = run_program("dataset check " + one_class);
    EXPECT_EQ(warned.code, 0);
    EXPECT_NE(warned.output.find("warning: sides with one class only (3)"), std::string::npos)
        << warned.output;
}

TEST_F(DatasetProgram, ExportsAndImportsTheSame) {
    const Outcome exported = run_program("dataset export " + data_ + " --deepfakebench " +
                                         path("bench.json") + " --root " + path(""));
    EXPECT_EQ(exported.code, 0) << exported.errors;
    EXPECT_NE(exported.output.find("24 frames of"), std::string::npos) << exported.output;
    const Outcome imported =
        run_program("dataset import " + path("bench.json") + " --out " + path("again.csv"));
    EXPECT_EQ(imported.code, 0) << imported.errors;
    const auto rows_of = [](const std::string& file) {
        auto rows = read_manifest(file).rows;
        std::ranges::sort(rows, {}, &ManifestRow::path);
        return rows;
    };
    EXPECT_TRUE(rows_of(path("again.csv")) == rows_of(data_));
    // Neither replaces what it was not asked to.
    expect_failure("import " + path("bench.json") + " --out " + path("again.csv"),
                   {"again.csv", "it exists already", "--overwrite"});
    EXPECT_EQ(
        run_program("dataset import --overwrite " + path("bench.json") + " --out " + path("again.csv")).code,
        0);
    expect_failure("export " + data_ + " --deepfakebench " + data_, {"is an input"});
    EXPECT_EQ(read_manifest(data_).rows.size(), 24u);
    expect_failure("export " + data_ + " --lists " + path("lists"), {"a folder for each"});
    // Bare names in the current folder.
    const std::string there = "cd " + folder_.path().string() + " &&";
    EXPECT_EQ(run_program("dataset export faces.csv --deepfakebench bare.json --root .", there).code, 0);
    const Outcome bare = run_program("dataset import bare.json --out bare.csv", there);
    EXPECT_EQ(bare.code, 0) << bare.errors;
    EXPECT_TRUE(rows_of(path("bare.csv")) == rows_of(data_));
}

TEST_F(DatasetProgram, ImportNamesWhatIsMissingAndWritesTheRest) {
    std::filesystem::create_directories(path("frames/a.mp4"));
    std::filesystem::copy_file(path("val-0.png"), path("frames/a.mp4/000.png"));
    std::ofstream(path("frames/val_real.txt")) << "0,a.mp4,1\n0,b.mp4,1\n";
    Outcome outcome =
        run_program("dataset import " + path("frames") + " --out " + path("new/faces.csv") + " --json -");
    EXPECT_EQ(outcome.code, 1) << outcome.errors;
    EXPECT_NE(outcome.errors.find("val_real.txt:2: " + path("frames/b.mp4") +
                                  " is not there; nearest: " + path("frames/a.mp4")),
              std::string::npos)
        << outcome.errors;
    const json report = json::parse(outcome.output);
    EXPECT_EQ(report["rows"], 1);
    EXPECT_EQ(report["missing"][0]["problem"], "is not there");
    EXPECT_EQ(read_manifest(path("new/faces.csv")).rows.at(0).path, path("frames/a.mp4/000.png"));
    // Nothing at all: no manifest.
    std::ofstream(path("frames/val_real.txt")) << "0,b.mp4,1\n";
    outcome = run_program("dataset import " + path("frames") + " --out " + path("none.csv"));
    EXPECT_EQ(outcome.code, 2);
    EXPECT_FALSE(std::filesystem::exists(path("none.csv")));
    // Lists that leak are taken as they are, with a warning.
    std::ofstream(path("frames/val_real.txt")) << "0,a.mp4,1\n";
    std::ofstream(path("frames/test_real.txt")) << "0,a.mp4,1\n";
    outcome = run_program("dataset import " + path("frames") + " --out " + path("leaky.csv"));
    EXPECT_EQ(outcome.code, 0);
    EXPECT_NE(outcome.errors.find("validation is the test"), std::string::npos) << outcome.errors;
}

TEST_F(DatasetProgram, ImportTakesNumberedPicturesForPhotosWhereItIsTold) {
    for (const char* label : {"real", "fake"}) {
        std::filesystem::create_directories(path("set/") + label + "/v");
        for (const char* name : {"0.png", "1.png"})
            std::filesystem::copy_file(path("val-0.png"), path("set/") + label + "/v/" + name);
    }
    const std::string line = "dataset import " + path("set") + " --quiet";
    EXPECT_EQ(run_program(line + " --out " + path("clips.csv")).code, 0);
    EXPECT_EQ(read_manifest(path("clips.csv")).rows.at(0).video, "fake/v");
    EXPECT_EQ(run_program(line + " --pictures photos --out " + path("photos.csv")).code, 0);
    EXPECT_EQ(read_manifest(path("photos.csv")).rows.at(0).video, "fake/v/0");
    expect_failure("import " + path("set") + " --pictures clips --out " + path("x.csv"),
                   {"--pictures", "clips"});
}

}  // namespace
}  // namespace unmask
