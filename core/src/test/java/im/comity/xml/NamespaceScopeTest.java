package im.comity.xml;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class NamespaceScopeTest {

  /** The twin is a map for each depth. */
  @Test
  void declarationsComeIntoScopeAndLeaveIt() {
    for (int seed = 0; seed < 200; seed++) {
      Random random = new Random(seed);
      NamespaceScope scope = new NamespaceScope();
      Deque<Map<String, String>> twin = new ArrayDeque<>();
      twin.push(new HashMap<>());
      int prefixes = 1 + random.nextInt(40);
      int count = 0;
      Deque<Integer> counts = new ArrayDeque<>();
      for (int step = 0; step < 400; step++) {
        if (random.nextInt(3) > 0 && twin.size() < 60) {
          counts.push(count);
          Map<String, String> inner = new HashMap<>(twin.element());
          Map<String, String> declared = new HashMap<>();
          for (int i = random.nextInt(4); i > 0; i--) {
            int prefix = random.nextInt(prefixes);
            declared.put(prefix == 0 ? "" : "prefix-" + prefix, "urn:" + random.nextInt(9));
          }
          for (Map.Entry<String, String> entry : declared.entrySet()) {
            declare(scope, entry.getKey(), entry.getValue(), twin.size());
            count++;
          }
          inner.putAll(declared);
          twin.push(inner);
        } else if (twin.size() > 1) {
          twin.pop();
          scope.leave(twin.size());
          count = counts.pop();
          if (random.nextInt(10) == 0) {
            scope.trim();
          }
        }
        assertThat(scope.count()).isEqualTo(count);
        for (int i = 0; i < prefixes + 2; i++) {
          String prefix = i == 0 ? "" : "prefix-" + i;
          assertThat(found(scope, prefix)).as(prefix).isEqualTo(twin.element().get(prefix));
        }
      }
    }
  }

  @Test
  void namespacesAreComparedByTheirBytes() {
    NamespaceScope scope = new NamespaceScope();
    declare(scope, "a", "urn:x", 0);
    declare(scope, "b", "urn:x", 1);
    declare(scope, "c", "urn:xy", 1);
    declare(scope, "", "", 1);
    int a = find(scope, "a");
    int b = find(scope, "b");
    int c = find(scope, "c");
    assertThat(scope.sameUri(a, b)).isTrue();
    assertThat(scope.sameUri(a, c)).isFalse();
    assertThat(scope.uriHash(a)).isEqualTo(scope.uriHash(b)).isNotEqualTo(scope.uriHash(c));
    assertThat(scope.uri(c)).isEqualTo("urn:xy");
    assertThat(scope.uri(scope.findDefault())).isEmpty();
    assertThat(scope.depth(a)).isZero();
    assertThat(scope.depth(b)).isEqualTo(1);
    assertThat(scope.prefixes()).isEqualTo(Map.of("a", "urn:x", "b", "urn:x", "c", "urn:xy"));
    scope.beginUri();
    scope.addUri("urn:x".getBytes(UTF_8), 0, 4);
    assertThat(scope.uriIsThatOf(a)).isFalse();
    scope.addUri('x');
    assertThat(scope.uriIsThatOf(a)).isTrue();
    scope.dropUri();
    assertThat(scope.uriIsEmpty()).isTrue();
  }

  @Test
  void theNamespacesThatMatterAreKnown() {
    for (Map.Entry<String, NamespaceScope.Known> known :
        Map.of(
                Namespaces.XML, NamespaceScope.Known.XML,
                Namespaces.XMLNS, NamespaceScope.Known.XMLNS,
                Namespaces.SERVER, NamespaceScope.Known.CONTENT,
                Namespaces.CLIENT, NamespaceScope.Known.CONTENT,
                Namespaces.COMPONENT_ACCEPT, NamespaceScope.Known.CONTENT,
                Namespaces.COMPONENT_CONNECT, NamespaceScope.Known.CONTENT)
            .entrySet()) {
      assertThat(known(known.getKey())).isEqualTo(known.getValue());
      assertThat(known(known.getKey() + "x")).isEqualTo(NamespaceScope.Known.NONE);
      String changed = known.getKey().substring(0, known.getKey().length() - 1) + "#";
      assertThat(known(changed)).isEqualTo(NamespaceScope.Known.NONE);
    }
    assertThat(known("")).isEqualTo(NamespaceScope.Known.NONE);
  }

  private static NamespaceScope.Known known(String uri) {
    NamespaceScope scope = new NamespaceScope();
    scope.beginUri();
    byte[] bytes = uri.getBytes(UTF_8);
    scope.addUri(bytes, 0, bytes.length);
    return scope.uriKnown();
  }

  private static void declare(NamespaceScope scope, String prefix, String uri, int depth) {
    byte[] name = uri.getBytes(UTF_8);
    scope.beginUri();
    scope.addUri(name, 0, name.length);
    byte[] bytes = ("<" + prefix + ":").getBytes(UTF_8);
    scope.declare(bytes, 1, bytes.length - 1, depth);
  }

  private static int find(NamespaceScope scope, String prefix) {
    byte[] bytes = ("x" + prefix).getBytes(UTF_8);
    return prefix.isEmpty() ? scope.findDefault() : scope.find(bytes, 1, bytes.length);
  }

  private static String found(NamespaceScope scope, String prefix) {
    int declaration = find(scope, prefix);
    return declaration == NamespaceScope.NONE ? null : scope.uri(declaration);
  }
}
