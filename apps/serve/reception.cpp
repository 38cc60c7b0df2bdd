// SPDX-License-Identifier: Apache-2.0
#include "apps/serve/reception.h"

#include <fmt/format.h>

#include "apps/serve/deadline.h"
#include "apps/serve/http_server.h"

namespace unmask {
namespace {

using Clock = UploadedFile::Clock;

// The file into the upload, and the name that the client calls it by; false when the client broke off or
// sent no file.
bool receive(const httplib::Request& request, const httplib::ContentReader& content, UploadedFile& upload,
             std::string& name) {
    if (!request.is_multipart_form_data())
        return content([&](const char* data, size_t count) { return upload.add({data, count}); });
    bool is_file = false, any = false;
    return content(
               [&](const httplib::MultipartFormData& part) {
                   is_file = part.name == "file" && !any;
                   if (is_file) name = part.filename;
                   any = any || is_file;
                   return upload.pass_over(
                       int64_t(part.name.size() + part.filename.size() + part.content_type.size()));
               },
               [&](const char* data, size_t count) {
                   return is_file ? upload.add({data, count}) : upload.pass_over(int64_t(count));
               }) &&
           any;
}

Reception refused(int status, std::string problem) {
    return {.file = nullptr, .name = {}, .refusal = status, .problem = std::move(problem)};
}

}  // namespace

Reception receive_upload(const httplib::Request& request, const httplib::ContentReader& content,
                         int64_t most_bytes, double seconds) {
    const int64_t most_of_form = most_bytes + UploadedFile::form_bytes;
    const std::string too_large = fmt::format("expected at most {} bytes, found more", most_bytes);
    if (request.has_header("Content-Length") &&
        request.get_header_value<uint64_t>("Content-Length") > uint64_t(most_of_form)) {
        drain(content);
        return refused(413, too_large);
    }
    const Clock::time_point end = deadline_in(seconds);
    Reception reception{.file = std::make_unique<UploadedFile>(most_bytes, end), .name = {}, .problem = {}};
    UploadedFile& upload = *reception.file;
    ConnectionStream& connection = HttpServer::connection();
    // Twice: a chunked upload has lines of its own.
    connection.allow(end, 2 * most_of_form);
    const bool complete = receive(request, content, upload, reception.name);
    // What no part took up counts too: their headers, and what is before and behind them.
    if (!complete) upload.pass_over(connection.too_large() ? most_of_form + 1 : 0);
    switch (upload.finish()) {
        case UploadedFile::State::too_large:
            return refused(413, too_large);
        case UploadedFile::State::too_late:
            return refused(408, fmt::format("the upload took longer than {} s", seconds));
        case UploadedFile::State::not_written:
            return refused(503, "the upload could not be stored");
        case UploadedFile::State::good:
            break;
    }
    if (!complete)
        return refused(
            400, "expected a file as the body or as the field \"file\" of a form, found none or a part");
    if (upload.bytes() == 0) return refused(400, "expected a picture or video, found no bytes");
    return reception;
}

void drain(const httplib::ContentReader& content) {
    constexpr int64_t most = int64_t{4} << 20;
    const Clock::time_point end = deadline_in(2);
    int64_t bytes = 0;
    HttpServer::connection().allow(end, most);
    content(
        [&](const char*, size_t count) { return (bytes += int64_t(count)) < most && Clock::now() < end; });
}

}  // namespace unmask
