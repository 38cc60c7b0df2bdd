// SPDX-License-Identifier: Apache-2.0
// What callers of the C interface hand over, checked and as the types of the engine.
#pragma once

#include <cstddef>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "data/image.h"
#include "embed/session.h"
#include "embed/unmask.h"

namespace unmask::embed {

// A call that cannot be answered; its status is what the caller gets.
class BadArgument : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

// BadArgument names the argument that is null.
void require(const void* pointer, const char* name);

void check_structure_size(size_t found, size_t largest);

// The caller's structure as far as it is filled, and the default for members that it does not know.
// BadArgument when its size is none of this version or an earlier one.
template <class Options>
Options options_of(const Options* given, const Options& defaults) {
    Options options = defaults;
    if (given == nullptr) return options;
    check_structure_size(given->size, sizeof(Options));
    std::memcpy(&options, given, given->size);
    return options;
}

// BadArgument for a picture without pixels or of a size out of range; `what` names it.
[[nodiscard]] ImageView view_of(const unmask_picture& picture, const std::string& what);

// BadArgument for a box without area or larger than a face in this picture can be, landmarks that are missing
// where the model needs them, or that are not numbers.
[[nodiscard]] Face face_of(const unmask_face& face, const ImageView& picture,
                           const Preprocessing& preprocessing, const std::string& what);
[[nodiscard]] std::vector<Face> faces_of(const unmask_face* faces, size_t count, const ImageView& picture,
                                         const Preprocessing& preprocessing);

}  // namespace unmask::embed
