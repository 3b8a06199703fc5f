package im.comity.policy;

import im.comity.address.AddressFormatException;
import im.comity.address.Domain;
import java.util.List;

/** A set of domains by patterns, which are those of {@link PolicyTable}. Immutable. */
public final class DomainPatterns {
  private final List<String> patterns;
  private final PatternMap<Boolean> map = new PatternMap<>();

  private DomainPatterns(List<String> patterns) {
    this.patterns = List.copyOf(patterns);
  }

  /**
   * A set.
   *
   * @throws IllegalArgumentException one is no pattern of domains
   */
  public static DomainPatterns of(List<String> patterns) {
    DomainPatterns all = new DomainPatterns(patterns);
    for (String pattern : patterns) {
      all.map.putIfAbsent(canonical(pattern), true);
    }
    return all;
  }

  private static String canonical(String pattern) {
    if (pattern.equals("*")) {
      return pattern;
    }
    boolean below = pattern.startsWith("*.");
    try {
      Domain domain = Domain.of(below ? pattern.substring(2) : pattern);
      return below ? "*." + domain : domain.toString();
    } catch (AddressFormatException e) {
      throw new IllegalArgumentException("no pattern of domains: " + pattern, e);
    }
  }

  /** Whether the domain is in the set. */
  public boolean covers(Domain domain) {
    return !patterns.isEmpty() && map.find(domain.toString()) != null;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof DomainPatterns those && patterns.equals(those.patterns);
  }

  @Override
  public int hashCode() {
    return patterns.hashCode();
  }

  @Override
  public String toString() {
    return patterns.toString();
  }
}
