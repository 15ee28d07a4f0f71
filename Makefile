# The short names for what one does here. CMake does the work: see CMakeLists.txt.
#
#   make              build/bin/freehold, build/lib/libfreehold.so, build/lib/libfreehold.a
#   make setup        install what building and testing need (Debian packages; root or sudo)
#   make demo         run a real program on the heap, beside the same without it
#   make test         every test, under gcc, clang, musl and aarch64
#   make lane-NAME    one variant: clang, musl, aarch64, debug, thread, address, undefined
#   make soak         the long stress runs, in every variant
#   make bench        measure against other heaps; writes docs/benchmarks.md
#   make style        formatting and layers
#   make clean-room   make demo and make test in a fresh, minimal Debian (root)
#   make install      into $(DESTDIR)$(PREFIX)

BUILD ?= build
PREFIX ?= /usr/local
JOBS ?= $(shell nproc)
export JOBS

CMAKE_ARGUMENTS = -DCMAKE_INSTALL_PREFIX=$(PREFIX) $(CMAKE_FLAGS)

.PHONY: all build setup demo test tests-built soak bench style format clean-room install clean
all: build

build:
	@scripts/setup.sh --check build
	@cmake --preset gcc -B $(BUILD) $(CMAKE_ARGUMENTS) >$(BUILD).log 2>&1 || { cat $(BUILD).log; rm -f $(BUILD).log; exit 1; }
	@rm -f $(BUILD).log
	@cmake --build $(BUILD) -j $(JOBS)

setup:
	@scripts/setup.sh build test demo style

demo:
	@scripts/setup.sh build demo
	@$(MAKE) --no-print-directory build
	@scripts/demo.sh $(BUILD)

tests-built:
	@scripts/setup.sh build test style
	@$(MAKE) --no-print-directory build CMAKE_FLAGS="-DBUILD_TESTING=ON $(CMAKE_FLAGS)"

test: tests-built
	@ctest --test-dir $(BUILD) -j $(JOBS) --output-on-failure --no-tests=error $(CTEST_FLAGS)

lane-%:
	@scripts/setup.sh build test style
	@scripts/lane.sh $* test $(CTEST_FLAGS)

soak: tests-built
	@scripts/soak.sh $(BUILD)

bench:
	@scripts/setup.sh build bench
	@$(MAKE) --no-print-directory build
	@cmake --build $(BUILD) -j $(JOBS) --target bench_workloads
	@bench/run.py --build $(BUILD) --write docs/benchmarks.md $(BENCH_FLAGS)

style:
	@scripts/setup.sh --check style
	@scripts/style.sh

format:
	@scripts/setup.sh --check style
	@scripts/style.sh --fix

clean-room:
	@scripts/clean-room.sh

install: build
	@DESTDIR=$(DESTDIR) cmake --install $(BUILD) --prefix $(PREFIX)

clean:
	rm -rf $(BUILD)
