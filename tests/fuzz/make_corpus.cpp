// SPDX-License-Identifier: Apache-2.0
// make_fuzz_corpus FOLDER: small valid files of every kind, one folder for each fuzz target.
#include <fmt/core.h>

#include <filesystem>
#include <fstream>
#include <string_view>

#include "data/picture.h"
#include "data/shard/shard.h"
#include "data/video.h"
#include "data/video_writer.h"
#include "engine/error.h"
#include "engine/safetensors.h"
#include "models/checkpoint.h"
#include "tests/fuzz/make_torch_corpus.h"

namespace unmask {
namespace {

namespace fs = std::filesystem;

void write_text(const fs::path& path, std::string_view text) {
    fs::create_directories(path.parent_path());
    std::ofstream file(path, std::ios::binary);
    file.write(text.data(), static_cast<std::streamsize>(text.size()));
    if (!file.flush()) fail("{}: cannot be written", path.string());
}

void write_bytes(const fs::path& path, const std::vector<uint8_t>& bytes) {
    write_text(path, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

Image gradient(int width, int height) {
    Image image(width, height);
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
            for (int c = 0; c < 3; ++c) image.at(x, y)[c] = uint8_t((x * 13 + y * 7) * (c + 1));
    return image;
}

// An uncompressed BMP of 24 bits a pixel, 2 × 2.
std::vector<uint8_t> bitmap() {
    std::vector<uint8_t> file(54 + 16, 0);
    file[0] = 'B', file[1] = 'M';
    file[2] = 70, file[10] = 54, file[14] = 40, file[18] = 2, file[22] = 2, file[26] = 1, file[28] = 24;
    for (size_t i = 54; i < file.size(); ++i) file[i] = uint8_t(i * 5);
    return file;
}

void make_safetensors(const fs::path& folder) {
    fs::create_directories(folder);
    TensorFile file;
    file.metadata = {{"format", "pt"}};
    file.tensors = {{"a", Tensor::full({2, 3}, 1.5)},
                    {"b", Tensor::zeros({4}, DType::i64)},
                    {"c", Tensor::zeros({0}, DType::bf16)},
                    {"d", Tensor::full({}, 2, DType::f16)}};
    write_safetensors(folder / "tensors.safetensors", file);
    const Detector detector({.backbone = "mobilenet_v1", .branches = 1, .width = 0.01, .size = 32});
    save_detector(folder / "detector.safetensors", detector);
    // The header of a detector without its tensors: small enough to be changed everywhere.
    TensorFile header = read_safetensors(folder / "detector.safetensors");
    header.tensors.clear();
    write_safetensors(folder / "header.safetensors", header);
}

void make_text_inputs(const fs::path& folder) {
    write_text(folder / "manifest" / "plain.csv", "path,label\na.png,real\nb.png,1\n");
    write_text(folder / "manifest" / "full.csv",
               "path,label,video,frame,split,dataset,method,identity,compression\r\n"
               "\"a,b.png\",fake,v1,12,train,FaceForensics++,\"Deep\"\"fakes\",071;054,c23\r\n");
    write_text(
        folder / "recipe" / "some.toml",
        "[model]\nbackbone = \"resnet18\"\nbranches = 2\nwidth = 0.5\n[objective]\nweights = [1, 2.5, 10]\n"
        "[optimization]\nlr = 1e-3\nepochs = 3\n[data]\nbalanced = true\n[augmentation]\nflip = 0.5\n");
    write_text(folder / "recipe" / "odd.toml",
               "model.branches = 3 # text\nmodel.size = 0x40\n[[a]]\nb = {c = [1, {d = '''x'''}]}\nt = "
               "2020-01-01\n");
    write_text(folder / "deepfakebench" / "levels.json",
               R"({"FaceForensics++":{"FF-real":{"train":{"c23":{"071":{"label":"FF-real","frames":)"
               R"(["FaceForensics++\\original_sequences\\youtube\\c23\\frames\\071\\000.png"]}}}},)"
               R"("FF-DF":{"test":{"c40":{"1_2":{"label":"FF-DF","frames":["./a/b/001.png"]}}}}}})");
    write_text(
        folder / "deepfakebench" / "plain.json",
        R"({"Celeb-DF-v2":{"CelebDFv2_real":{"val":{"id0_0000":{"label":"CelebDFv2_real","frames":["/a/1.png"]}}}}})");
}

void make_pictures(const fs::path& folder) {
    write_bytes(folder / "small.png", encode_png(gradient(9, 7)));
    write_bytes(folder / "small.jpg", encode_jpeg(gradient(17, 12), 80));
    write_bytes(folder / "fine.jpg", encode_jpeg(gradient(8, 8), 97));
    write_bytes(folder / "small.bmp", bitmap());
}

void make_shards(const fs::path& folder, const fs::path& pictures) {
    fs::create_directories(folder);
    Manifest manifest;
    manifest.directory = pictures;
    for (const char* name : {"small.png", "small.jpg", "small.bmp"}) {
        ManifestRow row;
        row.path = row.video = name;
        manifest.rows.push_back(row);
    }
    pack_shard(manifest, folder / "files.shard", {});
    pack_shard(manifest, folder / "pixels.shard", {.size = 4});
}

void make_videos(const fs::path& folder) {
    if (!video_available()) return;
    fs::create_directories(folder);
    for (const char* name : {"small.mp4", "small.mkv", "small.avi"}) {
        VideoWriter writer(folder / name, 16, 16, 25, {.encoder = "mpeg4", .b_frames = 0});
        for (int i = 0; i < 3; ++i) writer.add(gradient(16, 16));
        writer.finish();
    }
    VideoWriter writer(folder / "h264.mp4", 32, 16, 25, {.rotation = 90});
    for (int i = 0; i < 3; ++i) writer.add(gradient(32, 16));
    writer.finish();
}

int make_corpus(const fs::path& folder) {
    make_safetensors(folder / "safetensors");
    make_torch_corpus(folder / "torch");
    make_text_inputs(folder);
    make_pictures(folder / "picture");
    make_shards(folder / "shard", folder / "picture");
    make_videos(folder / "video");
    return 0;
}

}  // namespace
}  // namespace unmask

int main(int argc, char** argv) {
    if (argc != 2) {
        fmt::print(stderr, "usage: make_fuzz_corpus FOLDER\n");
        return 2;
    }
    try {
        return unmask::make_corpus(argv[1]);
    } catch (const unmask::Error& error) {
        fmt::print(stderr, "error: {}\n", error.what());
        return 2;
    }
}
