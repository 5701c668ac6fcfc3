# ktlsim: the only build file.  `make help` lists the targets.
#
# VARIANT names a set of flags and its directory under build/:
#   release (the default, -O3), debug (-O0), clang, asan (with UBSan), cov
#   (gcov), fuzz (libFuzzer), fuzzcov (clang's coverage), tsan and tsan-clang
#   (the thread sanitizers of gcc and of clang).
# V=1 shows the commands; CI=1 turns warnings into errors.

VARIANT ?= release
PREFIX  ?= /usr/local
DESTDIR ?=
TIME    ?= 60
JOBS    ?= $(shell nproc 2>/dev/null || echo 1)
# The suites are run in so many processes.
SHARES  := $(addsuffix /8,1 2 3 4 5 6 7 8)

KTLSIM_VERSION := 0.1.0
KTLSIM_SOVERSION := 0

Q := $(if $(filter 1,$(V)),,@)
B := build/$(VARIANT)

CC      ?= cc
CXX     ?= c++
CFLAGS  ?= -O3 -g
WARN    := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes \
	   -Wmissing-prototypes -Wvla -Wswitch-enum $(if $(CI),-Werror)

ifeq ($(VARIANT),debug)
CFLAGS  := -O0 -g
endif
ifeq ($(VARIANT),clang)
CC      := clang
CXX     := clang++
endif
ifeq ($(VARIANT),asan)
CFLAGS  := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all \
	   -fno-omit-frame-pointer
LDFLAGS += -fsanitize=address,undefined
endif
ifneq ($(filter tsan%,$(VARIANT)),)
CC      := $(if $(filter tsan-clang,$(VARIANT)),clang,gcc)
CFLAGS  := -O1 -g -fsanitize=thread
LDFLAGS += -fsanitize=thread
endif
ifeq ($(VARIANT),cov)
CC      := gcc
CFLAGS  := -O0 -g
LDFLAGS += --coverage
endif
ifeq ($(VARIANT),fuzz)
CC      := clang
CFLAGS  := -O1 -g -fsanitize=fuzzer-no-link,address,undefined \
	   -fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS += -fsanitize=address,undefined
endif
ifeq ($(VARIANT),fuzzcov)
CC      := clang
CFLAGS  := -O0 -g -fprofile-instr-generate -fcoverage-mapping
LDFLAGS += -fprofile-instr-generate
endif

# Tests fork a child each: a large quarantine of freed memory in the parent
# makes that slow.
ASAN_OPTIONS  ?= quarantine_size_mb=16
UBSAN_OPTIONS ?= print_stacktrace=1
export ASAN_OPTIONS UBSAN_OPTIONS

# Silent where a package is missing: `make run` and `make check` install it.
PKGS       := libcrypto libpcap jansson inih zlib
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
PKG_LIBS   := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -pthread
CHECK_LIBS := $(shell pkg-config --libs check 2>/dev/null)

KTLSIM_CFLAGS = -std=c11 -pthread -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE -I. \
	-fvisibility=hidden -fPIC -ffp-contract=off $(WARN) $(PKG_CFLAGS) \
	-DKTLSIM_VERSION='"$(KTLSIM_VERSION)"'

LIB_SRC   := $(wildcard engine/*.c nicmodel/*.c traces/*.c sim/*.c)
CLI_SRC   := $(wildcard sim/cli/*.c)
TEST_SRC  := $(wildcard tests/engine/test_*.c tests/nicmodel/test_*.c \
	       tests/traces/test_*.c tests/sim/test_*.c \
	       tests/scenario/test_*.c)
SUP_SRC   := $(wildcard tests/support/*.c)
FUZZ_SRC  := $(wildcard tests/fuzz/fuzz_*.c)
BENCH_SRC := $(wildcard bench/*_bench.c bench/*_bench.cc)

LIB_OBJ   := $(LIB_SRC:%.c=$(B)/%.o)
CLI_OBJ   := $(CLI_SRC:%.c=$(B)/%.o)
TEST_OBJ  := $(TEST_SRC:%.c=$(B)/%.o) $(B)/tests/run.o
SUP_OBJ   := $(SUP_SRC:%.c=$(B)/%.o)
FUZZ_OBJ  := $(FUZZ_SRC:%.c=$(B)/%.o) $(B)/tests/fuzz/replay_main.o
BENCH_SUP := $(patsubst %.c,$(B)/%.o,\
	       $(filter-out $(BENCH_SRC),$(wildcard bench/*.c)) \
	       tests/support/packet.c tests/support/tls_seal.c)
BENCHES   := $(patsubst %,$(B)/%,$(basename $(BENCH_SRC)))
ALL_OBJ   := $(LIB_OBJ) $(CLI_OBJ) $(TEST_OBJ) $(SUP_OBJ) $(FUZZ_OBJ) \
	     $(BENCHES:%=%.o) $(BENCH_SUP) $(B)/tests/sim/canary_race.o

FUZZERS     := $(FUZZ_SRC:tests/fuzz/fuzz_%.c=%)
FUZZ_REPLAY := $(FUZZERS:%=$(B)/tests/fuzz/replay_%)

TOOL    := $(if $(CLI_SRC),$(B)/ktlsim)
STATIC  := $(B)/libktlsim.a
SONAME  := libktlsim.so.$(KTLSIM_SOVERSION)
SHARED  := $(B)/libktlsim.so.$(KTLSIM_VERSION)
SOURCES := $(shell find engine nicmodel traces sim tests bench \
	     \( -name '*.c' -o -name '*.h' \) 2>/dev/null)

TSAN_VARIANTS := tsan tsan-clang
TSAN_SUITES   := exec_storm exec_threads matrix_threads mbuf_siblings
STORM         ?= 10

# Sub-makes use all cores unless the user has said otherwise.
PARALLEL = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(JOBS))

CAPTURE := traces/data/tls13-download

# Of tests no coverage is wanted, and each of them writes out what it covers.
ifeq ($(VARIANT),cov)
$(LIB_OBJ) $(CLI_OBJ): LOCAL_CFLAGS := --coverage -fprofile-update=atomic
endif

.SECONDARY:
.DELETE_ON_ERROR:
.PHONY: all run check check-built test asan ubsan tsan tsan-canary lint fuzz fuzz-one fuzz-all \
	fuzz-cov fuzz-replay bench cov digest validation format files docs \
	figures install \
	uninstall dist clean help FORCE

## all: the library, static and shared, and the tool (the default)
all: $(STATIC) $(SHARED) $(TOOL)
ifeq ($(VARIANT),release)
	@$(if $(TOOL),ln -sfn $(TOOL) ktlsim)
endif

## run: install what is missing, build, replay the bundled capture
run:
	@tools/install-deps.sh run
	@$(MAKE) --no-print-directory $(PARALLEL) all
	$(B)/ktlsim replay $(CAPTURE).pcap --keylog $(CAPTURE).keys

## check: install what is missing, build, run all tests and fuzz corpora
check:
	@tools/install-deps.sh check
	@$(MAKE) --no-print-directory $(PARALLEL) check-built

check-built: all $(B)/tests/run $(FUZZ_REPLAY)
	@KTLSIM=$(TOOL) tests/check.sh $(SHARES:%="$(B)/tests/run %") \
		$(EXTRA_TESTS) \
		tests/cli/cli.sh $(FUZZ_REPLAY)

## test: unit tests; T=sockbuf runs one suite, VARIANT=asan sanitized
test: $(B)/tests/run $(TOOL)
	$(Q)KTLSIM=$(TOOL) $(if $(T),CK_RUN_SUITE=$(T)) $(B)/tests/run

## asan: unit tests and fuzz corpora under address and undefined sanitizers
asan:
	@KTLSIM_THEORY_SEEDS=5 KTLSIM_STEP_TRACE=0 $(MAKE) \
		--no-print-directory $(PARALLEL) VARIANT=asan check-built

## ubsan: the same (one build has both)
ubsan: asan

## tsan: the thread executor under both thread sanitizers; STORM=10 times long
tsan:
	@for v in $(TSAN_VARIANTS); do \
		$(MAKE) --no-print-directory $(PARALLEL) VARIANT=$$v \
			build/$$v/tests/run || exit 1; \
		for f in yes no; do for t in $(TSAN_SUITES); do \
			echo "== $$v, CK_FORK=$$f, $$t"; \
			KTLSIM_STORM=$(STORM) CK_FORK=$$f CK_RUN_SUITE=$$t \
				build/$$v/tests/run || exit 1; \
		done; done; done
	@$(MAKE) --no-print-directory tsan-canary

## tsan-canary: a lock removed on purpose is reported in one of 20 runs
tsan-canary:
	@for v in $(TSAN_VARIANTS); do \
		$(MAKE) --no-print-directory $(PARALLEL) VARIANT=$$v \
			build/$$v/tests/sim/canary_race || exit 1; \
		tests/canary.sh build/$$v/tests/sim/canary_race || exit 1; done

## lint: layers, headers, symbols, lengths, format, FILES, docs, man, shell
lint: $(STATIC) $(SHARED) $(TOOL)
	@KTLSIM="$(TOOL)" CC="$(CC)" CFLAGS="$(KTLSIM_CFLAGS)" tests/lint/run.sh $(STATIC) \
		$(SHARED)

## fuzz: one fuzzer, F=frame TIME=60; findings are left in build/fuzz
fuzz:
	@$(if $(F),,echo "make fuzz needs F=, one of: $(FUZZERS)" >&2; exit 2)
	@$(MAKE) --no-print-directory $(PARALLEL) VARIANT=fuzz \
		build/fuzz/tests/fuzz/fuzz_$(F)
	@$(MAKE) --no-print-directory fuzz-one F=$(F)

fuzz-one:
	@mkdir -p build/fuzz/corpus/$(F) tests/fuzz/corpus/$(F)
	build/fuzz/tests/fuzz/fuzz_$(F) -max_total_time=$(TIME) \
		-print_final_stats=1 -verbosity=0 -timeout=10 \
		-artifact_prefix=build/fuzz/$(F)- \
		build/fuzz/corpus/$(F) tests/fuzz/corpus/$(F)

## fuzz-all: every fuzzer for TIME=60 seconds, then coverage of the corpora
fuzz-all:
	@set -e; for f in $(FUZZERS); do \
		$(MAKE) --no-print-directory fuzz F=$$f; done
	@$(MAKE) --no-print-directory fuzz-cov

## fuzz-cov: line coverage of each fuzzer from its corpus, at least 80 %
fuzz-cov:
	@$(MAKE) --no-print-directory $(PARALLEL) VARIANT=fuzzcov fuzz-replay
	@tests/fuzz/coverage.sh build/fuzzcov/tests/fuzz $(FUZZERS)

fuzz-replay: $(FUZZ_REPLAY)

## bench: fixed workloads, each a ratio within one run; F=event runs one
bench: all $(BENCHES)
	@set -e; for b in $(if $(F),$(B)/bench/$(F)_bench,$(BENCHES)); do \
		echo "== $$b"; KTLSIM=$(TOOL) $$b; done

## cov: line and branch coverage of the tests, per folder; what they miss
cov:
	@mkdir -p build/cov
	@find build/cov -name '*.gcda' -delete
	@status=0; KTLSIM_THEORY_SEEDS=1 KTLSIM_STEP_TRACE=0 $(MAKE) \
		--no-print-directory $(PARALLEL) VARIANT=cov check-built || \
		status=1; tools/coverage.sh build/cov && exit $$status

## validation: published throughputs beside simulated ones (docs/validation.md)
validation: $(TOOL)
	@for t in flows records; do \
		tools/validation.sh $(TOOL) $$t && echo || exit 1; done

## digest: the run digest is equal for gcc, clang, -O0, -O3, ASan
digest:
	@PARALLEL="$(PARALLEL)" MAKE="$(MAKE)" tests/digest.sh $(CAPTURE)

## format: clang-format in place
format:
	clang-format -i $(SOURCES)

## files: refresh the FILES texts from the head comments of the files
files:
	@tools/files.sh --write

## docs: what they quote of the program: keys, the README's report, a picture
docs: $(TOOL)
	@tools/docs.sh --write $(TOOL)

## figures: docs/nic.md's tables and plots from examples/nic-*.ini; minutes
figures:
	@tools/install-deps.sh figures
	@$(MAKE) --no-print-directory $(PARALLEL) all
	@tools/figures.sh $(TOOL)

docs/configuration.md: $(TOOL) FORCE
	$(TOOL) --list-keys=markdown > $@

## install: tool, libraries, header, pkg-config file, manual pages
install: all $(B)/ktlsim.pc
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/include \
		$(DESTDIR)$(PREFIX)/lib/pkgconfig \
		$(DESTDIR)$(PREFIX)/share/man/man1 \
		$(DESTDIR)$(PREFIX)/share/man/man3
	install -m 755 $(TOOL) $(DESTDIR)$(PREFIX)/bin/ktlsim
	install -m 644 $(STATIC) $(DESTDIR)$(PREFIX)/lib/libktlsim.a
	install -m 755 $(SHARED) $(DESTDIR)$(PREFIX)/lib/
	ln -sfn $(notdir $(SHARED)) $(DESTDIR)$(PREFIX)/lib/$(SONAME)
	ln -sfn $(SONAME) $(DESTDIR)$(PREFIX)/lib/libktlsim.so
	install -m 644 sim/ktlsim.h $(DESTDIR)$(PREFIX)/include/ktlsim.h
	install -m 644 $(B)/ktlsim.pc $(DESTDIR)$(PREFIX)/lib/pkgconfig/
	set -e; for page in $(wildcard man/*.1); do install -m 644 $$page \
		$(DESTDIR)$(PREFIX)/share/man/man1/; done
	set -e; for page in $(wildcard man/*.3); do install -m 644 $$page \
		$(DESTDIR)$(PREFIX)/share/man/man3/; done
	$(if $(DESTDIR),,@ldconfig 2>/dev/null || true)

## uninstall: take it back
uninstall:
	cd $(DESTDIR)$(PREFIX) && rm -f bin/ktlsim lib/libktlsim.a \
		lib/libktlsim.so* include/ktlsim.h lib/pkgconfig/ktlsim.pc
	cd $(DESTDIR)$(PREFIX)/share/man && rm -f \
		$(patsubst man/%,man1/%,$(wildcard man/*.1)) \
		$(patsubst man/%,man3/%,$(wildcard man/*.3))

## dist: a source archive of HEAD under build/
dist:
	@mkdir -p build
	git archive --prefix=ktlsim-$(KTLSIM_VERSION)/ --format=tar.gz \
		-o build/ktlsim-$(KTLSIM_VERSION).tar.gz HEAD

## clean: remove build/
clean:
	rm -rf build ktlsim

## help: this list
help:
	@awk -F ': ' '/^## / { printf "%-22s %s\n", substr($$1, 4), \
		substr($$0, length($$1) + 3) }' $(MAKEFILE_LIST)

# --- rules ------------------------------------------------------------------

# Objects are made again when the compiler or its flags change.
$(B)/flags: FORCE
	@$(if $(PKG_LIBS),,tools/install-deps.sh -n run)
	@mkdir -p $(@D)
	@echo '$(subst ','\'',$(CC) $(CFLAGS) $(KTLSIM_CFLAGS) $(LDFLAGS))' \
		> $@.new
	@if cmp -s $@ $@.new; then rm $@.new; else mv $@.new $@; fi

$(B)/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	@$(if $(Q),echo "CC $<")
	$(Q)$(CC) $(CFLAGS) $(KTLSIM_CFLAGS) $(LOCAL_CFLAGS) -MMD -MP -c -o $@ $<

# C++ is for the peers that benchmarks compare with.
$(B)/%.o: %.cc $(B)/flags
	@mkdir -p $(@D)
	@$(if $(Q),echo "CXX $<")
	$(Q)$(CXX) $(CFLAGS) -std=c++17 -I. -MMD -MP -c -o $@ $<

$(B)/bench/%_bench: $(B)/bench/%_bench.o $(BENCH_SUP) $(B)/internal.a
	$(Q)$(CXX) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

# Every object of the library, with internal names, for the tests.
$(B)/internal.a: $(LIB_OBJ)
	@rm -f $@
	$(Q)ar rcs $@ $^

# The archive for users has one object whose only global names are ktlsim_*:
# kernel-like names (tcp_input, m_free) would collide with other stacks.
$(STATIC): $(LIB_OBJ)
	@rm -f $@
	$(Q)ld -r -o $(B)/libktlsim.o $^
	$(Q)objcopy --localize-hidden $(B)/libktlsim.o
	$(Q)ar rcs $@ $(B)/libktlsim.o

$(SHARED): $(LIB_OBJ)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -shared -Wl,-soname,$(SONAME) -o $@ $^ \
		$(PKG_LIBS)
	@ln -sfn $(notdir $@) $(B)/$(SONAME)
	@ln -sfn $(SONAME) $(B)/libktlsim.so

$(B)/ktlsim: $(CLI_OBJ) $(B)/internal.a
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(B)/ktlsim.pc: ktlsim.pc.in FORCE
	$(Q)sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(KTLSIM_VERSION)|' \
		-e 's|@LIBS@|$(PKG_LIBS)|' $< > $@

# One test program; a suite is found by its file name: tests/D/test_X.c
# exports Suite *X_suite(void).
$(B)/tests/suites.h: FORCE
	@$(if $(CHECK_LIBS),,tools/install-deps.sh -n check)
	@mkdir -p $(@D)
	@for f in $(notdir $(TEST_SRC:.c=)); do \
		echo "SUITE($${f#test_})"; done > $@.new
	@if cmp -s $@ $@.new; then rm $@.new; else mv $@.new $@; fi

$(TEST_OBJ) $(filter-out $(BENCH_SUP),$(SUP_OBJ)): | $(B)/tests/suites.h
$(B)/tests/run.o: $(B)/tests/suites.h
$(B)/tests/run.o: LOCAL_CFLAGS := -I$(B)/tests

$(B)/tests/run: $(TEST_OBJ) $(SUP_OBJ) $(B)/internal.a
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -Wl,--wrap=stage_tcp -o $@ $^ \
		$(CHECK_LIBS) $(PKG_LIBS)

# The library as always, but for calls of these two from other files.
$(B)/tests/sim/canary_race: $(B)/tests/sim/canary_race.o $(SUP_OBJ) \
		$(B)/internal.a
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -Wl,--wrap=socket_lock \
		-Wl,--wrap=socket_unlock -o $@ $^ $(CHECK_LIBS) $(PKG_LIBS)

# LLVMFuzzerTestOneInput is called from outside and has no prototype.
$(FUZZ_OBJ): LOCAL_CFLAGS := -Wno-missing-prototypes

$(B)/tests/fuzz/fuzz_%: $(B)/tests/fuzz/fuzz_%.o $(B)/internal.a
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(PKG_LIBS)

$(B)/tests/fuzz/replay_%: $(B)/tests/fuzz/fuzz_%.o \
		$(B)/tests/fuzz/replay_main.o $(B)/internal.a
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

# The stream that this one sends is sealed.
$(B)/tests/fuzz/fuzz_nic_resync $(B)/tests/fuzz/replay_nic_resync: \
		$(B)/tests/support/tls_image.o $(B)/tests/support/tls_seal.o

-include $(ALL_OBJ:.o=.d)
-include tests/sabotage.mk
-include tests/property/property.mk
