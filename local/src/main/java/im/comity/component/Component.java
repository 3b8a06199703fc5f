package im.comity.component;

import im.comity.address.Domain;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * One component as configured.
 *
 * @param names the domains it serves; it may connect as any of them and is bound to all
 * @param alsoFrom further domains from which it may send (S2S-CMP-07): an explicit list, never any
 * @param secret what it proves itself with; a credential for every user of its domains
 * @param conflict what becomes of a second connection
 */
public record Component(
    List<Domain> names, Set<Domain> alsoFrom, String secret, Conflict conflict) {
  /** The least length of a secret, in characters (S2S-CMP-16). */
  public static final int LEAST_SECRET = 16;

  /** What becomes of a second connection of the same component (S2S-CMP-08). */
  public enum Conflict {
    /** The new one is refused. */
    REFUSE,
    /** The old one is closed with {@code conflict}. */
    REPLACE,
    /** Both stay; each bare JID has one of them. */
    SHARE
  }

  /** Checks the values. */
  public Component {
    names = List.copyOf(names);
    alsoFrom = Set.copyOf(alsoFrom);
    if (names.isEmpty()) {
      throw new IllegalArgumentException("a component without a name");
    }
    if (secret.length() < LEAST_SECRET) {
      throw new IllegalArgumentException(
          "the secret of " + names.getFirst() + " has fewer than " + LEAST_SECRET + " characters");
    }
  }

  /** The domains from which it may send. */
  Set<Domain> senders() {
    Set<Domain> all = new LinkedHashSet<>(names);
    all.addAll(alsoFrom);
    return Collections.unmodifiableSet(all);
  }

  /** Says nothing of the secret. */
  @Override
  public String toString() {
    return "component "
        + names.getFirst()
        + (names.size() > 1 ? " and " + (names.size() - 1) + " more" : "");
  }
}
