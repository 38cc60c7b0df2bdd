# SPDX-License-Identifier: Apache-2.0
# FFmpeg's libraries through pkg-config, as the target FFmpeg::FFmpeg. FFmpeg::Loaded has what a program needs that loads
# them itself when it runs: the headers, and where the libraries are if the system would not find them.
find_package(PkgConfig QUIET)
if(PKG_CONFIG_FOUND)
    pkg_check_modules(FFMPEG QUIET IMPORTED_TARGET libavformat libavcodec libavutil libswscale)
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(FFmpeg REQUIRED_VARS FFMPEG_FOUND)
if(FFmpeg_FOUND AND NOT TARGET FFmpeg::FFmpeg)
    add_library(FFmpeg::FFmpeg INTERFACE IMPORTED)
    target_link_libraries(FFmpeg::FFmpeg INTERFACE PkgConfig::FFMPEG)
    add_library(FFmpeg::Loaded INTERFACE IMPORTED)
    target_include_directories(FFmpeg::Loaded INTERFACE
        $<TARGET_PROPERTY:PkgConfig::FFMPEG,INTERFACE_INCLUDE_DIRECTORIES>)
    set(folders ${FFMPEG_LIBRARY_DIRS})
    list(REMOVE_ITEM folders ${CMAKE_CXX_IMPLICIT_LINK_DIRECTORIES})
    foreach(folder IN LISTS folders)
        target_link_options(FFmpeg::Loaded INTERFACE LINKER:-rpath,${folder})
    endforeach()
endif()
