package im.comity.testkit.peer;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What an element is expected to be. Immutable; what is not asked for may be anything.
 *
 * <pre>{@code
 * Match.element(Xmpp.DIALBACK, "result").attribute("from", "south.example").attribute("type", "valid")
 * }</pre>
 */
public final class Match implements Predicate<Received> {
  private record Condition(String wanted, Predicate<Received> met) {}

  private final List<Condition> conditions;

  private Match(List<Condition> conditions) {
    this.conditions = List.copyOf(conditions);
  }

  /** Any element. */
  public static Match any() {
    return new Match(List.of());
  }

  /** An element of this namespace and name. */
  public static Match element(String namespace, String name) {
    return any().that("{" + namespace + "}" + name, e -> e.is(namespace, name));
  }

  /** Has this attribute, of no namespace, with this value. */
  public Match attribute(String name, String value) {
    return that(name + "='" + value + "'", e -> value.equals(e.attribute(name)));
  }

  /** Has this attribute, of no namespace, with any value. */
  public Match attribute(String name) {
    return that("an attribute " + name, e -> e.attribute(name) != null);
  }

  /** Lacks this attribute. */
  public Match without(String name) {
    return that("no attribute " + name, e -> e.attribute(name) == null);
  }

  /** Has this text directly inside, surrounding whitespace aside. */
  public Match text(String text) {
    return that("text '" + text + "'", e -> e.text().strip().equals(text));
  }

  /** Has a child like this. */
  public Match child(Match child) {
    return that("a child " + child, e -> e.children().stream().anyMatch(child));
  }

  /** Has no child like this. */
  public Match withoutChild(Match child) {
    return that("no child " + child, e -> e.children().stream().noneMatch(child));
  }

  /**
   * Meets this condition.
   *
   * @param wanted what it asks for, for the failure message
   */
  public Match that(String wanted, Predicate<Received> condition) {
    List<Condition> more = new ArrayList<>(conditions);
    more.add(new Condition(wanted, condition));
    return new Match(more);
  }

  @Override
  public boolean test(Received element) {
    return unmet(element) == null;
  }

  /** The first thing that is wanted and missing, or null if the element is as expected. */
  @Nullable String unmet(Received element) {
    for (Condition condition : conditions) {
      if (!condition.met.test(element)) {
        return condition.wanted;
      }
    }
    return null;
  }

  @Override
  public String toString() {
    return conditions.isEmpty()
        ? "any element"
        : "element with " + String.join(", ", conditions.stream().map(Condition::wanted).toList());
  }
}
