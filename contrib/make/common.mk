# SPDX-License-Identifier: MIT
#
# What the Makefiles share: how sources are compiled and linked, and how files
# are installed. A Makefile sets, and then includes this:
#
#   ROOT       the top of the tree; HERE, its own folder, from there
#   PACKAGES   the libraries that it uses, by their names in pkg-config
#   MODE, INCLUDES   flags for its sources, besides the common ones
#
# All paths are relative, so that the tree's own path may contain spaces. The
# caller of make may set:
#
#   CC, CPPFLAGS, CFLAGS, LDFLAGS   the compiler (gcc), and flags to add
#   DESTDIR, PREFIX, PLUGINDIR      where to install
#   COLLECTD_SRC   a source tree of collectd with the headers (default: Debian's)
#   VARIANT        a folder of build/ for everything that is built, to keep builds
#                  with different flags apart
#   HARDEN=no      no hardening, for sanitizers

ifeq ($(origin CC),default)
CC := gcc
endif
PREFIX ?= /usr/local
COMMON := $(ROOT)/contrib/make
BUILD := $(ROOT)/build$(VARIANT:%=/%)
O := $(BUILD)/obj

# These are errors only in lint, because later compilers have more of them. The
# counter of a kind of delay is COUNTER_DELAY + kind, hence no enum-enum-conversion.
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
  -Wformat=2 -Wconversion -Wvla -Wundef \
  -Wno-enum-enum-conversion -Wno-enum-float-conversion

# compiler.mk sets HARDENING, as far as the compiler supports it, because the code
# runs as root; and ATOMICS, a library that some processors need.
COMPILER := $(CC) $(CFLAGS)
-include $(O)/compiler.mk
ifeq ($(HARDEN),no)
HARDENING :=
else
LINK_HARDENING := -Wl,-z,relro,-z,now,-z,noexecstack
endif

# A tree that is not configured has no config.h and gets ours.
ifdef COLLECTD_SRC
COLLECTD_FLAGS := -DHAVE_CONFIG_H -isystem "$(COLLECTD_SRC)/src" -isystem "$(COLLECTD_SRC)/src/daemon" \
  $(if $(shell ls "$(COLLECTD_SRC)/src/config.h" 2>/dev/null),,-isystem $(COMMON)/collectd)
else
COLLECTD_FLAGS := -DHAVE_CONFIG_H -isystem /usr/include/collectd \
  -isystem /usr/include/collectd/core -isystem /usr/include/collectd/core/daemon
endif

libraries_of = $(shell pkg-config --libs $1)
LIBRARIES := $(call libraries_of,$(PACKAGES))
HEADERS := $(patsubst -I%,-isystem %,$(shell pkg-config --cflags $(PACKAGES)))

# File sizes and times have 64 bits on 32-bit machines, too.
COMPILE = $(CC) -std=c11 -O2 -g -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 \
  -pthread $(WARNINGS) $(HARDENING) $(COLLECTD_FLAGS) $(HEADERS) $(MODE) \
  -I$(ROOT)/plugin $(INCLUDES) $(CPPFLAGS) $(CFLAGS)
LINK = $(CC) $(CFLAGS) -pthread $(LINK_HARDENING) $(LDFLAGS)
# A thin archive of exactly these objects
ARCHIVE = rm -f $@ && $(AR) rcsT $@

# The objects of these sources of this folder
objects_of = $(patsubst %.c,$(O)/$(HERE)/%.o,$1)

# $(eval $(call remember,FILE,VARIABLE)): writes the variable's value to the file if
# it has changed, so that what depends on the file is built again.
define remember
ifneq ($$(file <$1),$$($2))
$$(shell mkdir -p $(dir $1))
$$(file >$1,$$($2))
endif
endef

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all objects clean install uninstall installed

all:

$(O)/compiler.mk: $(COMMON)/compiler.bash $(O)/compiler
	$(COMMON)/compiler.bash $(COMPILER) >$@

$(O)/$(HERE)/%.o: %.c $(O)/$(HERE)/flags
	@mkdir -p $(@D)
	$(COMPILE) -MMD -MP -c $< -o $@

clean:
	rm -rf $(BUILD)

# Prints the value of a variable, for scripts.
print-%:
	@printf '%s\n' '$($*)'

$(eval $(call remember,$(O)/compiler,COMPILER))
$(eval $(call remember,$(O)/$(HERE)/flags,COMPILE))
-include $(shell find $(O)/$(HERE) -name '*.d' 2>/dev/null)

# --- installation: INSTALLED is a list of MODE:FILE:DESTINATION ---

DATADIR := $(PREFIX)/share/collectd-taskstats
DOCDIR := $(PREFIX)/share/doc/collectd-taskstats
PLUGINDIR ?= $(or $(shell $(COMMON)/plugindir.bash),$(error collectd has no plugin directory))

part_of = $(word $2,$(subst :, ,$1))
destination_of = "$(DESTDIR)$(call part_of,$1,3)"

define install_file
install -D -m $(call part_of,$1,1) $(call part_of,$1,2) $(call destination_of,$1)

endef

install: all
	$(foreach file,$(INSTALLED),$(call install_file,$(file)))

uninstall:
	rm -f $(foreach file,$(INSTALLED),$(call destination_of,$(file)))

# Prints the paths, one per line.
installed:
	@printf '%s\n' $(foreach file,$(INSTALLED),$(call destination_of,$(file)))
