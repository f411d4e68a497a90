#!/bin/sh
# Gives a make target what it needs on a machine that has only make and Debian's apt:
# a Python environment, and the lab's parts (Asterisk, SIPp, ...). Says first what it will fetch.
#
#   lab/bootstrap.sh dev [bench] PART...
#                                  .venv with this checkout and its test tools, what only a long
#                                  measurement needs (the extra `bench`), and these parts
#   lab/bootstrap.sh install DIR   a Python environment in DIR with ivrd in it (not linked here)
#
# Works as root and as an ordinary user. Only as root, and only when there is no Python 3.11 or
# later, does it install something into the system.
set -eu
cd "$(dirname "$0")/.."

say() { printf 'ivrd: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

usable() { "$1" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() { # sets $python
    for python in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
        if usable "$python"; then return 0; fi
    done
    return 1
}

need_python() {
    find_python && return
    [ "$(id -u)" = 0 ] || die "Python 3.11 or later is missing. As root: apt-get install python3"
    command -v apt-get >/dev/null || die "Python 3.11 or later and apt-get are missing: this needs Debian 12 or later"
    say "Python 3.11 or later is missing: installing Debian's python3 into the system (about 10 MB)"
    { apt-get -qq update && apt-get -qq -y --no-install-recommends install python3; } >/dev/null ||
        die "apt-get could not install python3: is this machine online?"
    find_python || die "Debian's python3 is older than 3.11: this needs Debian 12 or later"
}

parts() { "$python" -m lab.parts "$@"; }

# Debian keeps pip out of python3 and out of venv: then the one in the package python3-pip-whl is
# used, unpacked in the cache. The certificates it wants come along with it.
has_pip() { "$python" -c 'import ensurepip' 2>/dev/null; }

leave_others_alone() { # $1: folder
    if [ -n "$(ls -A "$1" 2>/dev/null)" ] && [ ! -e "$1/pyvenv.cfg" ]; then
        die "$1 is there already and is no Python environment: expected a folder of ivrd's own"
    fi
}

make_venv() { # $1: folder; the rest: what pip installs
    folder=$1
    shift
    leave_others_alone "$folder"
    if has_pip; then
        "$python" -m venv --clear "$folder" || die "cannot make $folder"
    else
        pip_root=$(parts where pip)
        "$python" -m venv --clear --without-pip "$folder" || die "cannot make $folder"
        wheel=$(ls "$pip_root"/usr/share/python-wheels/pip-*.whl)
        if [ ! -e /etc/ssl/certs/ca-certificates.crt ] && [ -z "${PIP_CERT:-}" ]; then
            PIP_CERT=$folder/ca-certificates.crt
            cat "$pip_root"/usr/share/ca-certificates/mozilla/*.crt >"$PIP_CERT"
            export PIP_CERT
        fi
        "$folder/bin/python" "$wheel/pip" --quiet install --no-index "$wheel"
    fi
    log=${pip_log:-$folder/pip.log}
    "$folder/bin/python" -m pip --disable-pip-version-check install --no-compile "$@" >"$log" 2>&1 || {
        say "pip could not install the Python packages (is this machine online?), see $log"
        die "$(grep -i -m 1 error: "$log" || tail -n 1 "$log")"
    }
    compiled "$folder/lib"
}

# On all processors, as pip does not; where several cannot be had, on one. What packages bring that
# this Python cannot compile is none of ours.
compiled() { # folders
    "$folder/bin/python" -m compileall -q -j 0 "$@" >/dev/null 2>&1 ||
        "$folder/bin/python" -m compileall -q "$@" >/dev/null 2>&1 || true
}

case "${1:-}" in
dev)
    shift
    venv=$PWD/.venv
    stamp=$venv/made-from
    wanted=$(cat setup.cfg pyproject.toml | cksum)
    made=$(cat "$stamp" 2>/dev/null || true)
    "$venv/bin/python" -c '' 2>/dev/null || made=
    extras=test
    [ "$made" != "$wanted with bench" ] || extras=test,bench # one that has more will do
    [ "${1:-}" != bench ] || { extras=test,bench; shift; }
    [ "$extras" = test ] || wanted="$wanted with bench"
    need_python
    missing=$([ $# = 0 ] || parts plan "$@")
    if [ "$made" != "$wanted" ] || [ -n "$missing" ]; then
        say "this fetches, and installs nothing into the system:"
        [ "$made" = "$wanted" ] || say "  Python packages named in setup.cfg, about $([ "$extras" = test ] && echo 45 || echo 80) MB, into $venv"
        [ "$made" = "$wanted" ] || has_pip || parts plan pip | sed 's/^/ivrd:   /' >&2
        [ -z "$missing" ] || printf '%s\n' "$missing" | sed 's/^/ivrd:   /' >&2
    fi
    if [ "$made" != "$wanted" ]; then
        make_venv "$venv" --editable ".[$extras]"
        compiled ivrd lab bench chaos fuzz tools # which tests side by side would each do anew
        printf '%s\n' "$wanted" >"$stamp"
    fi
    [ $# = 0 ] || parts ensure "$@"
    ;;
install)
    PYTHON=${PYTHON:-/usr/bin/python3} # not one in a home, which the service may not read
    need_python
    say "this fetches the Python packages named in setup.cfg, about 12 MB, into ${2:?}"
    leave_others_alone "$2"
    # Half of one is of no use; its log is beside the releases.
    mkdir -p "${2%/*}"
    pip_log=$(dirname "${2%/*}")/pip.log
    trap 'rm -rf "$2"' EXIT
    make_venv "$2" .
    trap - EXIT
    ;;
*)
    say "usage: lab/bootstrap.sh dev PART... | install DIR"
    exit 2
    ;;
esac
