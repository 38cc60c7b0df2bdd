// SPDX-License-Identifier: Apache-2.0
#include "data/ffmpeg_library.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include "engine/error.h"
#include "engine/libraries.h"

namespace unmask::ffmpeg {
namespace {

const LibraryEntry entry("FFmpeg", version);

// A library stays loaded: asking again is cheap.
void* handle_of(const char* library) {
    void* handle = ::dlopen(library, RTLD_LAZY | RTLD_LOCAL);
    if (handle == nullptr) fail("videos need FFmpeg, and {} could not be loaded: {}", library, ::dlerror());
    return handle;
}

}  // namespace

void* find_function(const char* library, const char* name) {
    void* function = ::dlsym(handle_of(library), name);
    if (function == nullptr) fail("{}: it has no {}", library, name);
    return function;
}

void load_libraries(std::string_view file) {
    try {
#define UNMASK_FFMPEG_LOOK_UP(library, name) static_cast<void>(name.get());
        UNMASK_FFMPEG_FUNCTIONS(UNMASK_FFMPEG_LOOK_UP)
#undef UNMASK_FFMPEG_LOOK_UP
    } catch (const Error& error) {
        fail("{}: {}", file, error.what());
    }
}

std::string version() {
    try {
        return av_version_info();
    } catch (const Error&) {
        return fmt::format("not found ({})", avutil);
    }
}

}  // namespace unmask::ffmpeg
