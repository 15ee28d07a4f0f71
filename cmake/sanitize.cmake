# A sanitizer instruments everything in the build and owns malloc, so the runtime is built under its fh_ names alone
# and linked statically.
if(FREEHOLD_SANITIZE)
  set(sanitize_flags -fsanitize=${FREEHOLD_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_compile_options(${sanitize_flags})
  add_link_options(${sanitize_flags})
endif()
