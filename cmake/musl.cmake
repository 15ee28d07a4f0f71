# Toolchain: musl, by the wrapper that Debian's musl-tools brings. It has no C++ library.
set(CMAKE_C_COMPILER musl-gcc)

# The wrapper hides the system's headers; of those the kernel's belong to no C library.
set(kernel_headers ${CMAKE_BINARY_DIR}/kernel-headers)
file(MAKE_DIRECTORY ${kernel_headers})
execute_process(COMMAND gcc -print-multiarch OUTPUT_VARIABLE multiarch OUTPUT_STRIP_TRAILING_WHITESPACE)
foreach(directory /usr/include/linux /usr/include/asm-generic /usr/include/${multiarch}/asm)
  cmake_path(GET directory FILENAME name)
  if(EXISTS ${directory} AND NOT EXISTS ${kernel_headers}/${name})
    file(CREATE_LINK ${directory} ${kernel_headers}/${name} SYMBOLIC)
  endif()
endforeach()
set(CMAKE_C_FLAGS_INIT "-idirafter ${kernel_headers}")
