# Finds a JDK 25. Sourced by the scripts of this repository; defines functions only.

# java_version HOME: prints the version of the JDK in that folder, or nothing. Reads its `release`
# file, which costs nothing, and starts it only if there is none.
java_version() {
  local version=''
  [ -x "$1/bin/java" ] || return 0
  if [ -r "$1/release" ]; then
    version=$(sed -n 's/^JAVA_VERSION="\(.*\)".*/\1/p' "$1/release" 2>/dev/null)
  fi
  if [ -z "$version" ]; then
    version=$("$1/bin/java" -version 2>&1 </dev/null | sed -n 's/.* version "\([^"]*\)".*/\1/p' | head -n 1)
  fi
  printf '%s' "$version"
}

# real_file FILE: prints the file with every symbolic link of its last part followed.
real_file() {
  local file=$1 link
  while [ -L "$file" ]; do
    link=$(readlink "$file") || break
    case $link in /*) file=$link ;; *) file=$(dirname "$file")/$link ;; esac
  done
  printf '%s/%s' "$(cd "$(dirname "$file")" && pwd -P)" "$(basename "$file")"
}

# java_homes: prints, one a line, the folders in which a JDK may be, in the order of preference.
java_homes() {
  local on_path folder
  [ -n "${COMITY_JAVA_HOME:-}" ] && printf '%s\n' "$COMITY_JAVA_HOME"
  [ -n "${JAVA_HOME:-}" ] && printf '%s\n' "$JAVA_HOME"
  if on_path=$(command -v java 2>/dev/null); then
    folder=$(dirname "$(dirname "$(real_file "$on_path")")")
    [ -x "$folder/bin/java" ] && printf '%s\n' "$folder"
  fi
  # COMITY_JAVA_FOLDERS replaces the usual folders: for tests of this search.
  if [ -n "${COMITY_JAVA_FOLDERS+set}" ]; then
    for folder in $COMITY_JAVA_FOLDERS; do printf '%s\n' "$folder"; done
    return 0
  fi
  for folder in /usr/lib/jvm/* /usr/lib64/jvm/* /usr/java/* /opt/* /opt/java/* /opt/homebrew/opt/openjdk* \
    "${HOME:-/nonexistent}"/.sdkman/candidates/java/* "${HOME:-/nonexistent}"/.jdks/* \
    "${HOME:-/nonexistent}"/Library/Java/JavaVirtualMachines/*/Contents/Home \
    /Library/Java/JavaVirtualMachines/*/Contents/Home; do
    [ -x "$folder/bin/java" ] && printf '%s\n' "$folder"
  done
  return 0
}

# find_java25: sets java25 to the home of the first JDK 25, or to nothing; then java_found is a list
# of what was found instead, for a message.
find_java25() {
  local home version
  java25='' java_found=''
  while IFS= read -r home; do
    [ -n "$home" ] || continue
    version=$(java_version "$home")
    case $version in
      25 | 25.* | 25-* | 25+*)
        if [ -x "$home/bin/javac" ]; then
          java25=$home
          return 0
        fi
        version="$version without a compiler" ;;
    esac
    [ -n "$version" ] || version="nothing that runs"
    java_found="${java_found:+$java_found, }$version in $home"
  done <<<"$(java_homes | awk 'NF && !seen[$0]++')"
  return 1
}

# require_java25 NAME: find_java25, or one line that says what was found and what to install, and exit 3.
require_java25() {
  find_java25 && return 0
  printf '%s: needs a JDK 25 and found %s. Install one (package temurin-25-jdk or openjdk-25-jdk, or https://adoptium.net), or set COMITY_JAVA_HOME to its folder.\n' \
    "$1" "${java_found:-no Java at all}" >&2
  exit 3
}

# require_maven NAME: one line and exit 3 where Maven is missing. Maven itself may run on another JDK
# than 25 (its toolchains plugin finds 25); it gets ours only where it would find none.
require_maven() {
  if ! command -v mvn >/dev/null 2>&1; then
    printf '%s: needs Maven 3.8 or newer to build and found no mvn on the path. Install it (package maven).\n' "$1" >&2
    exit 3
  fi
  if [ -z "${JAVA_HOME:-}" ] && ! command -v java >/dev/null 2>&1; then
    export JAVA_HOME=$java25
  fi
  # One of the places in which the toolchains plugin looks, for a JDK that stands in none of the others.
  export JAVA25_HOME=$java25
}
