# property.mk - random scripts against the flat model, and the engine's fuzzer.
#
# Included by the Makefile.  tests/property/run is linked with the engine alone,
# so that tests/property/mutate.sh can put a changed object in the place of one
# of its objects.

STEPS ?= 1000000
SEED  ?= 1

WORLD_SRC  := $(filter-out %run.c,$(wildcard tests/property/*.c)) \
		tests/support/rx_fixture.c tests/support/tls_seal.c
WORLD_OBJ  := $(WORLD_SRC:%.c=$(B)/%.o)
ENGINE_OBJ := $(patsubst %.c,$(B)/%.o,$(wildcard engine/*.c))
PROPERTY   := $(B)/tests/property/run
PROPERTY_NIC := $(B)/tests/property/nic_run

# Whole simulations, against what was sealed.
STORM_SRC := $(wildcard tests/support/nic_plan*.c) \
		tests/support/chain_marks.c tests/support/nic_storm.c \
		tests/support/packet.c tests/support/tls_seal.c
STORM_WRAP := -Wl,--wrap=stage_tcp
STORM_OBJ := $(STORM_SRC:%.c=$(B)/%.o)
SEEDS     ?= 10000

# Seeds of a check: about two seconds, also where sanitizers slow them down.
CHECK_SEEDS := $(if $(filter release clang,$(VARIANT)),1000,200)

EXTRA_TESTS += $(PROPERTY) "$(PROPERTY_NIC) --seeds $(CHECK_SEEDS)"
check-built extra-tests: $(PROPERTY) $(PROPERTY_NIC)

.PHONY: property property-nic mutants mutants-engine mutants-nic

## property: random scripts; STEPS=1000000 SEED=1
property: $(PROPERTY)
	$(PROPERTY) --steps $(STEPS) --seed $(SEED)

## property-nic: random links and NICs deliver every byte; SEEDS=10000 SEED=1
property-nic: $(PROPERTY_NIC)
	$< --seeds $(SEEDS) --seed $(SEED) --jobs $(JOBS)

MUTATE = CC="$(CC)" CFLAGS="$(CFLAGS) $(KTLSIM_CFLAGS)" \
		LIBS="$(LDFLAGS) $(STORM_WRAP) $(PKG_LIBS)"

## mutants: each listed change of engine and NIC must fail a property test
mutants: mutants-engine mutants-nic

mutants-engine: $(PROPERTY)
	@$(MUTATE) RUN="--quiet --steps 100000" \
		OBJECTS="$(B)/tests/property/run.o $(WORLD_OBJ) $(ENGINE_OBJ)" \
		tests/property/mutate.sh $(B) tests/property/mutants_engine.sh

mutants-nic: $(PROPERTY_NIC)
	@$(MUTATE) RUN="--seeds 2000" \
		OBJECTS="$(B)/tests/property/nic_run.o $(STORM_OBJ) $(B)/internal.a" \
		tests/property/mutate.sh $(B) tests/property/mutants_nic.sh

$(PROPERTY): $(B)/tests/property/run.o $(WORLD_OBJ) $(ENGINE_OBJ)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(PROPERTY_NIC): $(B)/tests/property/nic_run.o $(STORM_OBJ) \
		$(B)/internal.a
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(STORM_WRAP) -o $@ $^ $(PKG_LIBS)

$(B)/tests/fuzz/fuzz_engine: $(B)/tests/fuzz/fuzz_engine.o $(WORLD_OBJ) \
		$(ENGINE_OBJ)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(PKG_LIBS)

$(B)/tests/fuzz/replay_engine: $(B)/tests/fuzz/fuzz_engine.o \
		$(B)/tests/fuzz/replay_main.o $(WORLD_OBJ) $(ENGINE_OBJ)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

-include $(WORLD_OBJ:.o=.d) $(B)/tests/property/run.d \
	$(STORM_OBJ:.o=.d) $(B)/tests/property/nic_run.d
