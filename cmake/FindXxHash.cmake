# SPDX-License-Identifier: Apache-2.0
# The header of xxHash (Debian: libxxhash-dev), as the target XxHash::XxHash; its functions are compiled in place.
find_path(XXHASH_INCLUDE_DIR xxhash.h)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(XxHash REQUIRED_VARS XXHASH_INCLUDE_DIR)
if(XxHash_FOUND AND NOT TARGET XxHash::XxHash)
    add_library(XxHash::XxHash INTERFACE IMPORTED)
    target_include_directories(XxHash::XxHash SYSTEM INTERFACE ${XXHASH_INCLUDE_DIR})
endif()
