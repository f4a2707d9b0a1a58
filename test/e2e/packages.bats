#!/usr/bin/env bats
# Debian's packages of what is built here: what is in them, and how they come, change and go. They are
# installed into an overlay of this machine in a mount namespace of its own, so that dpkg's records
# and /etc are the overlay's.
# bats file_tags=userland

load helpers

setup_file() {
	local tree
	tree=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	command -v dh lintian >/dev/null || return 0
	timeout 400 "$tree/tools/deb" --from "${REEVE_BUILD:-$tree/build}" --version 1.0~first \
		"$BATS_FILE_TMPDIR/first" >"$BATS_FILE_TMPDIR/log" 2>&1 3>&- </dev/null ||
		{ tail -n 40 "$BATS_FILE_TMPDIR/log"; return 1; }
}

setup() {
	e2e_setup
	command -v dh lintian >/dev/null || skip "needs debhelper and lintian"
	FIRST=$BATS_FILE_TMPDIR/first
	ROOT=$WORK/root
}

teardown() {
	e2e_teardown
}

# A root that is this machine's, but for what is written to it. Mounts are in the namespace of $INSIDE.
make_root() {
	mkdir -p "$ROOT" layers
	cat >mounts <<-END
		set -e
		mount -t tmpfs -o mode=755 layers "$WORK/layers"
		mkdir "$WORK/layers/upper" "$WORK/layers/work"
		mount -t overlay -o lowerdir=/,upperdir="$WORK/layers/upper",workdir="$WORK/layers/work" root "$ROOT"
		for folder in proc sys dev; do mount --rbind /\$folder "$ROOT/\$folder"; done
		mount -t tmpfs -o mode=755 run "$ROOT/run"
		mkdir -p "$ROOT$WORK"
		mount --bind "$WORK" "$ROOT$WORK"
		# Services may be started, and manual pages are not counted.
		printf '#!/bin/sh\nexit 104\n' >"$ROOT/usr/sbin/policy-rc.d"
		chmod 755 "$ROOT/usr/sbin/policy-rc.d"
		rm -f "$ROOT/var/lib/man-db/auto-update"
		touch "$WORK/mounted"
		exec sleep 1000
	END
	background unshare --mount --propagation private sh mounts
	INSIDE=$!
	eventually test -e mounted
}

inside() { # COMMAND...
	timeout 200 nsenter --mount --target "$INSIDE" chroot "$ROOT" env DEBIAN_FRONTEND=noninteractive \
		PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@" 3>&- </dev/null
}

dpkg_inside() { # WORD...
	inside dpkg --force-unsafe-io "$@" >said 2>&1 || { cat said; return 1; }
}

# What has been written to the root since it was made, but for dpkg's own records and caches.
written() {
	inside find "$WORK/layers/upper" ! -type d | sed "s|^$WORK/layers/upper||" |
		grep -vE '^/(var/(lib/(dpkg|systemd|man-db)|cache|log/(dpkg|alternatives))|etc/(ld.so.cache|g?shadow-?|group-?|passwd-?)|usr/sbin/policy-rc.d|tmp/)' |
		sort || true
}

names_in() { # PACKAGE...
	local package
	for package; do
		dpkg-deb --contents "$package" | awk '$1 !~ /^d/ { print substr($6, 2) }'
	done | sed -E 's/\.gz$//; s|^/lib/systemd|/usr&|' | sort
}

@test "lintian finds no error, and nothing to warn of" {
	(cd "$FIRST" && timeout 200 lintian --allow-root --fail-on none ./*.deb) >said 2>&1
	! grep -E '^[EW]:|lintian: ' said || { cat said; false; }
}

@test "make install installs what the packages have, no more and no less" {
	make -s -C "$TREE" install PREFIX=/usr DESTDIR="$WORK/installed" BUILD="$BUILD" >said 2>&1 3>&- ||
		{ cat said; return 1; }
	(cd installed && find . ! -type d | sed 's/^\.//' | sort) >installed.names
	names_in "$FIRST"/*.deb |
		grep -vE '^/usr/share/(lintian/overrides/|doc/[^/]*/(copyright|changelog)$)' >packaged.names
	[ "$(wc -l <packaged.names)" -gt 100 ]
	diff packaged.names installed.names
	# Each program in the path has its page, and so has each function.
	local name
	for name in $(sed -n 's|^/usr/s\{0,1\}bin/||p' installed.names); do
		grep -qE "/man[18]/$name\.[18]\$" installed.names || { echo "no page of $name"; return 1; }
	done
	for name in $(sed -n 's/^\t\(reeve_.*\);$/\1/p' "$TREE/src/lib/libreeve.sym"); do
		grep -qxF "/usr/share/man/man3/$name.3" installed.names || { echo "no page of $name()"; return 1; }
	done
	# And each is one that man can read.
	man --warnings -l "installed/usr/share/man/man3/reeve_port_open.3" | grep -q "^SYNOPSIS"
}

@test "in /usr/local completions are where the shells look for them" {
	local path
	meson setup --prefix=/usr/local -Dtests=false other "$TREE" >said 2>&1 3>&- || { cat said; return 1; }
	meson introspect --installed other >installed.json
	for path in zsh/site-functions/_reeve fish/vendor_completions.d/reeve.fish bash-completion/completions/reeve; do
		grep -qF "\"/usr/local/share/$path\"" installed.json || { echo "$path is not installed"; return 1; }
	done
}

service() { # MEMBER
	inside reeve service status agent --json | awk -v key="\"$1\":" '$1 == key { gsub(/[",]/, "", $2); print $2; exit }'
}

agent_runs() {
	[ "$(service state)" = running ]
}

count() { # COUNTER
	inside reeve status --all | awk -v name="$1" '$2 == name { print $1 }'
}

look_inside() {
	local line
	line=$(inside reeve status | head -n 1)
	[[ $line =~ pid\ ([0-9]+) ]] && DAEMON=${BASH_REMATCH[1]}
	[[ $line =~ guard\ ([0-9]+) ]] && GUARD=${BASH_REMATCH[1]}
	owned "$DAEMON" "$GUARD"
}

policy_inside() {
	mkdir -p etc/services
	probe dir/probe
	cp "$BUILD/test/programs/e2e-agent" agent
	cat >etc/reeve.yaml <<-END
		name: $NAME
		rules:
		  first: {paths: ["$WORK/dir/probe"], action: execute, group: g}
		groups: {g: {pids: 3000}}
	END
	printf 'run: ["%s", "wait"]\nenabled: true\nrestart: always\n' "$WORK/agent" >etc/services/agent.yaml
	inside cp -r "$WORK/etc/." /etc/reeve/
}

# The same packages with a higher version.
next_version() {
	local package name
	mkdir second
	for package in first/*.deb; do
		name=${package#first/}
		mkdir -p unpacked
		dpkg-deb -R "$package" "unpacked/${name%%_*}"
		sed -i 's/1\.0~first/1.0~second/' "unpacked/${name%%_*}/DEBIAN/control"
		dpkg-deb --root-owner-group -Zgzip -z1 -b "unpacked/${name%%_*}" "second/$name" >/dev/null
	done
}

# The package of somebody else's commands, as far as it matters.
make_cgroup_tools() {
	mkdir -p theirs/DEBIAN theirs/usr/bin theirs/usr/share/man/man1
	echo 'echo theirs' >theirs/usr/bin/cgexec
	echo "theirs" | gzip >theirs/usr/share/man/man1/cgexec.1.gz
	chmod 755 theirs/usr/bin/cgexec
	printf '%s\n' "Package: cgroup-tools" "Version: 99" "Architecture: all" \
		"Maintainer: Nobody <nobody@example.org>" "Description: theirs" >theirs/DEBIAN/control
	dpkg-deb --root-owner-group -b theirs theirs.deb >/dev/null
}

alternative_is() { # FILE
	local link
	link=$(inside readlink -f /usr/bin/cgexec)
	[ "$link" = "$1" ] || { echo "cgexec is $link"; cat said; inside ls -l /usr/bin /etc/alternatives | grep cgexec; return 1; }
}

storm() {
	while [ ! -e enough ]; do
		./dir/probe || echo failed
	done >seen 2>&1
}

@test "installed, upgraded under a daemon that runs, removed and purged: nothing lost, nothing left" {
	local pid before daemon storm
	make_root
	mkdir first
	cp "$FIRST"/*.deb first/
	dpkg_inside --install "$WORK"/first/*.deb
	[ -z "$(inside dpkg --audit)" ]
	# Without a policy there is nothing to do.
	inside test ! -e /run/reeve/reeve.sock
	[ "$(inside stat -c %G:%a /etc/reeve)" = root:755 ]
	inside getent group reeve
	[ "$(inside reeve --version)" = "reeve $(dpkg-parsechangelog --file "$TREE/debian/changelog" --show-field Version)" ]
	inside cgexec --help | grep -q 'Usage: cgexec'
	inside test -e /usr/share/man/man1/cgexec.1.gz
	inside fetter help >/dev/null

	policy_inside
	inside invoke-rc.d reeved start
	eventually agent_runs
	look_inside
	daemon=$DAEMON
	pid=$(service pid)
	owned "$pid"
	expect g ./dir/probe
	background storm
	storm=$!
	eventually test -s seen

	next_version
	dpkg_inside --install "$WORK"/second/*.deb
	grep -q 'runs now, as process' said
	[ "$(inside dpkg-query -W -f '${Version}' reeved)" = 1.0~second ]
	before=$GUARD
	look_inside
	[ "$DAEMON" != "$daemon" ]
	[ "$GUARD" = "$before" ]
	[ "$(service pid)" = "$pid" ]
	[ "$(service starts)" = 1 ]
	touch enough
	wait_gone "$storm"
	[ "$(sort -u seen)" = g ]
	eventually counts $(($(wc -l <seen) + 1))

	# A policy that the new version refuses: the old daemon goes on, and the package is installed all the same.
	daemon=$DAEMON
	inside sh -c 'echo "nonsense: 1" >>/etc/reeve/reeve.yaml'
	dpkg_inside --install "$WORK"/second/reeved_*.deb
	grep -q 'reeve.yaml:.*nonsense' said
	grep -q 'the daemon that runs goes on as version 1.0~second' said
	inside sed -i '/nonsense/d' /etc/reeve/reeve.yaml
	look_inside
	[ "$DAEMON" = "$daemon" ]

	# Beside cgroup-tools that comes later, and goes.
	make_cgroup_tools
	dpkg_inside --install "$WORK/theirs.deb"
	alternative_is /usr/bin/reeve-compat
	inside update-alternatives --quiet --set cgexec /usr/bin/cgexec.libcgroup
	[ "$(inside cgexec)" = theirs ]
	[ "$(inside sh -c 'zcat /usr/share/man/man1/cgexec.1.gz')" = theirs ]
	dpkg_inside --purge cgroup-tools
	alternative_is /usr/bin/reeve-compat

	dpkg_inside --remove reeve reeved reeve-compat libpam-reeve libreeve0 libreeve-dev
	wait_gone "$DAEMON" "$GUARD" "$pid"
	[ -z "$(group_tops)" ]
	inside test ! -e /usr/bin/cgexec
	inside test -e /etc/reeve/reeve.yaml
	dpkg_inside --purge reeve reeved reeve-compat libpam-reeve libreeve0 libreeve-dev
	written >left
	[ ! -s left ] || { cat left; false; }
}

counts() { # NUMBER
	[ "$(count keeper.matched)" = "$1" ]
}
