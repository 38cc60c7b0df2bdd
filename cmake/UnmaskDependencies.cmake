# SPDX-License-Identifier: Apache-2.0
# Finds the libraries. What is required stops the configuration with the Debian package to install; what is optional
# is taken where it is found and reported in one table at the end.

find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(Threads REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(CLI11 REQUIRED)
find_package(Stb REQUIRED)
find_package(Csv REQUIRED)
find_package(OpenMP COMPONENTS CXX)

# unmask_optional(SWITCH PACKAGE target debian-package): obeys AUTO/ON/OFF and sets UNMASK_HAS_<SWITCH>.
function(unmask_optional switch package target debian)
    set(found OFF)
    set(note "off")
    if(NOT UNMASK_${switch} STREQUAL "OFF")
        find_package(${package} QUIET)
        if(TARGET ${target})
            set(found ON)
            set(note "found")
        elseif(UNMASK_${switch} STREQUAL "ON")
            message(FATAL_ERROR "UNMASK_${switch}=ON, but ${package} was not found (Debian: ${debian})")
        else()
            set(note "not found (Debian: ${debian})")
        endif()
    endif()
    set(UNMASK_HAS_${switch} ${found} PARENT_SCOPE)
    message(STATUS "unmask: ${package}: ${note}")
endfunction()

unmask_optional(ONEDNN OneDnn OneDnn::OneDnn libdnnl-dev)
unmask_optional(FFMPEG FFmpeg FFmpeg::FFmpeg "libavformat-dev libavcodec-dev libavutil-dev libswscale-dev")
unmask_optional(DLIB Dlib Dlib::Dlib "libdlib-dev liblapack-dev")
message(STATUS "unmask: OpenMP: ${OpenMP_CXX_FOUND}")

if(UNMASK_TESTS)
    find_package(GTest REQUIRED)
    include(GoogleTest)
endif()
