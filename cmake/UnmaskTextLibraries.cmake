# SPDX-License-Identifier: Apache-2.0
# The libraries of text, options and tables as the targets unmask_fmt, unmask_spdlog and unmask_tomlplusplus. With
# UNMASK_HEADER_ONLY they are compiled into the program from their headers, and libcsv is taken from its archive
# (FindCsv.cmake): Debian has them as shared libraries, which other machines lack.
add_library(unmask_fmt INTERFACE)
add_library(unmask_spdlog INTERFACE)
add_library(unmask_tomlplusplus INTERFACE)

# unmask_headers_of(TARGET from): what the compiler needs to find its headers, nothing to link.
function(unmask_headers_of name from)
    target_include_directories(${name} SYSTEM INTERFACE $<TARGET_PROPERTY:${from},INTERFACE_INCLUDE_DIRECTORIES>)
endfunction()

if(UNMASK_HEADER_ONLY)
    target_link_libraries(unmask_fmt INTERFACE fmt::fmt-header-only)
    # spdlog's own header-only target links the shared fmt.
    unmask_headers_of(unmask_spdlog spdlog::spdlog_header_only)
    target_compile_definitions(unmask_spdlog INTERFACE SPDLOG_FMT_EXTERNAL)
    target_link_libraries(unmask_spdlog INTERFACE unmask_fmt Threads::Threads)
    unmask_headers_of(unmask_tomlplusplus tomlplusplus::tomlplusplus)
    target_compile_definitions(unmask_tomlplusplus INTERFACE TOML_HEADER_ONLY=1)
else()
    target_link_libraries(unmask_fmt INTERFACE fmt::fmt)
    target_link_libraries(unmask_spdlog INTERFACE spdlog::spdlog)
    target_link_libraries(unmask_tomlplusplus INTERFACE tomlplusplus::tomlplusplus)
endif()
