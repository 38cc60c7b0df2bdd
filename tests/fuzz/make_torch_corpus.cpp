// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/make_torch_corpus.h"

#include <fstream>
#include <string>

#include "engine/error.h"
#include "models/exchange/export_torch.h"
#include "models/exchange/state_dict.h"

namespace unmask {
namespace {

using namespace std::string_literals;

void write(const std::filesystem::path& path, const std::string& bytes) {
    std::ofstream file(path, std::ios::binary);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (!file.flush()) fail("{}: cannot be written", path.string());
}

// torch.FloatStorage "0" with 16 elements.
const std::string storage = "((X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0000X\3\0\0\0cpuK\x10tQ"s;

// {"w": a transposed 2 x 3 view, "p": a Parameter of a part of it, "epoch": 3, "more": [1.5, None, (True,)]}
const std::string state_dict =
    "\x80\2}(X\1\0\0\0w"s + "ctorch._utils\n_rebuild_tensor_v2\n" + storage +
    "K\2K\2K\3\x86K\1K\4\x86\x89""ccollections\nOrderedDict\n)RtR"s +
    "X\1\0\0\0pctorch._utils\n_rebuild_parameter\n(ctorch._utils\n_rebuild_tensor\n"s + storage +
    "K\0)NttR\x89N"s + "tRX\5\0\0\0epochK\3X\4\0\0\0more](G?\xf8\0\0\0\0\0\0N\x88\x85""eu."s;

// The beginning of the legacy format.
const std::string legacy =
    "\x80\2\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\2M\xe9\3.\x80\2}X\x0d\0\0\0little_endian\x88s."s;

}  // namespace

void make_torch_corpus(const std::filesystem::path& folder) {
    std::filesystem::create_directories(folder);
    TensorFile file;
    file.metadata = {{"a", "b"}};
    file.tensors = {{"w", Tensor::full({2, 3}, 1.5)}, {"n", Tensor::zeros({}, DType::i64)}};
    write_torch_file(folder / "small.pth", file);
    write(folder / "pickle.pkl", state_dict);
    write(folder / "memo.pkl", "\x80\4\x95\5\0\0\0\0\0\0\0}\x94(\x8c\1a\x94](K\1K\2eh\1h\2u."s);
    write(folder / "legacy.pth",
          legacy + state_dict + "\x80\2]q\0X\1\0\0\0000a."s + "\x10\0\0\0\0\0\0\0"s + std::string(64, '\1'));
    const Detector detector({.backbone = "mobilenet_v1", .branches = 1, .width = 0.01, .size = 32});
    export_torch(folder / "detector.pth", detector, {}, TorchNames::unmask);
}

}  // namespace unmask
