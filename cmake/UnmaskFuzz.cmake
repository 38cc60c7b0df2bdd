# SPDX-License-Identifier: Apache-2.0
# Before project(): fuzzing wants clang, whose libFuzzer gcc does not have. Chooses the newest there is unless a compiler
# was asked for.
option(UNMASK_FUZZ "Build the fuzz targets of tests/fuzz with clang's libFuzzer and sanitizers" OFF)

if(UNMASK_FUZZ AND NOT CMAKE_CXX_COMPILER AND NOT DEFINED ENV{CXX})
    find_program(UNMASK_CLANG NAMES clang++-21 clang++-20 clang++-19 clang++-18 clang++-17 clang++-16 clang++)
    if(NOT UNMASK_CLANG)
        message(FATAL_ERROR "The fuzz targets need clang 16 or newer with its libFuzzer, which was not found "
            "(Debian: clang-19 libclang-rt-19-dev)")
    endif()
    set(CMAKE_CXX_COMPILER ${UNMASK_CLANG})
endif()

# unmask_check_fuzz_compiler(): after project(), whether that compiler has libFuzzer.
function(unmask_check_fuzz_compiler)
    include(CheckCXXSourceCompiles)
    set(CMAKE_REQUIRED_FLAGS -fsanitize=fuzzer)
    set(CMAKE_REQUIRED_LINK_OPTIONS -fsanitize=fuzzer)
    check_cxx_source_compiles("#include <cstddef>\n#include <cstdint>\n
        extern \"C\" int LLVMFuzzerTestOneInput(const uint8_t*, size_t) { return 0; }" UNMASK_HAS_LIBFUZZER)
    if(NOT UNMASK_HAS_LIBFUZZER)
        message(FATAL_ERROR "UNMASK_FUZZ=ON, but ${CMAKE_CXX_COMPILER} links no libFuzzer: it takes clang 16 or newer "
            "and its runtime (Debian: clang-19 libclang-rt-19-dev)")
    endif()
endfunction()
