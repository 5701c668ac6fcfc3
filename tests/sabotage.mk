# sabotage.mk - tests that are linked or run in ways of their own.
#
# Included by the Makefile.  tests/sabotage/run: calls inside the library go
# through functions that lie (--wrap works between objects).  tests/embed: what
# a user of the library writes, with nothing but its header, as C11 against the
# static library and as C++17 against the shared one.  tests/cli/cli.sh: the
# program as a user meets it.

SABOTAGED := nic_merge_get nic_rx sbappendstream qstat_enter qstat_leave \
	     stage_times cpu_settle malloc calloc realloc \
	     aligned_alloc strdup \
	     $(addprefix EVP_,CipherInit_ex2 CipherUpdate CipherFinal_ex \
		CIPHER_CTX_ctrl EncryptInit_ex2 EncryptUpdate \
		DecryptInit_ex2 DecryptUpdate DecryptFinal_ex MAC_CTX_dup \
		MAC_CTX_set_params MAC_init MAC_update MAC_final CIPHER_fetch \
		MAC_fetch)
SABOTAGE_SRC := $(wildcard tests/sabotage/test_*.c)
SABOTAGE_SUP := $(filter-out $(SABOTAGE_SRC),$(wildcard tests/sabotage/*.c))
SABOTAGE_OBJ := $(SABOTAGE_SRC:%.c=$(B)/%.o) $(SABOTAGE_SUP:%.c=$(B)/%.o) \
		$(B)/tests/sabotage/run.o
EXTRA_TESTS  := $(B)/tests/sabotage/run $(B)/tests/embed/embed_c \
		$(B)/tests/embed/embed_cxx

## extra-tests: sabotaged library, programs that embed it, command line
extra-tests: $(EXTRA_TESTS) $(TOOL)
	@KTLSIM=$(TOOL) tests/check.sh $(EXTRA_TESTS) tests/cli/cli.sh

.PHONY: extra-tests
test: $(if $(T),,extra-tests)
check-built: $(EXTRA_TESTS)

$(B)/tests/sabotage/suites.h: $(SABOTAGE_SRC) $(B)/flags
	@mkdir -p $(@D)
	@for f in $(notdir $(SABOTAGE_SRC:.c=)); do \
		echo "SUITE($${f#test_})"; done > $@

# Functions that a linker calls need no prototype, and their names are its own.
$(SABOTAGE_OBJ): LOCAL_CFLAGS := -I$(B)/tests/sabotage
$(B)/tests/sabotage/run.o: tests/run.c $(B)/tests/sabotage/suites.h $(B)/flags
	@$(if $(Q),echo "CC $< (sabotage)")
	$(Q)$(CC) $(CFLAGS) $(KTLSIM_CFLAGS) $(LOCAL_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/tests/sabotage/run: $(SABOTAGE_OBJ) $(SUP_OBJ) $(B)/internal.a
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(SABOTAGED:%=-Wl,--wrap=%) -o $@ $^ \
		$(CHECK_LIBS) $(PKG_LIBS)

EMBED_WARN := -I. -Wall -Wextra -Wpedantic $(if $(CI),-Werror)

$(B)/tests/embed/embed_c: tests/embed/embed.c sim/ktlsim.h $(STATIC) $(B)/flags
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -std=c11 $(EMBED_WARN) -o $@ $< \
		$(STATIC) $(PKG_LIBS)

$(B)/tests/embed/embed_cxx: tests/embed/embed.cc sim/ktlsim.h $(SHARED) \
		$(B)/flags
	@mkdir -p $(@D)
	$(Q)$(CXX) $(CFLAGS) $(LDFLAGS) -std=c++17 $(EMBED_WARN) -o $@ $< \
		-L$(B) -lktlsim -Wl,-rpath,'$$ORIGIN/../..'

-include $(SABOTAGE_OBJ:.o=.d)
