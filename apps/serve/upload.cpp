// SPDX-License-Identifier: Apache-2.0
#include "apps/serve/upload.h"

namespace unmask {

UploadedFile::UploadedFile(int64_t most_bytes, Clock::time_point deadline)
    : file_(kept_.path(), std::ios::binary), most_bytes_(most_bytes), deadline_(deadline) {}

bool UploadedFile::within_limits() {
    if (bytes_ > most_bytes_ || bytes_ + passed_over_ > most_bytes_ + form_bytes)
        state_ = State::too_large;
    else if (Clock::now() > deadline_)
        state_ = State::too_late;
    return state_ == State::good;
}

bool UploadedFile::add(std::string_view bytes) {
    if (state_ != State::good) return false;
    bytes_ += int64_t(bytes.size());
    if (within_limits() && !file_.write(bytes.data(), std::streamsize(bytes.size())))
        state_ = State::not_written;
    return state_ == State::good;
}

bool UploadedFile::pass_over(int64_t bytes) {
    if (state_ != State::good) return false;
    passed_over_ += bytes;
    return within_limits();
}

UploadedFile::State UploadedFile::finish() {
    file_.close();
    if (!file_ && state_ == State::good) state_ = State::not_written;
    return state_;
}

}  // namespace unmask
