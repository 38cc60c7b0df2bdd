# SPDX-License-Identifier: Apache-2.0
# What UNMASK_MINIMAL needs: three libraries of headers alone, found by their headers and not by their packages, so that
# a cross compiler, whose packages they are not, takes the same ones.
find_path(UNMASK_FMT_INCLUDE fmt/format.h)
find_path(UNMASK_JSON_INCLUDE nlohmann/json.hpp)
find_package(Stb QUIET)
foreach(needed "UNMASK_FMT_INCLUDE fmt libfmt-dev" "UNMASK_JSON_INCLUDE nlohmann_json nlohmann-json3-dev" "Stb_FOUND stb libstb-dev")
    separate_arguments(needed)
    list(GET needed 0 found)
    list(GET needed 1 library)
    list(GET needed 2 debian)
    if(NOT ${found})
        message(FATAL_ERROR "${library} was not found, which libunmask needs (Debian: ${debian})")
    endif()
endforeach()

# unmask_header_library(TARGET folder): nothing for a folder that the compiler searches anyway, where naming it would put
# it before the C library's own.
function(unmask_header_library name folder)
    add_library(${name} INTERFACE)
    if(NOT folder STREQUAL "/usr/include")
        target_include_directories(${name} SYSTEM INTERFACE ${folder})
    endif()
endfunction()
unmask_header_library(unmask_fmt ${UNMASK_FMT_INCLUDE})
# Nothing here formats integers or floating-point numbers of more than 64 bits.
target_compile_definitions(unmask_fmt INTERFACE FMT_HEADER_ONLY=1 FMT_USE_INT128=0 FMT_USE_LONG_DOUBLE=0)
unmask_header_library(unmask_json ${UNMASK_JSON_INCLUDE})
add_library(nlohmann_json::nlohmann_json ALIAS unmask_json)
foreach(library CUDA ONEDNN FFMPEG DLIB MPI TURBOJPEG BENCHMARK)
    set(UNMASK_HAS_${library} OFF)
endforeach()

if(UNMASK_TESTS)
    include(GoogleTest)
    find_package(GTest QUIET)
    # A cross compiler has no GoogleTest: it is compiled from the sources that Debian's package brings.
    if(NOT TARGET GTest::gtest_main)
        find_path(UNMASK_GTEST_SOURCE googletest/CMakeLists.txt PATHS /usr/src/googletest NO_CMAKE_FIND_ROOT_PATH)
        if(NOT UNMASK_GTEST_SOURCE)
            message(FATAL_ERROR "The tests need GoogleTest, which was not found (Debian: libgtest-dev); -DUNMASK_TESTS=OFF builds without them")
        endif()
        add_subdirectory(${UNMASK_GTEST_SOURCE}/googletest ${PROJECT_BINARY_DIR}/googletest EXCLUDE_FROM_ALL)
    endif()
endif()
