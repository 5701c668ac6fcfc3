# ktlsim: the only build file.  `make help` lists the targets.
#
# VARIANT names a set of flags and its directory under build/: release (the
# default), debug, asan (with UBSan), o0, clang, fuzz.

VARIANT ?= release
PREFIX  ?= /usr/local
DESTDIR ?=
KTLSIM_VERSION := 0.1.0

Q := $(if $(filter 1,$(V)),,@)
B := build/$(VARIANT)

CC      ?= cc
CFLAGS  ?= -O2 -g
WARN    := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes \
	   -Wmissing-prototypes -Wvla -Wswitch-enum $(if $(CI),-Werror)

ifeq ($(VARIANT),debug)
CFLAGS  := -O0 -g
endif
ifeq ($(VARIANT),o3)
CFLAGS  := -O3 -g
endif
ifeq ($(VARIANT),clang)
CC      := clang
endif
ifeq ($(VARIANT),asan)
CFLAGS  := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all \
	   -fno-omit-frame-pointer
LDFLAGS += -fsanitize=address,undefined
endif

PKGS     := libcrypto libpcap jansson inih zlib
PKG_CFLAGS = $(shell pkg-config --cflags $(PKGS))
PKG_LIBS   = $(shell pkg-config --libs $(PKGS))
CHECK_LIBS = $(shell pkg-config --libs check)

KTLSIM_CFLAGS = -std=c11 -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE -I. \
	-fvisibility=hidden -fPIC -ffp-contract=off $(WARN) $(PKG_CFLAGS) \
	-DKTLSIM_VERSION='"$(KTLSIM_VERSION)"'

LIB_SRC  := $(wildcard engine/*.c nicmodel/*.c traces/*.c sim/*.c)
CLI_SRC  := $(wildcard sim/cli/*.c)
TEST_SRC := $(wildcard tests/engine/test_*.c tests/nicmodel/test_*.c \
	      tests/traces/test_*.c tests/sim/test_*.c)
SUP_SRC  := $(wildcard tests/support/*.c)

LIB_OBJ  := $(LIB_SRC:%.c=$(B)/%.o)
CLI_OBJ  := $(CLI_SRC:%.c=$(B)/%.o)
TEST_OBJ := $(TEST_SRC:%.c=$(B)/%.o)
SUP_OBJ  := $(SUP_SRC:%.c=$(B)/%.o)

.SECONDARY:
.PHONY: all test

all: $(B)/ktlsim

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(KTLSIM_CFLAGS) -MMD -MP -c -o $@ $<

# Every object of the library, with internal names, for the tests.
$(B)/internal.a: $(LIB_OBJ)
	@rm -f $@
	$(Q)ar rcs $@ $^

$(B)/ktlsim: $(CLI_OBJ) $(B)/internal.a
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

# One test program; a suite is found by its file name: tests/D/test_X.c
# exports Suite *X_suite(void).
$(B)/tests/suites.h: $(TEST_SRC)
	@mkdir -p $(@D)
	@for f in $(notdir $(TEST_SRC:.c=)); do \
		echo "SUITE($${f#test_})"; done > $@

$(B)/tests/run.o: $(B)/tests/suites.h
$(B)/tests/run.o: KTLSIM_CFLAGS += -I$(B)/tests

$(B)/tests/run: $(B)/tests/run.o $(TEST_OBJ) $(SUP_OBJ) $(B)/internal.a
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(CHECK_LIBS) $(PKG_LIBS)

# T=sockbuf runs one suite.
test: $(B)/tests/run
	$(Q)$(if $(T),CK_RUN_SUITE=$(T)) $(B)/tests/run

-include $(LIB_OBJ:.o=.d) $(CLI_OBJ:.o=.d) $(TEST_OBJ:.o=.d) $(SUP_OBJ:.o=.d)
