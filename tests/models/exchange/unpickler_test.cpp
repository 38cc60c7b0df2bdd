// SPDX-License-Identifier: Apache-2.0
#include "models/exchange/unpickler.h"

#include <gtest/gtest.h>

#include "models/exchange/torch_objects.h"
#include "tests/models/exchange/pickles.h"
#include "tests/support/expect_error.h"

namespace unmask {
namespace {

using namespace pickles;

struct Read {
    TorchObjects objects;
    PickleValues values;
    size_t used = 0;
    PickleId root = 0;
    explicit Read(const std::string& bytes) { root = unpickle(bytes, objects, values, used); }
};

void refuse(const std::string& bytes, const std::vector<std::string>& texts) {
    expect_error([&] { Read read(bytes); }, texts);
}

TEST(Unpickler, PlainValues) {
    const std::string bytes =
        whole("(" + integer(-7) + "K\xff"s + "M\x01\x02" + "J\xfe\xff\xff\xff" + "G\x3f\xf8\0\0\0\0\0\0"s +
              text("text") + "N\x88\x89" + "](K\x01K\x02" + "e" + dict(text("k") + "N") + "t");
    const Read read(bytes + "rest");
    EXPECT_EQ(read.used, bytes.size());
    const auto& items = read.values.items_at(read.root, "root");
    ASSERT_EQ(items.size(), 11u);
    EXPECT_EQ(*read.values.get<int64_t>(items[0]), -7);
    EXPECT_EQ(*read.values.get<int64_t>(items[1]), 255);
    EXPECT_EQ(*read.values.get<int64_t>(items[2]), 513);
    EXPECT_EQ(*read.values.get<int64_t>(items[3]), -2);
    EXPECT_EQ(*read.values.get<double>(items[4]), 1.5);
    EXPECT_EQ(read.values.text_at(items[5], ""), "text");
    EXPECT_NE(read.values.get<std::monostate>(items[6]), nullptr);
    EXPECT_TRUE(*read.values.get<bool>(items[7]));
    EXPECT_FALSE(*read.values.get<bool>(items[8]));
    EXPECT_EQ(read.values.items_at(items[9], "").size(), 2u);
    EXPECT_EQ(read.values.get<PickleDict>(items[10])->items.size(), 1u);
}

TEST(Unpickler, MemoGivesTheSameValueAgain) {
    const Read read(whole("(" + text("a") + "q\x05h\x05r\x00\x00\x01\x00j\x00\x00\x01\x00t"s));
    const auto& items = read.values.items_at(read.root, "root");
    ASSERT_EQ(items.size(), 3u);
    EXPECT_EQ(items[0], items[1]);
    EXPECT_EQ(items[0], items[2]);
    const Read newer("\x80\x04\x95\x00\x00\x00\x00\x00\x00\x00\x00(\x8c\x01x\x94h\x00t."s);
    EXPECT_EQ(newer.values.items_at(newer.root, "root").size(), 2u);
}

TEST(Unpickler, CodeIsRefusedByName) {
    refuse(whole(called(global("os", "system"), text("touch /tmp/x"))), {"os.system", "refused"});
    refuse(whole(called(global("posix", "system"), text("id"))), {"posix.system"});
    refuse(whole(global("builtins", "eval")), {"builtins.eval"});
    refuse(whole(called(global("torch.storage", "_load_from_bytes"), text("x"))),
           {"torch.storage._load_from_bytes"});
    refuse(whole(called(global("numpy.core.multiarray", "_reconstruct"), "")),
           {"numpy.core.multiarray._reconstruct"});
    refuse(whole(called(global("__main__", "Net"), "")), {"__main__.Net", "state_dict()"});
    // By way of the stack, as newer protocols do.
    refuse("\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02id\x85R."s, {"os.system"});
    // As parts of a name that is allowed.
    refuse(whole(global("torch._utils", "_rebuild_tensor_v2.__globals__")), {"__globals__"});
    refuse(whole(global("torch", "FloatStorage.from_file")), {"torch.FloatStorage.from_file"});
    // Instructions that make objects of classes.
    refuse(whole("(" + global("os", "system").substr(1)), {"0x"});
    refuse("\x80\x02(ios\nsystem\n."s, {"0x69"});
    refuse("\x80\x02(o."s, {"0x6f"});
    refuse("\x80\x02\x82\x01."s, {"0x82"});
    // A storage's type is not to be called.
    refuse(whole(called(global("torch", "FloatStorage"), integer(1))), {"torch.FloatStorage", "refused"});
    refuse(whole(text("os.system") + tuple("") + "R"), {"expected a global", "a text"});
}

TEST(Unpickler, LengthsBeyondThePickleAreRefusedBeforeAnythingIsAllocated) {
    refuse("\x80\x02X\xff\xff\xff\xff"s, {"byte 2", "4294967295 more bytes, found 0"});
    refuse("\x80\x02\x8d\xff\xff\xff\xff\xff\xff\xff\xffxx"s, {"18446744073709551615 more bytes, found 2"});
    refuse("\x80\x02\x8b\xff\xff\xff\x7f"s, {"2147483647 more bytes"});
    refuse("\x80\x02\x8b\xff\xff\xff\xff"s, {"a number of -1 bytes"});
    refuse("\x80\x02T\xff\xff\xff\xff"s, {"a text of -1 bytes"});
    refuse("\x80\x02\x8a\xff"s, {"255 more bytes"});
    refuse("\x80\x02G1"s, {"8 more bytes"});
    refuse("\x80\x02" + std::string("c") + std::string(1000, 'm'), {"short line"});
    refuse("", {"1 more bytes"});
    refuse(std::string(most_pickle_bytes + 10, 'N'), {"read at most"});
}

TEST(Unpickler, HugeNumbersStayBytes) {
    const Read read(whole("\x8a\x0a"s + std::string(10, '\x7f')));
    EXPECT_EQ(read.values.get<PickleBigInteger>(read.root)->bytes.size(), 10u);
    const std::string digits(1 << 20, '\x7f');
    const Read large(whole("\x8b"s + number_bytes(digits.size(), 4) + digits));
    EXPECT_EQ(large.values.get<PickleBigInteger>(large.root)->bytes.size(), digits.size());
    EXPECT_EQ(*Read(whole("\x8a\x01\xff"s)).values.get<int64_t>(Read(whole("\x8a\x01\xff"s)).root), -1);
}

TEST(Unpickler, StacksThatRunEmptyOrMarksThatAreMissing) {
    for (const char* bad : {"\x80\x02.", "\x80\x02t", "\x80\x02R",
                            "\x80\x02"
                            "Nb",
                            "\x80\x02\x85.",
                            "\x80\x02"
                            "1",
                            "\x80\x02"
                            "0",
                            "\x80\x02"
                            "2",
                            "\x80\x02"
                            "Nu",
                            "\x80\x02"
                            "NNs",
                            "\x80\x02"
                            "Na",
                            "\x80\x02"
                            "(NNNs",
                            "\x80\x02"
                            "h\x07",
                            "\x80\x02Q", "\x80\x02q\x01",
                            "\x80\x02"
                            "N(R",
                            "\x80\x02](Nu", "\x80\x02}(Ne"})
        refuse(bad, {"byte"});
    refuse("\x80\x02(NNNd.", {"a key without a value"});
    refuse("\x80\x01.", {"protocol 2 to 5, found 1"});
    refuse("\x80\x09.", {"found 9"});
}

// Values within values within … : the depth costs no stack, neither reading nor at the end.
TEST(Unpickler, DeepNestingCostsNoStack) {
    constexpr size_t depth = 1'000'000;
    const Read lists(whole(std::string(depth, ']') + std::string(depth - 1, 'a')));
    EXPECT_EQ(lists.values.items_at(lists.root, "").size(), 1u);
    const Read tuples(whole("N" + std::string(depth, '\x85')));
    EXPECT_EQ(tuples.values.items_at(tuples.root, "").size(), 1u);
    const Read marks("\x80\x02N" + std::string(depth, '(') + std::string(depth, '1') + ".");
    EXPECT_NE(marks.values.get<std::monostate>(marks.root), nullptr);
}

// Each list holds the one before ten times: 10^30 values for whoever walks through them, thirty here.
TEST(Unpickler, ListsOfTheSameListsStaySmall) {
    std::string bytes = "]q\x01";
    for (int i = 0; i < 30; ++i) {
        bytes = bytes + "0](";
        for (int k = 0; k < 10; ++k) bytes += "h\x01";
        bytes += "eq\x01";
    }
    const Read read(whole(bytes));
    EXPECT_EQ(read.values.items_at(read.root, "").size(), 10u);
    // A list that holds itself.
    const Read cyclic(whole("]q\x01h\x01" + std::string("a")));
    EXPECT_EQ(cyclic.values.items_at(cyclic.root, "").front(), cyclic.root);
}

// A few bytes that call for a copy of something large, again and again.
TEST(Unpickler, CallsThatCopyAreBounded) {
    std::string pairs = "](";
    for (int i = 0; i < 20'000; ++i) pairs += "NN\x86";
    const std::string again = "0" + global("collections", "OrderedDict") + "h\x01\x85R";
    std::string bytes = pairs + "eq\x01";
    for (int i = 0; i < 1000; ++i) bytes += again;
    refuse(whole(bytes), {"more of itself than it holds"});
    std::string texts = text(std::string(100'000, 'x')) + "q\x01";
    for (int i = 0; i < 1000; ++i) texts += "0" + global("_codecs", "encode") + "h\x01\x85R";
    refuse(whole(texts), {"more of itself than it holds"});
}

}  // namespace
}  // namespace unmask
