# Every target is a plain Go command; nothing but Go is needed (and a C compiler for `race`), but by what has to do
# with containers, which wants Docker, and `bench-live`, which wants etcd to compare with.

GO ?= go
# Debian's package has docker-compose; docker compose is the same.
COMPOSE ?= docker-compose
# What a node prints has no paths of the machine that built it.
TRIM ?= -trimpath

# What the rules of determinism are checked with lies in a folder that ./... does not see.
ALL = ./... ./.ci/determinism

# Race detection is slow; it goes where goroutines are started, and over a few seeds of every scenario, played side by side.
RACED = ./scenarios/fuzz ./scenarios/live ./raft/server/...

# A slow machine fails nothing: the scenarios alone take minutes, and Go ends a package's tests after ten of them.
PATIENT = -timeout 30m

.PHONY: help build test race lint bench bench-live profile generate image up down ci

help: ## say what the targets do
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

build: ## build the commands into bin/
	$(GO) build -o bin/ ./cmd/...

test: ## every test, and every shipped scenario over its seeds
	$(GO) test $(PATIENT) $(ALL)

race: ## a part of the tests under the race detector, and two seeds of every scenario
	$(GO) test $(PATIENT) -race -short $(RACED)
	$(GO) test $(PATIENT) -race -short ./cmd/raftsim -run 'Interrupt|Fuzz'
	$(GO) run -race ./cmd/raftsim run --seeds 1..2

lint: ## gofmt, vet, staticcheck, and the rules of determinism
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "run gofmt -w on:"; echo "$$unformatted"; exit 1; }
	$(GO) vet $(ALL)
	$(GO) tool staticcheck $(ALL)
	$(GO) run ./.ci/determinism

bench: ## how fast the testbed is: every workload on one processor
	$(GO) run ./cmd/raftsim bench

bench-live: ## three real nodes beside three of etcd (apt-get install etcd-server), with fsync on
	$(GO) run ./raft/server/benchlive

profile: ## what the workloads spend their time on, for the compiler (default.pgo) and for you
	$(GO) test ./scenarios/bench -run '^$$' -bench 'Workloads/(idle|load|lockstep|chaos)' -benchtime 2x -cpuprofile cmd/raftsim/default.pgo -o /dev/null

generate: ## make generated files anew
	$(GO) generate ./...

image: ## the image of a node, from a static binary that is built here
	mkdir -p bin/image/data
	CGO_ENABLED=0 GOOS=linux $(GO) build $(TRIM) -ldflags '-s -w' -o bin/image/raftd ./cmd/raftd
	docker build -q -t raftsim/raftd .

up: image ## start five nodes in containers
	$(COMPOSE) up -d

down: ## stop and remove them, and what they hold
	$(COMPOSE) --profile join down -v

ci: ## what CI runs, all of it
	.ci/run
