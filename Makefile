# The README's two commands are `make demo` and `make test`; all real work is Meson's.
BUILD ?= build
# Programs know where the others will be: in Debian's packages (tools/deb). In CI a warning is an error.
SETUP = --prefix=/usr $(if $(filter true,$(CI)),-Dwerror=true)

# Where `make install` installs, below DESTDIR.
PREFIX ?= /usr/local

VERSIONS ?= 5.10,6.1,6.12

.PHONY: all build demo test quick test-vm test-kernels bench fuzz docs format check-format clean install deb

all: build

setup:
	@tools/setup

$(BUILD)/build.ninja: | setup
	@meson setup $(SETUP) $(BUILD) >$(BUILD)-setup.log 2>&1 || { cat $(BUILD)-setup.log; exit 1; }
	@mv $(BUILD)-setup.log $(BUILD)/setup.log

build: setup $(BUILD)/build.ninja
	@grep -q '"name": "prefix", "value": "/usr"' $(BUILD)/meson-info/intro-buildoptions.json || \
		meson configure $(BUILD) -Dprefix=/usr
	@ninja -C $(BUILD) --quiet
	@tools/link-bin $(BUILD)

demo: build
	@tools/demo

test: build
	@tools/run-tests $(BUILD)

quick: build
	@tools/run-tests --quick $(BUILD)

test-vm: build
	@tools/run-tests --only vm $(BUILD)

test-kernels: build
	@tools/run-tests --only vm --kernels $(VERSIONS) $(BUILD)

bench: build
	@bench/run $(BUILD)

fuzz: setup
	@tools/fuzz

docs: build
	@$(BUILD)/tools/events-doc docs/events.md >$(BUILD)/events.md && cp $(BUILD)/events.md docs/events.md

format:
	@git ls-files '*.c' '*.h' | xargs clang-format-14 -i

check-format:
	@git ls-files '*.c' '*.h' | xargs clang-format-14 --dry-run -Werror

install: setup
	@DESTDIR='$(DESTDIR)' tools/install $(BUILD) $(PREFIX)

deb: setup
	@tools/deb $(BUILD)/deb

clean:
	@rm -rf $(BUILD) $(BUILD)-asan $(BUILD)-clang $(BUILD)-install build-fuzz bin
