# freehold_warnings: what every target of ours is compiled with.
add_library(freehold_warnings INTERFACE)
target_compile_options(freehold_warnings INTERFACE
  -Wall -Wextra -Wconversion -Wpointer-arith -Wwrite-strings -Wvla -Wformat=2 -Wno-format-nonliteral
  # clang means more by -Wconversion in C++ than g++ does.
  $<$<COMPILE_LANGUAGE:CXX>:-Wno-sign-conversion>
  # g++ takes a function beside the struct of its name, as in stat(2), for shadowing.
  $<$<COMPILE_LANGUAGE:C>:-Wshadow>
  $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes>
  $<$<COMPILE_LANGUAGE:C>:-Wmissing-prototypes>
  $<$<COMPILE_LANGUAGE:C>:-Wold-style-definition>
  $<$<BOOL:${FREEHOLD_WERROR}>:-Werror>)
