#!/usr/bin/env bats
# pam_reeve: where a session is after pam_open_session(). The log goes to a /dev/log of the test's own.
# bats file_tags=userland

load helpers
load raw-groups
load register
load cgred

setup() {
	cgred_setup
	[ -e "$BUILD/src/pam/pam_reeve.so" ] || skip "needs libpam0g-dev"
	ln -s "$BUILD/src/compat/reeve-compat" reeve-session
	mkdir pam dev
	service "helper=$WORK/reeve-session debug timeout=60"
	touch dev/null
	mount --bind /dev/null dev/null
	background python3 -c '
import socket
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind("dev/log")
while True:
    print(log.recv(4096).decode(errors="replace"), flush=True)' >syslog 2>&1
	eventually test -S dev/log
}

teardown() {
	raw_teardown
}

service() { # OPTIONS
	echo "session required $BUILD/src/pam/pam_reeve.so $1" >pam/reeve-test
}

# Opens a session; what it says is in $WORK/session.
session() { # USER [HOW...]
	timeout 60 "$WORK/inside" sh -c 'mount --bind dev /dev && exec "$@"' session \
		python3 "$BATS_TEST_DIRNAME/session.py" pam "$@" >session 2>&1 3>&- || { cat session; return 1; }
}

opened() { # RESULT
	head -1 session | grep -qx "opened $1, signals 0, child none" && return 0
	cat session syslog
	return 1
}

# Where the session of that user is, after it was opened well.
places() { # CONTROLLER PATH USER
	session "$3"
	opened 0
	expect_at "$1" "$2" cat_session
}

cat_session() {
	cat session
}

@test "pam: by cgrules.conf, where no daemon runs" {
	raw_group cpu one
	raw_group cpu class
	raw_group cpu program
	raw_group pids users
	cgrules <<-END
		reeve-one:sshd	cpu	$RAW/program
		reeve-one	cpu	$RAW/one
		%	pids	$RAW/users/%u
		@reeve-class	cpu	$RAW/class
	END
	places cpu one reeve-one
	expect_at pids users/reeve-one cat_session
	places cpu class reeve-two
	places cpu - root
	eventually grep -q 'session of reeve-two: done: placed by /etc/cgrules.conf' syslog
	rm "$ETC/cgrules.conf"
	places cpu - reeve-one
	eventually grep -q 'no daemon runs, and there is no /etc/cgrules.conf' syslog
}

@test "pam: su, as it is installed" {
	command -v su >/dev/null && [ -e "$ETC/pam.d/su" ] || skip "needs su"
	raw_group cpu one
	cgrules <<-END
		reeve-one	cpu	$RAW/one
	END
	echo "reeve-one:*:19000:0:99999:7:::" >>"$ETC/shadow"
	printf 'auth sufficient pam_rootok.so\naccount required pam_permit.so\nsession required %s\n' \
		"$BUILD/src/pam/pam_reeve.so helper=$WORK/reeve-session strict timeout=60" >"$ETC/pam.d/su"
	timeout 60 "$WORK/inside" su -s /bin/sh -c 'id -un; cat /proc/self/cgroup' reeve-one >session 3>&-
	grep -qx reeve-one session
	expect_at cpu one cat_session
}

@test "pam: by the daemon's rules, where one runs" {
	raw_group cpu one
	raw_group cpu class
	raw_group cpu other
	cgrules <<-END
		reeve-one:sshd	cpu	$RAW/other
		reeve-one	cpu	$RAW/one
		@reeve-class	cpu	$RAW/class/%u
	END
	cgred
	cgrules <<-END
		*	cpu	$RAW/other
	END
	places cpu one reeve-one
	eventually grep -q 'session of reeve-one: done: .*rule "reeve-one"' syslog
	places cpu class/reeve-two reeve-two
	places cpu - root
	eventually grep -q 'no rule is about it' syslog
	reeve log --runtime-dir "$RUN" | grep -q 'reeve-one'
}

# The helper ends with the login that has given it up.
none_left() {
	local pid
	while read -r pid; do
		! alive "$pid" || return 1
	done <pids
}

@test "pam: a helper that hangs, and one that is not there" {
	printf '#!/bin/sh\necho $$ >>%s/pids\nexec sleep 600\n' "$WORK" >slow
	chmod +x slow
	: >pids
	service "helper=$WORK/slow timeout=1"
	session reeve-one
	opened 0
	eventually grep -q 'session of reeve-one: not placed: .*/slow was not done within 1 s' syslog
	service "helper=$WORK/slow timeout=1 strict"
	session reeve-one
	opened 14
	session reeve-one group
	opened 14
	eventually none_left
	service "helper=$WORK/nowhere timeout=60"
	session reeve-one
	opened 0
	eventually grep -q 'not placed: the helper cannot be executed' syslog
}

@test "pam: a program that has closed its standard descriptors" {
	printf '#!/bin/sh\necho from "$(readlink /proc/$$/fd/0)"; echo no error >&2\n' >says
	chmod +x says
	service "helper=$WORK/says debug timeout=60"
	session reeve-one closed
	opened 0
	eventually grep -q 'session of reeve-one: done: from /dev/null' syslog
	eventually grep -q 'session of reeve-one: done: no error' syslog
}

@test "pam: what is wrong is in the log, and fails a login only where that is asked for" {
	cgrules <<<"* cpu"
	session reeve-one
	opened 0
	eventually grep -q 'session of reeve-one: not placed: .*cgrules.conf:1:' syslog
	service "helper=$WORK/reeve-session strict timeout=60"
	session reeve-one
	opened 14
	cgrules <<<"reeve-one	cpu	$RAW/nowhere"
	session reeve-one
	opened 14
	session nobody-of-this-name
	opened 14
	eventually grep -q 'there is no user "nobody-of-this-name"' syslog
	service "helper=$WORK/reeve-session timeout=0 helper=x nonsense"
	session root
	opened 0
	eventually grep -q '"nonsense" is no option' syslog
	eventually grep -q '"timeout=0" is no option' syslog
}
