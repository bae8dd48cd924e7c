# SPDX-License-Identifier: MIT
#
# A program of contrib/, built from all sources of its folder. A Makefile sets what
# common.mk needs, and:
#
#   USES_PLUGIN=yes   the program contains parts of the plugin
#   SECTION           where it is installed: bin or sbin

include $(ROOT)/contrib/make/common.mk

NAME := $(notdir $(HERE))
PROGRAM := $(BUILD)/$(NAME)
MAIN := $(call objects_of,main.c)
# All but main; the tests use parts of it, too.
LIBRARY := $(O)/$(NAME).a
LIBRARY_OBJECTS := $(call objects_of,$(filter-out main.c,$(wildcard *.c)))
CORE := $(if $(USES_PLUGIN),$(O)/core.a)

INSTALLED = 0755:$(PROGRAM):$(PREFIX)/$(SECTION)/$(NAME)

.PHONY: library

all: $(PROGRAM)
objects: $(MAIN) $(LIBRARY)
library: $(LIBRARY)

$(PROGRAM): $(MAIN) $(LIBRARY) $(CORE)
	$(LINK) -pie $(MAIN) $(LIBRARY) $(CORE) $(LIBRARIES) -lm $(ATOMICS) -o $@

$(LIBRARY): $(LIBRARY_OBJECTS) $(O)/$(HERE)/members
	$(ARCHIVE) $(LIBRARY_OBJECTS)

$(O)/core.a: $(wildcard $(ROOT)/plugin/*/*.[ch])
	$(MAKE) -C $(ROOT)/plugin core && touch $@

$(eval $(call remember,$(O)/$(HERE)/members,LIBRARY_OBJECTS))
