# Builds module bench and finds its class path. Sourced by the scripts beside it.

. "$root/build/java25.sh"

bench_options=(--enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow
  -XX:+UseSerialGC -Xmx512m)

# bench_classpath NAME: sets bench_classpath; ends the script NAME if there is no build.
bench_classpath() {
  local file=$root/bench/target/classpath
  require_java25 "$1"
  if [ ! -s "$file" ] || [ -n "$(find "$root"/pom.xml "$root"/*/pom.xml \
    "$root"/{testkit,core,local,server,interop,bench}/src/main -newer "$file" -print 2>/dev/null | head -n 1)" ]; then
    require_maven "$1"
    printf '%s: building\n' "$1" >&2
    mkdir -p "$root/bench/target"
    rm -f "$file"
    mvn -B -q -f "$root/pom.xml" -Dquick -pl bench -am process-test-classes </dev/null >&2 || exit 2
  fi
  bench_classpath=$root/bench/target/classes:$(cat "$file")
}

# bench_comity: builds the command and its cache as a user's first start would, so that no start
# that is measured does it; or ends the script.
bench_comity() {
  "$root/comity" serve --help >/dev/null || exit 2
}
