# SPDX-License-Identifier: Apache-2.0
# dlib, header and shared library only: its own package config drags in SQLite, X11 and OpenCV, which face detection
# does not need. Its headers call LAPACK where it was configured with it, as Debian's is, so that is needed too.
find_path(DLIB_INCLUDE_DIR dlib/image_processing/frontal_face_detector.h)
find_library(DLIB_LIBRARY dlib)
find_package(LAPACK QUIET)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Dlib REQUIRED_VARS DLIB_LIBRARY DLIB_INCLUDE_DIR LAPACK_FOUND)
if(Dlib_FOUND AND NOT TARGET Dlib::Dlib)
    add_library(Dlib::Dlib INTERFACE IMPORTED)
    target_include_directories(Dlib::Dlib SYSTEM INTERFACE ${DLIB_INCLUDE_DIR})
    target_link_libraries(Dlib::Dlib INTERFACE ${DLIB_LIBRARY} LAPACK::LAPACK)
endif()
