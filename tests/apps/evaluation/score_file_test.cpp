// SPDX-License-Identifier: Apache-2.0
#include "apps/evaluation/score_file.h"

#include <gtest/gtest.h>

#include "engine/atomic_file.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

TEST(ScoreFile, IsReadBackAsItWas) {
    const TemporaryFolder folder;
    const std::vector<ManifestRow> rows{
        {.path = "a, \"b\".png", .video = "v", .dataset = "d", .method = "m", .label = 1, .frame = 7},
        {.path = "c.png", .video = "v"}};
    const std::vector<double> scores{0.1 + 0.2, 5e-324};
    write_scores(folder / "s.csv", rows, scores);
    const ScoredRows read = read_scores(folder / "s.csv");
    EXPECT_EQ(read.rows, rows);
    EXPECT_EQ(read.scores, scores);
}

TEST(ScoreFile, AnotherFileIsRefusedWithItsLine) {
    const TemporaryFolder folder;
    write_file_atomically(folder / "a.csv", "path,label\n");
    expect_error([&] { static_cast<void>(read_scores(folder / "a.csv")); },
                 {"a.csv", "expected the columns"});
    const std::string head = "path,dataset,method,video,frame,label,score\n";
    for (const char* line : {"a,d,m,v,0,fake\n", "a,d,m,v,x,fake,0.5\n", "a,d,m,v,0,maybe,0.5\n",
                             "a,d,m,v,0,fake,1.5\n", "a,d,m,v,0,fake,nan\n"}) {
        write_file_atomically(folder / "a.csv", head + line);
        expect_error([&] { static_cast<void>(read_scores(folder / "a.csv")); }, {"a.csv:2"});
    }
}

}  // namespace
}  // namespace unmask
