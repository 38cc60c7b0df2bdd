// SPDX-License-Identifier: Apache-2.0
#include "data/prepare/prepare_record.h"

#include <fmt/format.h>

#include <array>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>

#include "engine/atomic_file.h"

namespace unmask {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

std::string source_fingerprint(const SourceVideo& video) {
    const std::vector<fs::path> files =
        video.kind == SourceKind::folder ? pictures_in_folder(video.path) : std::vector<fs::path>{video.path};
    uintmax_t bytes = 0;
    uint64_t times = 0;  // their sum, modulo 2^64: counts of the file clock may be negative
    for (const fs::path& file : files) {
        std::error_code ignored;
        const uintmax_t size = fs::file_size(file, ignored);
        if (!ignored) bytes += size;
        const auto time = fs::last_write_time(file, ignored);
        if (!ignored) times += uint64_t(time.time_since_epoch().count());
    }
    return fmt::format("files={} bytes={} modified={}", files.size(), bytes, times);
}

std::string recorded_source(const fs::path& path) {
    const Json text = path.string();
    return Json::parse(text.dump(-1, ' ', false, Json::error_handler_t::replace)).get<std::string>();
}

void write_record(const fs::path& path, const VideoRecord& record) {
    Json json{{"fingerprint", record.fingerprint},
              {"source", record.source},
              {"asked", record.asked},
              {"decoded", record.decoded},
              {"problem", record.problem},
              {"no_face", record.no_face},
              {"several_faces", record.several_faces},
              {"faces", Json::array()}};
    for (const FaceRecord& face : record.faces)
        json["faces"].push_back({{"frame", face.frame},
                                 {"file", face.file},
                                 {"box", {face.box.x, face.box.y, face.box.width, face.box.height}},
                                 {"confidence", face.confidence}});
    fs::create_directories(path.parent_path());
    // A problem may quote bytes of a file name that are not UTF-8.
    write_file_atomically(path, json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
}

std::optional<VideoRecord> read_record(const fs::path& path) {
    std::ifstream stream(path);
    if (!stream) return {};
    try {
        const Json json = Json::parse(stream);
        VideoRecord record{json.at("fingerprint"),
                           json.value("source", ""),
                           json.at("asked"),
                           json.at("decoded"),
                           json.at("problem"),
                           {},
                           json.value("no_face", std::vector<int64_t>{}),
                           json.value("several_faces", std::vector<int64_t>{})};
        for (const Json& face : json.at("faces")) {
            const auto box = face.at("box").get<std::array<int, 4>>();
            record.faces.push_back(
                {face.at("frame"), face.at("file"), {box[0], box[1], box[2], box[3]}, face.at("confidence")});
        }
        return record;
    } catch (const nlohmann::json::exception&) {
        return {};
    }
}

}  // namespace unmask
