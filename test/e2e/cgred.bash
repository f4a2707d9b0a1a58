# shellcheck shell=bash
# cgrulesengd with its fixed paths, in a mount namespace of its own: /etc is a copy of the host's in
# $ETC (of what users, libraries and PAM need: all of it are thousands of files), and /run a folder of the test. Its rules name users, programs and groups of the test only.

cgred_setup() {
	raw_setup
	ETC=$WORK/etc
	mkdir -p "$WORK/host-run"
	mkdir -m 755 "$ETC"
	find /etc -mindepth 1 -maxdepth 1 \( ! -type d -o -name alternatives -o -name ld.so.conf.d -o -name pam.d -o -name security \) \
		-exec cp -a -t "$ETC" {} +
	rm -rf "$ETC"/cgrules.* "$ETC"/cgconfig.*
	: >"$ETC/cgrules.conf"
	echo "reeve-one:x:61201:61201::/:/bin/sh
reeve-two:x:61202:61202::/:/bin/sh" >>"$ETC/passwd"
	echo "reeve-one:x:61201:
reeve-two:x:61202:
reeve-class:x:61203:reeve-two" >>"$ETC/group"
	RUN=$WORK/host-run/cgred
	SOCKET=$WORK/host-run/cgred.socket
	PID_FILE=$WORK/host-run/cgred.pid
	# ./inside COMMAND...: in the daemon's namespace
	cat >"$WORK/inside" <<-END
		#!/bin/sh
		exec unshare --mount --propagation private sh -c '
			mount --bind "$ETC" /etc && mount --bind "$WORK/host-run" /run || exit 9
			exec "\$@"' inside "\$@"
	END
	chmod +x "$WORK/inside"
}

# Standard input becomes the rules.
cgrules() {
	cat >"$ETC/cgrules.new"
	mv "$ETC/cgrules.new" "$ETC/cgrules.conf"
}

# In the foreground, logging to $WORK/log, until it answers.
cgred() { # [OPTION...]
	"$WORK/inside" "$TREE/bin/cgrulesengd" -n -vvv -f - "$@" </dev/null >"$WORK/log" 2>&1 3>&- &
	JOB=$!
	owned "$JOB"
	wait_up
}

as() { # USER COMMAND...
	local uid=61201
	[ "$1" != reeve-two ] || uid=61202
	shift
	setpriv --reuid "$uid" --regid "$uid" --clear-groups "$@"
}

# What a command says of the groups that it is in, below $RAW in a hierarchy.
expect_at() { # CONTROLLER PATH COMMAND...
	local controller=$1 path=$2 line numbers names found=-
	shift 2
	while IFS=: read -r numbers names line; do
		[[ ,$names, == *,$controller,* || ($numbers = 0 && -z $(v1_of "$controller")) ]] || continue
		[[ $line != "/$RAW/"* ]] || found=${line#"/$RAW/"}
	done < <("$@" /proc/self/cgroup)
	[ "$found" = "$path" ] && return 0
	echo "of $*: wanted $path, got $found"
	return 1
}
