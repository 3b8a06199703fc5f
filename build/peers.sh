# Finds or installs other XMPP servers, as packages of Debian. Sourced by verify and bench/compare,
# which set these before:
#
#   root        the folder of the sources
#   peers       the packages wanted, an array
#   peers_for   what needs them, for a message
#   say         a function that prints a line

system=${VERIFY_SYSTEM:-} # put before the paths of the system's own files, for tests of this script
policy=$system/usr/sbin/policy-rc.d # by Debian's convention asked whether a service may be started
policy_is_ours=no

remove_policy() {
  if [ "$policy_is_ours" = yes ]; then
    rm -f "$policy"
    policy_is_ours=no
  fi
}
trap remove_policy EXIT
trap 'remove_policy; exit 130' INT
trap 'remove_policy; exit 143' TERM HUP

missing_peers() {
  local package
  for package in "${peers[@]}"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || printf '%s ' "$package"
  done
}

# peer_program PACKAGE: prints the command that it brings, or nothing if it brings none.
peer_program() {
  case $1 in
    prosody) printf prosody ;;
    ejabberd) printf ejabberdctl ;;
    jabberd2) printf /usr/sbin/jabberd2-router ;;
  esac
}

debian_family() {
  [ -r "$system/etc/os-release" ] && command -v apt-get >/dev/null && command -v dpkg-query >/dev/null &&
    (. "$system/etc/os-release" && case " ${ID:-} ${ID_LIKE:-} " in *' debian '* | *' ubuntu '*) ;; *) exit 1 ;; esac)
}

# apt_get COMMAND...: quiet, asks nothing; its words go to a file that is shown on failure.
apt_get() {
  DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l apt-get -qq -o DPkg::Lock::Timeout=120 "$@" \
    </dev/null >>"$peers_log" 2>&1
}

install_peers() {
  local package missing=$1
  peers_log=$root/target/peers.log
  mkdir -p "$root/target"
  : >"$peers_log"
  say "installing $missing(the log is target/peers.log)"
  for package in $missing; do
    # Lists that do not know the package are missing or old: the only reason to fetch them.
    if ! apt-cache policy "$package" 2>/dev/null | grep -q 'Candidate: [^(]'; then
      apt_get update || say "apt-get update failed; going on with the lists that are there"
      break
    fi
  done
  if [ ! -e "$policy" ]; then
    policy_is_ours=yes
    printf '#!/bin/sh\n# Put here by %s for the time of an installation: no service may start.\nexit 101\n' \
      "$(basename "$0")" >"$policy"
    chmod 755 "$policy"
  elif [ "$(sh "$policy" prosody start >/dev/null 2>&1 </dev/null; echo $?)" != 101 ]; then
    say "$policy is there and does not forbid service starts: the installation may start prosody and ejabberd"
  fi
  # shellcheck disable=SC2086 # a list of packages
  if ! apt_get install -y --no-install-recommends $missing; then
    # Known, but perhaps no longer in that version: fetch the lists once and try again.
    # shellcheck disable=SC2086
    { apt_get update && apt_get install -y --no-install-recommends $missing; } || {
      tail -n 5 "$peers_log"
      say "the installation failed; all of it is in target/peers.log"
    }
  fi
  remove_policy
}

# find_peers: as root installs what is missing, without starting its services, else says what to do;
# sets missing to a list, each with a space behind it, of what is missing after that.
find_peers() {
  local package program with_programs='' install="apt-get install -y --no-install-recommends ${peers[*]}"
  missing=''
  if debian_family; then
    missing=$(missing_peers)
    if [ -n "$missing" ] && [ "$(id -u)" = 0 ]; then
      install_peers "$missing"
      missing=$(missing_peers)
    elif [ -n "$missing" ]; then
      say "not root, so $peers_for need this first: sudo $install"
    fi
    return 0
  fi
  for package in "${peers[@]}"; do
    program=$(peer_program "$package")
    [ -n "$program" ] || continue
    with_programs="$with_programs$package "
    command -v "$program" >/dev/null || missing=yes
  done
  if [ -n "$missing" ]; then
    missing=$with_programs
    say "$peers_for run on Debian or Ubuntu; there: sudo $install"
  fi
}
