# What can be done here: make help
SHELL := /bin/bash
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV ?= .venv
HUB5 ?= .venv-hub5
BIN := $(VENV)/bin
BUILDER ?= docker
IMAGES ?= hub user kernels service
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# The packages of Debian or Ubuntu that the demonstration needs, and those that the tests need besides.
DEMO_PACKAGES := lmod
# What a test cluster's nodes run, and what builds its images and serves its NFS.
CLUSTER_PACKAGES := autofs containerd containernetworking-plugins dnsmasq-base fuse3 iproute2 iptables openssl procps runc squashfuse
IMAGE_PACKAGES := buildah busybox-static gcc libc6-dev libfuse3-dev libnfs-dev mmdebstrap nfs-ganesha nfs-ganesha-vfs patchelf pkg-config
TEST_PACKAGES := $(DEMO_PACKAGES) $(CLUSTER_PACKAGES) $(IMAGE_PACKAGES) chromium fonts-dejavu-core postgresql squashfs-tools squid strace
BENCH_PACKAGES := $(TEST_PACKAGES) docker-registry skopeo

.PHONY: help
help: ## Show this help
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

.PHONY: demo
demo: $(VENV)/.demo ## Run a hub with EESSI kernels on this machine (CHECK=1: check it without a person)
	@tools/system-packages $(DEMO_PACKAGES)
	@$(BIN)/eessi-spawner demo $(if $(CHECK),--check) $(if $(PORT),--port $(PORT)) $(if $(ROOT),--root $(ROOT))

.PHONY: test
test: check $(HUB5)/.ready system-packages ## Run all tests
	$(BIN)/python -m tests.cluster.testbed build
	$(BIN)/python -m tests.chart.helm
	# The first tests leave a core to it; those that need images wait for them.
	@$(BIN)/python -m tests.cluster.testbed images >/dev/null 2>&1 &
	$(BIN)/python -m pytest $(PYTEST_ARGS)
	$(HUB5)/bin/python -m pytest tests/hub tests/service tests/unit/spawner $(PYTEST_ARGS)

.PHONY: check
check: $(VENV)/.dev ## Lint, types and import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: format
format: $(VENV)/.dev ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: faults
faults: $(VENV)/.dev system-packages ## Run the tests of faults that take minutes
	$(BIN)/python -m pytest -m long $(PYTEST_ARGS)

.PHONY: bench
bench: $(VENV)/.dev bench-packages ## Measure speed beside the plain thing, in tables
	$(BIN)/python -m tests.benchmarks
	$(BIN)/python -m tests.benchmarks.catalogue
	$(BIN)/python -m tests.benchmarks.images
	$(BIN)/python -m tests.benchmarks.nodes
	$(BIN)/python -m tests.benchmarks.pods
	$(BIN)/python -m tests.benchmarks.service
	$(BIN)/python -m tests.benchmarks.spawns

.PHONY: cluster
cluster: $(VENV)/.dev cluster-packages ## Run a hub on a Kubernetes cluster of two nodes (in a throw-away machine)
	@$(BIN)/python -m tests.cluster.spawns

.PHONY: cluster-down
cluster-down: $(VENV)/.dev ## Remove what a killed 'make cluster' has left
	@$(BIN)/python -m tests.cluster.testbed down

.PHONY: cluster-packages
cluster-packages:
	@tools/system-packages $(CLUSTER_PACKAGES) $(IMAGE_PACKAGES) squashfs-tools lmod

.PHONY: wheel
wheel: $(VENV)/.demo ## Build the package's wheel in dist/
	rm -f dist/eessi_spawner-*.whl
	$(BIN)/pip wheel --quiet --no-deps --wheel-dir dist .

.PHONY: images
images: wheel ## Build the container images (BUILDER=podman, BUILD_ARGS='--build-arg BASE_IMAGE=...')
	for image in $(IMAGES); do \
	  $(BUILDER) build $(BUILD_ARGS) --build-arg REVISION=$$(git rev-parse HEAD) \
	    --file images/$$image/Dockerfile --tag eessi-spawner/$$image . || exit; \
	  echo "eessi-spawner/$$image: $$(( $$($(BUILDER) save eessi-spawner/$$image | gzip | wc -c) / 1000000 )) MB to download"; \
	done

.PHONY: chart
chart: $(VENV)/.dev ## Write what is made of the chart's documented values, and of the package
	$(BIN)/python -m tools.chart_files

.PHONY: api
api: $(VENV)/.dev ## Write the page of the service's API from what its handlers say
	$(BIN)/python -m tools.api_files

.PHONY: freeze
freeze: $(VENV)/.demo ## Freeze anew what the images hold (UPGRADE=--upgrade: at its newest versions)
	$(BIN)/pip install --quiet uv
	for frozen in user:kernels service:service; do \
	  $(BIN)/uv pip compile images/$${frozen%:*}/requirements.in pyproject.toml --extra $${frozen#*:} --universal \
	    --python-version 3.11 --generate-hashes --no-emit-package eessi-spawner --custom-compile-command 'make freeze' \
	    --quiet $(UPGRADE) --output-file images/$${frozen%:*}/requirements.txt || exit; \
	done

.PHONY: bench-packages
bench-packages:
	@tools/system-packages $(BENCH_PACKAGES)

.PHONY: system-packages
system-packages:
	@tools/system-packages $(TEST_PACKAGES)

.PHONY: clean
clean: ## Remove all that was made here (not the sample stack, which is in the user's cache)
	rm -rf $(VENV) $(HUB5) build dist artefacts .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python 3.10 or newer is needed: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV) || { echo "Please install python3-venv (sudo apt-get install python3-venv)." >&2; rm -rf $(VENV); exit 1; }

# An editable install leaves out the data files of a wheel: the server extension is enabled by a link.
define enable-extension
mkdir -p $(1)/etc/jupyter/jupyter_server_config.d
ln -sf $(CURDIR)/eessi_spawner/kernels/jupyter_server_config.d/eessi_spawner.json $(1)/etc/jupyter/jupyter_server_config.d/
endef

$(VENV)/.demo: pyproject.toml tools/install-proxy | $(VENV)/bin/python
	$(BIN)/pip install --quiet --editable '.[demo]'
	tools/install-proxy $(VENV)
	$(call enable-extension,$(VENV))
	touch $@

$(VENV)/.dev: $(VENV)/.demo constraints.txt
	$(BIN)/pip install --quiet --editable '.[demo,test]' --constraint constraints.txt
	touch $@

$(HUB5)/.ready: pyproject.toml constraints.txt $(VENV)/.dev
	test -x $(HUB5)/bin/python || $(PYTHON) -m venv $(HUB5)
	$(HUB5)/bin/pip install --quiet --editable '.[demo,test]' 'jupyterhub<6' 'jupyterhub-kubespawner<7.1' --constraint constraints.txt
	tools/install-proxy $(HUB5)
	$(call enable-extension,$(HUB5))
	touch $@
