#!/bin/sh
# Stands in for systemd in a chroot (lab/chroot.py): starts asterisk and ivrd as their units say, as
# the user and with the limit on open files that they say. Left out: sandboxing, the watchdog, and
# Asterisk's realtime priority (-p), which would take the machine from everybody else.
set -eu
units=/usr/lib/systemd/system
pids=/run/systemctl-pids
mkdir -p $pids

value() { sed -n "s/^$2=//p" "$units/$1.service" "$units/$1.service.d"/*.conf \
    "/etc/systemd/system/$1.service.d"/*.conf 2>/dev/null | tail -n 1; }

# One that has ended stays as a zombie here: the first process of the machine waits for nobody.
alive() { [ -e "$pids/$1" ] && grep -q '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$(cat "$pids/$1")/status" 2>/dev/null; }

gone() { ! alive "$1"; }

# As Type=notify: until it answers or has ended, however long that takes on a busy machine.
until_up() { # unit, command
    unit=$1; shift
    until "$@" >/dev/null 2>&1; do
        alive "$unit" || { echo "$unit has ended:" >&2; tail -n 20 "/var/log/$unit.log" >&2; exit 1; }
        sleep 0.2
    done
}

start() {
    alive "$1" && return
    files=$(value "$1" LimitNOFILE)
    files=${files:-1024:} # systemd's own; it leaves the upper limit, as here
    case $1 in
    asterisk)
        install -d -o asterisk -g asterisk /run/asterisk
        cd /var/lib/asterisk
        setsid nice prlimit --nofile="$files" asterisk -g -f -U asterisk -G asterisk \
            >/var/log/asterisk.log 2>&1 </dev/null &
        echo $! >$pids/asterisk
        until_up asterisk sh -c 'asterisk -rx "core waitfullybooted" | grep -q "fully booted"'
        ;;
    ivrd)
        user=$(value ivrd User)
        install -d -o "$user" -g "$user" -m "$(value ivrd StateDirectoryMode)" /var/lib/ivrd
        install -d -o "$user" -g "$user" -m "$(value ivrd RuntimeDirectoryMode)" /run/ivrd
        # shellcheck disable=SC2046  # the words of a command
        PYTHONUTF8=1 setsid setpriv --reuid "$user" --regid "$user" --init-groups \
            --no-new-privs prlimit --nofile="$files" $(value ivrd ExecStart) \
            >>/var/log/ivrd.log 2>&1 </dev/null &
        echo $! >$pids/ivrd
        until_up ivrd ivrd status --config /etc/ivrd
        ;;
    esac
}

stop() {
    alive "$1" || return 0
    kill "$(cat $pids/"$1")"
    until gone "$1"; do sleep 0.1; done
}

case "$*" in
daemon-reload) ;;
"start "*) start "$2" ;;
"stop "*) stop "$2" ;;
"restart "*) stop "$2"; start "$2" ;;
"enable --now "*) start "$3" ;;
"disable --now "*) stop "$3" ;;
*) echo "systemctl: $* is not known here" >&2; exit 1 ;;
esac
