/* gc_cpp.h: for programs that include <gc_cpp.h>. The interface is in gc/gc_cpp.h. */
#include "gc/gc_cpp.h"
