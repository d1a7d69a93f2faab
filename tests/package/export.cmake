# SPDX-License-Identifier: BSL-1.0
# cmake -DDAEMONIZER=DIRECTORY -DINSTALL=ON|OFF -DSOURCE=DIRECTORY -DWORK=DIRECTORY
#       -DGENERATOR=NAME -DCMAKE_CXX_COMPILER=PROGRAM -P export.cmake
# Exports the library of ./export, from its build tree and installed, and builds ./export_user with
# each; what daemonizer must give to that is installed or stands in the build tree.
file(REMOVE_RECURSE ${WORK})
set(options -G ${GENERATOR} -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER})

function(run)
    execute_process(COMMAND ${ARGN} RESULT_VARIABLE status)
    if(NOT status EQUAL 0)
        message(FATAL_ERROR "failed: ${ARGN}")
    endif()
endfunction()

run(${CMAKE_COMMAND} -S ${SOURCE}/export -B ${WORK}/parent ${options}
    -DDAEMONIZER=${DAEMONIZER} -DDAEMONIZER_INSTALL=${INSTALL})
run(${CMAKE_COMMAND} --build ${WORK}/parent)
run(${CMAKE_COMMAND} --install ${WORK}/parent --prefix ${WORK}/prefix)
function(use name)
    run(${CMAKE_COMMAND} -S ${SOURCE}/export_user -B ${WORK}/${name} ${options} ${ARGN})
    run(${CMAKE_COMMAND} --build ${WORK}/${name})
endfunction()
use(user_of_installed -DCMAKE_PREFIX_PATH=${WORK}/prefix)
use(user_of_build_tree
    -Dparent_DIR=${WORK}/parent -Ddaemonizer_DIR=${WORK}/parent/daemonizer)
