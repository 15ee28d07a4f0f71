/* gc.h: for programs that include <gc.h>. The interface is in gc/gc.h. */
#include "gc/gc.h"
