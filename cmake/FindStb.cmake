# SPDX-License-Identifier: Apache-2.0
# The stb headers (Debian: libstb-dev), as the target Stb::Stb; data/ compiles their implementation itself.
find_path(STB_INCLUDE_DIR stb_image.h PATH_SUFFIXES stb)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Stb REQUIRED_VARS STB_INCLUDE_DIR)
if(Stb_FOUND AND NOT TARGET Stb::Stb)
    add_library(Stb::Stb INTERFACE IMPORTED)
    target_include_directories(Stb::Stb SYSTEM INTERFACE ${STB_INCLUDE_DIR})
endif()
