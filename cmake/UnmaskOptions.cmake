# SPDX-License-Identifier: Apache-2.0
# The build's switches and the compiler settings that follow from them.

if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

# A library's switch: AUTO takes it where it is found, ON demands it, OFF leaves it out.
foreach(library CUDA ONEDNN FFMPEG DLIB MPI TURBOJPEG ONNX HTTPLIB BENCHMARK)
    set(UNMASK_${library} AUTO CACHE STRING "Use ${library}: AUTO, ON or OFF")
    set_property(CACHE UNMASK_${library} PROPERTY STRINGS AUTO ON OFF)
endforeach()
option(UNMASK_NATIVE "Compile for this machine's instruction set (binaries may not run on older ones)" ON)
option(UNMASK_SANITIZE "Address and undefined-behaviour sanitizers" OFF)
option(UNMASK_OPENMP "Compute with several threads on the CPU, where OpenMP is found" ON)
option(UNMASK_MINIMAL "Only libunmask and unmask-mini: inference on the CPU in plain C++, without data, training and apps" OFF)
option(UNMASK_HEADER_ONLY "Link none of fmt, spdlog, toml++ and libcsv as shared libraries" OFF)
option(UNMASK_TESTS "Build the tests (needs GoogleTest)" ON)
option(UNMASK_EMULATED_GPU "Among the tests: the kernels of cuda/ on the emulated GPU" ON)
option(UNMASK_GPU_SUITE "Build the checks for a GPU as a program, with or without the tests" OFF)
option(UNMASK_UNITY "Compile the sources of a folder as one unit: everything sooner, one source after an edit later" OFF)
option(UNMASK_WERROR "Treat warnings as errors" OFF)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(UNMASK_MINIMAL)
    # Only what is used is linked, and calls within the library take no detour.
    set(CMAKE_CXX_VISIBILITY_PRESET hidden)
    set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
    add_compile_options(-ffunction-sections -fdata-sections)
    add_link_options(-Wl,--gc-sections)
endif()
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
set(CMAKE_CXX_FLAGS_RELEASE "-O3 -DNDEBUG")

find_program(UNMASK_CCACHE ccache)
foreach(language CXX CUDA)
    if(UNMASK_CCACHE AND NOT CMAKE_${language}_COMPILER_LAUNCHER)
        set(CMAKE_${language}_COMPILER_LAUNCHER ${UNMASK_CCACHE})
    endif()
endforeach()

# The C++ compiler's; nvcc has flags of its own (cuda/CMakeLists.txt).
set(cxx_options -Wall -Wextra -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    list(APPEND cxx_options -Wno-restrict)  # false alarms about joined std::strings
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
    list(APPEND cxx_options -Wno-pass-failed)  # loops that sanitizers keep from being vectorised
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    # Symbols of a kind that no linker makes local, for inline variables: libunmask shows none of its own.
    list(APPEND cxx_options -fno-gnu-unique)
endif()
if(UNMASK_WERROR)
    list(APPEND cxx_options -Werror)
endif()
if(UNMASK_NATIVE AND NOT CMAKE_CROSSCOMPILING)
    list(APPEND cxx_options -march=native)
endif()
add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:${cxx_options}>")
if(UNMASK_SANITIZE)
    add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
    add_link_options(-fsanitize=address,undefined)
endif()
if(UNMASK_FUZZ)
    unmask_check_fuzz_compiler()
    add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
        -fno-omit-frame-pointer -gline-tables-only)
    add_link_options(-fsanitize=address,undefined)
endif()
