// SPDX-License-Identifier: Apache-2.0
#include "data/lists/deepfakebench_names.h"
#include "tests/data/lists/list_folder.h"

namespace unmask {
namespace {

class BenchJson : public ListFolder {
  protected:
    ImportResult read(const std::string& text, const std::string& root = "", const std::string& level = "") {
        file("bench.json", text);
        return import("bench.json", root, level);
    }
    void expect_wrong(const std::string& text, std::vector<std::string> words) {
        words.push_back((folder / "bench.json").string());
        expect_error([&] { read(text); }, words);
    }
    // One video of FF-real with these frames.
    static std::string frames_of(const std::string& list) {
        return R"({"FaceForensics++": {"FF-real": {"train": {"c23": {"071": {"label": "FF-real", "frames": )" +
               list + "}}}}}}";
    }
};

TEST_F(BenchJson, AllFormsOfPaths) {
    frames("FaceForensics++/original_sequences/youtube/c23/frames/071");
    const std::string rest = "original_sequences/youtube/c23/frames/071/000.png";
    for (const std::string form :
         {R"(FaceForensics++\\original_sequences\\youtube\\c23\\frames\\071\\000.png)",
          "./FaceForensics++/original_sequences/youtube/c23/frames/071/000.png",
          "FaceForensics++/original_sequences/youtube/c23/frames/071/000.png"})
        EXPECT_EQ(read(frames_of("[\"" + form + "\"]")).manifest.rows.size(), 1u) << form;
    const std::string absolute = (folder / ("FaceForensics++/" + rest)).string();
    EXPECT_EQ(read(frames_of("[\"" + absolute + "\"]")).manifest.rows.size(), 1u);
    // Written elsewhere, and found below the root.
    for (const std::string start : {"./datasets/rgb/", "/home/them/rgb/", "D:\\\\rgb\\\\"}) {
        const ImportResult result = read(frames_of("[\"" + start + "FaceForensics++/" + rest + "\"]"), ".");
        ASSERT_EQ(result.manifest.rows.size(), 1u) << start;
        EXPECT_EQ(result.manifest.rows[0],
                  (ManifestRow{"FaceForensics++/" + rest, "original/071", "train", "FaceForensics++",
                               "original", 0, 0, "youtube:071", "c23"}));
        EXPECT_TRUE(mentions(result.notices, "is taken as"));
    }
}

TEST_F(BenchJson, LevelsAndMethodsSharingAnId) {
    for (const char* name : {"a", "b", "c", "d"}) frames(name, 1);
    const std::string text = R"({"FaceForensics++": {
        "FF-DF": {"test": {"c23": {"071_054": {"label": "FF-DF", "frames": ["a/000.png"]}},
                           "c40": {"071_054": {"label": "FF-DF", "frames": ["b/000.png"]}}}},
        "FF-FS": {"test": {"c23": {"071_054": {"frames": ["c/000.png"]}}}},
        "FF-real": {"train": {}, "val": {"c23": {"071": {"frames": []}}}}}})";
    const ImportResult all = read(text);
    ASSERT_EQ(all.manifest.rows.size(), 3u);
    EXPECT_EQ(all.manifest.rows[0].video, "Deepfakes/c23/071_054");
    EXPECT_EQ(all.manifest.rows[1].video, "Deepfakes/c40/071_054");
    EXPECT_EQ(all.manifest.rows[1].compression, "c40");
    EXPECT_EQ(all.manifest.rows[2].video, "FaceSwap/c23/071_054");
    EXPECT_TRUE(mentions(all.notices, "1 videos list no frames"));
    const ImportResult one = read(text, "", "c23");
    ASSERT_EQ(one.manifest.rows.size(), 2u);
    EXPECT_EQ(one.manifest.rows[0].video, "Deepfakes/071_054");
    EXPECT_EQ(one.manifest.rows[1].video, "FaceSwap/071_054");
}

TEST_F(BenchJson, LabelNames) {
    const auto label = [](const std::string& top, const std::string& name) {
        return bench_meaning({top, name, "", "x"}, false);
    };
    for (const char* real : {"FF-real", "DFD_real", "CelebDFv1_real", "CelebDFv2_real", "DFDCP_Real",
                             "DFDC_Real", "DF_real", "UADFV_Real", "roop_Real", "Mine_real"})
        EXPECT_EQ(label("Mine", real).label, 0) << real;
    for (const char* fake : {"FF-DF", "FF-F2F", "FF-FS", "FF-NT", "FF-FH", "FF-SH", "DFD_fake",
                             "CelebDFv1_fake", "CelebDFv2_fake", "DFDCP_FakeA", "DFDCP_FakeB", "DFDC_Fake",
                             "DF_fake", "UADFV_Fake", "roop_Fake", "Mine_Swap", "Other"})
        EXPECT_EQ(label("Mine", fake).label, 1) << fake;
    // Single methods of FaceForensics++ stand under their own names.
    EXPECT_EQ(label("FF-DF", "FF-DF").dataset, "FaceForensics++");
    EXPECT_EQ(label("FF-DF", "FF-DF").video, "Deepfakes/x");
    EXPECT_EQ(label("DFDCP", "DFDCP_FakeB").method, "method_B");
    EXPECT_EQ(label("Mine", "Mine_Swap").method, "Swap");
    EXPECT_FALSE(label("Mine", "Mine_Swap").known);
    frames("a", 1);
    const ImportResult result = read(R"({"Mine": {"Mine_Swap": {"val": {"1": {"frames": ["a/000.png"]}}}}})");
    ASSERT_EQ(result.manifest.rows.size(), 1u);
    EXPECT_EQ(result.manifest.rows[0], (ManifestRow{"a/000.png", "Swap/1", "val", "Mine", "Swap", 1, 0}));
    EXPECT_TRUE(mentions(result.notices, "Mine_Swap is none of DeepfakeBench's and is taken as fake"));
}

TEST_F(BenchJson, MissingFramesAreNamedWithTheNearest) {
    frames("a", 2);
    const ImportResult result = read(frames_of(R"(["a/000.png", "a/011.png", "A/010.png"])"));
    ASSERT_EQ(result.manifest.rows.size(), 1u);
    ASSERT_EQ(result.missing.size(), 2u);
    EXPECT_EQ(result.missing[0].path, folder / "a/011.png");
    EXPECT_EQ(result.missing[0].nearest, folder / "a/010.png");
    EXPECT_EQ(result.missing[1].nearest, folder / "a/010.png");
    EXPECT_NE(result.missing[0].where.find("FaceForensics++/FF-real/train/c23/071"), std::string::npos);
}

TEST_F(BenchJson, HostileInputIsNamed) {
    expect_wrong("{\"a\": ", {"expected JSON"});
    expect_wrong("[]", {"expected an object with datasets"});
    expect_wrong(R"({"FaceForensics++": 7})", {"FaceForensics++:", "labels", "found 7"});
    expect_wrong(R"({"F": {"FF-real": {"training": {}}}})",
                 {"F/FF-real:", "train, val and test", "training"});
    expect_wrong(R"({"F": {"FF-real": {"train": []}}})", {"F/FF-real/train:", "videos"});
    expect_wrong(R"({"F": {"FF-real": {"train": {"c23": 5}}}})", {"train/c23:", "found 5"});
    expect_wrong(R"({"F": {"FF-real": {"train": {"1": {"frame": []}}}}})", {"train/1:", "\"frames\""});
    expect_wrong(frames_of("7"), {"c23/071:", "\"frames\""});
    expect_wrong(frames_of("[7]"), {"expected the path of a frame, found 7"});
    expect_wrong(frames_of("[1e999]"), {"expected JSON"});
    expect_wrong(frames_of("[\"\"]"), {"empty"});
    expect_wrong(frames_of("[\"a/../../../etc/passwd\"]"), {"leads out"});
    expect_wrong(frames_of("[\"..\\\\..\\\\etc\\\\passwd\"]"), {"leads out"});
    expect_wrong(frames_of("[\"a\\u0000b\"]"), {"byte 0"});
    expect_wrong(R"({"F": {"FF-real": {"train": {"1": {"label": "FF-DF", "frames": []}}}}})",
                 {"\"label\": \"FF-real\"", "found \"FF-DF\""});
    expect_wrong(R"({"F": {"FF-real": {"train": {"1": {"frames": ["a"], "unmask": {"numbers": [-1]}}}}}})",
                 {"\"numbers\""});
    expect_wrong(R"({"F": {"FF-real": {"train": {"1": {"frames": ["a"], "unmask": {"numbers": [1, 2]}}}}}})",
                 {"one number of 0 or more for each frame", "\"numbers\"", "[1,2]"});
    expect_wrong(
        R"({"F": {"FF-real": {"train": {"1": {"frames": ["a"], "unmask": {"numbers": [99999999999999999999]}}}}}})",
        {"\"numbers\""});
    expect_wrong(R"({"F": {"FF-real": {"train": {"1": {"frames": ["a"], "unmask": {"video": 3}}}}}})",
                 {"\"video\""});
    expect_wrong("{\"a\\nb" + std::string(5000, 'x') + "\": 1}", {"a\\nb", "..."});
    const std::string deep = std::string(100000, '[') + std::string(100000, ']');
    expect_wrong(deep, {"found array of 1"});
    expect_wrong(frames_of("[" + deep + "]"), {"expected the path of a frame, found array of 1"});
    // A real label among forgeries.
    frames("FF/manipulated_sequences/FaceSwap/c23/frames/071_054", 1);
    expect_wrong(frames_of(R"(["FF/manipulated_sequences/FaceSwap/c23/frames/071_054/000.png"])"),
                 {"calls", "real", "fake"});
}

}  // namespace
}  // namespace unmask
