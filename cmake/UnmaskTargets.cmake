# SPDX-License-Identifier: Apache-2.0
# The functions that every folder's CMakeLists uses.

# unmask_unity(TARGET [SINGLE a.cpp …]): with UNMASK_UNITY the target's sources of one folder are compiled as one unit, which
# reads large headers once: names with internal linkage must be unique in their folder. SINGLE are compiled by themselves.
function(unmask_unity target)
    if(NOT UNMASK_UNITY)
        return()
    endif()
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SINGLE")
    get_target_property(sources ${target} SOURCES)
    list(FILTER sources INCLUDE REGEX "\\.cpp$")
    list(REMOVE_ITEM sources ${arg_SINGLE})
    foreach(source IN LISTS sources)
        cmake_path(GET source PARENT_PATH folder)
        string(MAKE_C_IDENTIFIER "folder_${folder}" group)
        set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${group})
    endforeach()
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
endfunction()

# unmask_library(NAME SOURCES a.cpp … [DEPENDS target …] [PRIVATE_DEPENDS target …])
# A static library `unmask_NAME`; headers are included by their path from the project's root.
function(unmask_library name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPENDS;PRIVATE_DEPENDS")
    add_library(unmask_${name} STATIC ${arg_SOURCES})
    target_include_directories(unmask_${name} PUBLIC ${PROJECT_SOURCE_DIR})
    target_compile_features(unmask_${name} PUBLIC cxx_std_20)
    target_link_libraries(unmask_${name} PUBLIC ${arg_DEPENDS} PRIVATE ${arg_PRIVATE_DEPENDS})
endfunction()

# unmask_program(NAME SOURCES a.cpp … [DEPENDS target …])
# An executable in the build's bin/ folder.
function(unmask_program name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPENDS")
    add_executable(${name} ${arg_SOURCES})
    target_link_libraries(${name} PRIVATE ${arg_DEPENDS})
endfunction()

# unmask_test(NAME SOURCES a.cpp … [DEPENDS target …] [TIMEOUT seconds] [ENVIRONMENT a=b …] [WHOLE [PORTABLE]])
# A GoogleTest binary whose tests CTest runs one by one, or with WHOLE as a single CTest entry; with PORTABLE a second one,
# NAME_portable, runs them without oneDNN. With a TIMEOUT of its own, which a long program has, it begins before others, so
# that it does not run alone at the end. The tests run in the project's root.
function(unmask_test name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "WHOLE;PORTABLE" "TIMEOUT" "SOURCES;DEPENDS;ENVIRONMENT")
    set(cost)
    if(arg_TIMEOUT)
        set(cost COST ${arg_TIMEOUT})
    else()
        set(arg_TIMEOUT 600)
    endif()
    # Idle threads sleep instead of spinning, so that tests do not slow down each other or a busy machine.
    list(PREPEND arg_ENVIRONMENT OMP_WAIT_POLICY=passive)
    unmask_program(${name} SOURCES ${arg_SOURCES} DEPENDS ${arg_DEPENDS} GTest::gtest_main)
    if(arg_WHOLE)
        add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
        set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} ${cost} ENVIRONMENT "${arg_ENVIRONMENT}")
        if(arg_PORTABLE AND UNMASK_HAS_ONEDNN)
            target_sources(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests/support/portable.cpp)
            add_test(NAME ${name}_portable COMMAND ${name} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
            set_tests_properties(${name}_portable PROPERTIES TIMEOUT ${arg_TIMEOUT} ${cost}
                ENVIRONMENT "${arg_ENVIRONMENT};UNMASK_PORTABLE=1")
        endif()
    else()
        gtest_discover_tests(${name} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} DISCOVERY_MODE PRE_TEST
            DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT ${arg_TIMEOUT} ${cost} ENVIRONMENT "${arg_ENVIRONMENT}")
    endif()
endfunction()

# unmask_mpi_test(NAME processes PROGRAM)
# A CTest entry that starts the program as so many processes on this machine, more than it has cores if need be. MPI's own
# libraries leave memory behind that no source line of ours asked for: what leaks is not looked for here.
function(unmask_mpi_test name processes program)
    add_test(NAME ${name}
        COMMAND ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} ${processes} --oversubscribe $<TARGET_FILE:${program}>
        WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_tests_properties(${name} PROPERTIES TIMEOUT 600 PROCESSORS 2
        ENVIRONMENT "OMP_WAIT_POLICY=passive;OMPI_ALLOW_RUN_AS_ROOT=1;OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1;OMPI_MCA_btl_vader_single_copy_mechanism=none;ASAN_OPTIONS=detect_leaks=0")
endfunction()
