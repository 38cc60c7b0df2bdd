// SPDX-License-Identifier: Apache-2.0
// Event files that TensorBoard reads: TFRecord frames
//     length (8 bytes), masked CRC-32C of it (4), data (length), masked CRC-32C of them (4), little-endian
// around messages of event.proto in protocol buffers' wire format:
//     Event {wall_time = 1: double, step = 2: int64, file_version = 3: string, summary = 5: Summary,
//            session_log = 7: SessionLog}, Summary {value = 1: Value}, Value {tag = 1: string,
//            simple_value = 2: float}, SessionLog {status = 1: START is 1}.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace unmask {

struct Scalar {
    std::string tag;
    double value = 0;  // stored in float32
};

class EventFile {
  public:
    // Begins folder/events.out.tfevents.SECONDS.unmask, whose name sorts behind those of earlier runs there.
    // With `restart_step` the file says that a session starts anew at that step, upon which TensorBoard drops
    // that and later steps of earlier files. Error names the file when it cannot be written.
    explicit EventFile(const std::filesystem::path& folder, std::optional<int64_t> restart_step = {});
    ~EventFile();
    EventFile(const EventFile&) = delete;
    EventFile& operator=(const EventFile&) = delete;

    // One event; it is in the file when this returns, so that a process that is killed loses none.
    void add(int64_t step, std::span<const Scalar> scalars);

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  private:
    void write(std::string_view event);
    std::filesystem::path path_;
    int descriptor_ = -1;
};

// Whether the folder holds any.
[[nodiscard]] bool has_event_files(const std::filesystem::path& folder);

inline constexpr std::string_view event_file_prefix = "events.out.tfevents.";

}  // namespace unmask
